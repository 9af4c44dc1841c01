"""Settings: typed sections, read once at start."""
