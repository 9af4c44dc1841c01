"""Guess the emote on Discord."""
