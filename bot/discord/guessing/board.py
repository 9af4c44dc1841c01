"""Shows on Discord how a round goes. Whatever Discord does not take is noted: the game goes on without it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

import structlog

from bot.discord.guessing.riddle import Riddle, mention_of
from bot.discord.link import Link, NotConnected
from bot.discord.pacing import Pacing
from bot.discord.posting import DISCORD_FAILURES, Content, Place, edit, nonce_of, post
from bot.guessing.round import GuessRound
from bot.guessing.words import ending, hint
from bot.models import FacePicture
from bot.texts import Text, say

log = structlog.get_logger(__name__)


class KeepsPictures(Protocol):
    """`bot.face_service.FaceService`."""

    async def picture(self, picture_id: str) -> FacePicture | None: ...


class DiscordBoard:
    """Implements `bot.guessing.parts.Board`.

    Words are replies to the riddle, so that it is found in a busy chat; nonces keep them from being said twice.
    """

    def __init__(self, pictures: KeepsPictures, link: Link, pacing: Pacing) -> None:
        self._pictures = pictures
        self._link = link
        self._pacing = pacing

    async def hint(self, round_: GuessRound) -> None:
        """See `Board`."""
        await self._try(self._say(round_, hint(round_), "hint"), round_)

    async def reveal(self, round_: GuessRound, *, late: bool) -> None:
        """See `Board`. The pair takes the place of the riddle."""
        words = ending(round_, mention_of(round_), late=late)
        await self._try(self._solve(round_, late=late), round_)
        await self._try(self._say(round_, words, "end"), round_)

    async def _solve(self, round_: GuessRound, *, late: bool) -> None:
        pair = await self._pictures.picture(round_.request_id) if round_.request_id else None
        place, message_id = _place(round_), int(round_.message_ref or 0)
        await edit(self._link.client, place, message_id, Riddle.solved(round_, pair, late=late))

    async def _say(self, round_: GuessRound, words: Text, occasion: str) -> None:
        content = Content(say(words, round_.locale))
        await post(self._link.client, _place(round_), content, nonce_of(round_.id, occasion))

    async def _try(self, showing: Coroutine[Any, Any, None], round_: GuessRound) -> None:
        try:
            async with asyncio.timeout(self._pacing.request_timeout_s):
                await showing
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_round_not_shown", round_id=round_.id, error=type(error).__name__)


def _place(round_: GuessRound) -> Place:
    scope_id = round_.origin.scope_id
    guild_id = int(scope_id) if scope_id.isdecimal() else None
    return Place(int(round_.origin.channel_id), guild_id, int(round_.message_ref or 0))
