"""Guess the emote: a face is shown, and whoever names what it was made from first has won. Knows no platform."""
