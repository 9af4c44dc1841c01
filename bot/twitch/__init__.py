"""Twitch: chat, EventSub, channel points. The only folder that imports twitchio."""
