"""Custom emoji of Discord: the markup says everything, so there is no catalogue to ask."""

from __future__ import annotations

import re

from bot.models import Emote, EmoteSource

_MARKUP = re.compile(r"<a?:[A-Za-z0-9_]{2,32}:(?P<id>[0-9]{15,21})>", re.ASCII)


def markup_at(text: str, at: int) -> tuple[Emote, int] | None:
    """The custom emoji whose markup starts at `at`, and where it ends.

    It has no name: whoever typed the markup chose what stands in it.
    """
    if found := _MARKUP.match(text, at):
        return Emote(EmoteSource.DISCORD, found["id"]), found.end()
    return None


def picture_url(cdn_url: str, emoji_id: str) -> str:
    """Where the picture is. For an animated emoji `.png` is its first frame.

    https://github.com/serenity-rs/serenity/pull/449
    """
    return f"{cdn_url}/emojis/{emoji_id}.png"
