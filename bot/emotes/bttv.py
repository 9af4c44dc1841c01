"""BetterTTV: its global emotes, and those of a channel with the ones it shares.

https://betterttv.com/developers/api
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, StringConstraints, TypeAdapter

from bot.emotes.catalogue import EMPTY, Catalogue, Listed
from bot.emotes.lenient import valid
from bot.emotes.source_api import SourceApi
from bot.models import Emote, EmoteSource

_OVERLAYS = {"SoSnowy", "IceCold", "SantaHat", "TopHat", "ReinDeer", "CandyCane", "cvMask", "cvHazmat"}
"""BTTV's own zero-width emotes; its API does not say which they are."""


class _Emote(BaseModel):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z]{8,32}$")]
    code: str
    animated: bool = False
    modifier: bool = False


class _Channel(BaseModel):
    channelEmotes: list[object]  # noqa: N815
    sharedEmotes: list[object] = []  # noqa: N815


_GLOBAL = TypeAdapter(list[object])


class Bttv:
    """The catalogues of BTTV."""

    source = EmoteSource.BTTV

    def __init__(self, api: SourceApi) -> None:
        self.api = api

    async def everywhere(self) -> Catalogue:
        """Raise SourceDown."""
        return await self.api.get("cached/emotes/global", _global) or EMPTY

    async def of_channel(self, twitch_id: str) -> Catalogue:
        """Empty for a channel that BTTV does not know. Raise SourceDown."""
        return await self.api.get(f"cached/users/twitch/{twitch_id}", _channel) or EMPTY


def picture_urls(cdn_url: str, emote: Emote) -> tuple[str, ...]:
    """Best first."""
    return tuple(f"{cdn_url}/emote/{emote.id}/{size}.webp" for size in ("3x", "2x"))


def page_url(emote_id: str) -> str:
    """Where people can see it."""
    return f"https://betterttv.com/emotes/{emote_id}"


def _global(body: bytes) -> Catalogue:
    return Catalogue(_listed(_GLOBAL.validate_json(body), overlays=_OVERLAYS))


def _channel(body: bytes) -> Catalogue:
    channel = _Channel.model_validate_json(body)
    return Catalogue(_listed([*channel.channelEmotes, *channel.sharedEmotes]))


def _listed(emotes: Iterable[object], overlays: Iterable[str] = ()) -> Iterable[Listed]:
    for emote in valid(_Emote, emotes):
        if not emote.modifier:  # changes the next emote in the browser: flips, shakes; no picture to speak of
            yield Listed(EmoteSource.BTTV, emote.id, emote.code, emote.animated, overlay=emote.code in overlays)
