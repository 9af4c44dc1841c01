"""Training of the network behind `classic`: photographs, and photographs made to look like emotes, grown from 32 px."""
