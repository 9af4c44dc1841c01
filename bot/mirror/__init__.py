"""Faces of a Twitch channel are shown in Discord channels that both sides linked to it."""
