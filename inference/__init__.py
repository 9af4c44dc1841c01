"""Pictures in, faces out: the inference worker, its networks and their training. Knows no chat."""
