"""Where pictures may be fetched from: nowhere else does the downloader go, and no other link is followed."""

from __future__ import annotations

from bot.emotes.links import Links, followed
from config.settings import Settings


def picture_hosts(settings: Settings) -> list[str]:
    """Of Discord and of the emote catalogues."""
    return [settings.discord.cdn_url, settings.discord.media_url, *_catalogue_hosts(settings)]


def links_to_pictures(settings: Settings) -> Links:
    """What people may paste."""
    return followed([settings.discord.cdn_url, settings.discord.media_url], _catalogue_hosts(settings))


def _catalogue_hosts(settings: Settings) -> list[str]:
    emotes = settings.emotes
    return [settings.twitch.cdn_url, emotes.bttv.cdn_url, emotes.ffz.cdn_url, emotes.seventv.cdn_url]
