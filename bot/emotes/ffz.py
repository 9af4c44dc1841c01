"""FrankerFaceZ: its default emotes, and those of a channel.

https://api.frankerfacez.com/docs/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from bot.emotes.catalogue import EMPTY, Catalogue, Listed
from bot.emotes.lenient import valid
from bot.emotes.source_api import SourceApi
from bot.models import Emote, EmoteSource

_EFFECT = 1  # in modifier_flags: not shown itself, it flips or shakes the emote before it


class _Emoticon(BaseModel):
    id: int = Field(gt=0)
    name: str
    urls: Mapping[str, str | None]
    animated: Mapping[str, str | None] | None = None
    hidden: bool = False
    modifier: bool = False
    modifier_flags: int = 0


class _Set(BaseModel):
    emoticons: list[object]


class _Global(BaseModel):
    default_sets: list[int]
    sets: Mapping[str, object]


class _Room(BaseModel):
    twitch_id: int | None = None
    set: int


class _Channel(BaseModel):
    room: _Room
    sets: Mapping[str, object]


class Ffz:
    """The catalogues of FFZ."""

    source = EmoteSource.FFZ

    def __init__(self, api: SourceApi) -> None:
        self.api = api

    async def everywhere(self) -> Catalogue:
        """Raise SourceDown."""
        return await self.api.get("set/global", _global) or EMPTY

    async def of_channel(self, twitch_id: str) -> Catalogue:
        """Empty for a channel that FFZ does not know. Raise SourceDown."""
        return await self.api.get(f"room/id/{twitch_id}", _channel) or EMPTY

    async def twitch_id(self, login: str) -> str | None:
        """The Twitch id of a channel, if FFZ knows it. Raise SourceDown."""
        return await self.api.get(f"room/{login}", _twitch_id)


def picture_urls(cdn_url: str, emote: Emote) -> tuple[str, ...]:
    """One: the id says which is the largest there is."""
    number, _, size = emote.id.partition("-")
    return (f"{cdn_url}/emote/{number}/animated/{size}.webp" if emote.animated else f"{cdn_url}/emote/{number}/{size}",)


def page_url(emote_id: str) -> str:
    """Where people can see it."""
    return f"https://www.frankerfacez.com/emoticon/{emote_id.partition('-')[0]}"


def _global(body: bytes) -> Catalogue:
    answer = _Global.model_validate_json(body)
    sets = [answer.sets.get(str(number)) for number in answer.default_sets]  # the others are single people's
    return Catalogue(listed for emotes in valid(_Set, sets) for listed in _listed(emotes.emoticons))


def _channel(body: bytes) -> Catalogue:
    answer = _Channel.model_validate_json(body)
    sets = [answer.sets.get(str(answer.room.set))]
    return Catalogue(listed for emotes in valid(_Set, sets) for listed in _listed(emotes.emoticons))


def _twitch_id(body: bytes) -> str | None:
    room = _Channel.model_validate_json(body).room
    return str(room.twitch_id) if room.twitch_id else None


def _listed(emoticons: Iterable[object]) -> Iterable[Listed]:
    for emote in valid(_Emoticon, emoticons):
        size = _largest(emote.animated or emote.urls)
        if size is None or emote.hidden or (emote.modifier and emote.modifier_flags & _EFFECT):
            continue
        yield Listed(EmoteSource.FFZ, f"{emote.id}-{size}", emote.name, bool(emote.animated), overlay=emote.modifier)


def _largest(urls: Mapping[str, Any]) -> str | None:
    """Sizes 2 and 4 may be missing, or null."""
    return next((size for size in ("4", "2", "1") if urls.get(size)), None)
