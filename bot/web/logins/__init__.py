"""Logging in to the panel: with Discord, with Twitch, with a code of the command line; sessions and their cookies."""
