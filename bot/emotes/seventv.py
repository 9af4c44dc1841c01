"""7TV: its global emotes, and the set a channel has switched on.

Until August 2026 the answer about a user had the set in it; now it names the set, which is read by itself. Both are
understood. https://7tv.io/docs
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, TypeAlias

from pydantic import BaseModel, StringConstraints

from bot.emotes.catalogue import EMPTY, Catalogue, ContentFlag, Listed
from bot.emotes.lenient import valid
from bot.emotes.source_api import SourceApi
from bot.models import Emote, EmoteSource

Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-zA-Z]{20,32}$")]

_ZERO_WIDTH_HERE = 1  # flags of an emote in a set
_ZERO_WIDTH = 1 << 8  # flags of the emote itself, as those that follow
_CONTENT = {
    1 << 16: ContentFlag.SEXUAL,
    1 << 17: ContentFlag.EPILEPSY,
    1 << 18: ContentFlag.EDGY,
    1 << 24: ContentFlag.TWITCH_DISALLOWED,
}


class _Host(BaseModel):
    url: str


class _Data(BaseModel):
    flags: int = 0
    listed: bool = True
    animated: bool = False
    host: _Host


class _Emote(BaseModel):
    id: Id
    name: str
    flags: int = 0
    data: _Data


class _Set(BaseModel):
    emotes: list[object] | None = None


class _User(BaseModel):
    emote_set_id: Id | None = None
    emote_set: _Set | None = None


class SevenTv:
    """The catalogues of 7TV. Emotes whose pictures lie elsewhere than on `cdn_url` are left out."""

    source = EmoteSource.SEVENTV

    def __init__(self, api: SourceApi, cdn_url: str) -> None:
        self.api = api
        self._set: Callable[[bytes], Catalogue] = partial(_read_set, cdn_url)
        self._user: Callable[[bytes], Catalogue | str] = partial(_read_user, cdn_url)

    async def everywhere(self) -> Catalogue:
        """Raise SourceDown."""
        return await self.api.get("emote-sets/global", self._set) or EMPTY

    async def of_channel(self, twitch_id: str) -> Catalogue:
        """Empty for a channel that 7TV does not know, or without a set. Raise SourceDown."""
        found = await self.api.get(f"users/twitch/{twitch_id}", self._user)
        if isinstance(found, str):
            found = await self.api.get(f"emote-sets/{found}", self._set)
        return found or EMPTY


def picture_urls(cdn_url: str, emote: Emote) -> tuple[str, ...]:
    """Best first."""
    return tuple(f"{cdn_url}/emote/{emote.id}/{size}.webp" for size in ("4x", "2x"))


def page_url(emote_id: str) -> str:
    """Where people can see it."""
    return f"https://7tv.app/emotes/{emote_id}"


def _read_user(cdn_url: str, body: bytes) -> Catalogue | str:
    """The set, or the id under which to ask for it."""
    user = _User.model_validate_json(body)
    if user.emote_set is not None and user.emote_set.emotes is not None:
        return Catalogue(_listed(cdn_url, user.emote_set.emotes))
    return user.emote_set_id or EMPTY


def _read_set(cdn_url: str, body: bytes) -> Catalogue:
    return Catalogue(_listed(cdn_url, _Set.model_validate_json(body).emotes or []))


def _listed(cdn_url: str, emotes: Iterable[object]) -> Iterable[Listed]:
    cdn = cdn_url.partition(":")[2]
    for emote in valid(_Emote, emotes):
        data = emote.data
        if data.host.url.removeprefix("https:") != f"{cdn}/emote/{emote.id}":
            continue
        flags = tuple(flag for bit, flag in _CONTENT.items() if data.flags & bit)
        yield Listed(
            EmoteSource.SEVENTV,
            emote.id,
            emote.name,
            data.animated,
            overlay=bool(emote.flags & _ZERO_WIDTH_HERE or data.flags & _ZERO_WIDTH),
            flags=flags if data.listed else (*flags, ContentFlag.UNLISTED),
        )
