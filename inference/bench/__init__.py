"""`python -m inference bench`: the networks as they are served, side by side with the network as published."""
