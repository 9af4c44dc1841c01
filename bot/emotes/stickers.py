"""Stickers of Discord: those of servers and the standard packs. The message that shows one says everything."""

from __future__ import annotations

import re

from bot.models import Emote, EmoteSource

_FILE = re.compile(r"[0-9]{15,21}\.(?P<kind>png|json|gif)", re.ASCII)
_KINDS = {1: "png", 2: "png", 3: "json", 4: "gif"}


def sticker(sticker_id: int, format_type: int) -> Emote | None:
    """The sticker as an emote; None for a format newer than this program.

    https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-format-types
    """
    if (kind := _KINDS.get(format_type)) is None:
        return None
    return Emote(EmoteSource.STICKER, f"{sticker_id}.{kind}", animated=format_type != 1)


def picture_urls(cdn_url: str, media_url: str, emote: Emote) -> tuple[str, ...]:
    """GIFs are on the media host only. None for an id that is no sticker's."""
    if not (file := _FILE.fullmatch(emote.id)):
        return ()
    return (f"{media_url if file['kind'] == 'gif' else cdn_url}/stickers/{emote.id}",)
