"""The operator's side in Discord."""
