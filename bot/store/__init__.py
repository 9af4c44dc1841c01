"""What survives a restart: requests, settings per scope, and the index of finished pictures."""
