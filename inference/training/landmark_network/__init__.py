"""Training of the network that judges how much of a face a picture shows."""
