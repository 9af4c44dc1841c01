"""What can be done with a face that stands in a channel."""
