"""Training of the emote-native network: simulated emotes with targets, drawn emoji without, one critic."""
