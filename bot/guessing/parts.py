"""What the game needs of the rest of the program, and of a platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.command import FaceCommand
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.chat import Guessable
from bot.guessing.round import GuessRound
from bot.models import ANYBODY, Emote, FaceRequest, Origin, Standing
from bot.policy.settings import EffectiveSettings
from bot.store.guesses import GuessStore


class PicksEmotes(Protocol):
    """`bot.emotes.chat.ChatEmotes`."""

    async def guessable(self, origin: Origin, nearby: Catalogue = EMPTY) -> Guessable: ...


class KnowsSettings(Protocol):
    """`bot.policy.policy.Policy`."""

    async def effective(
        self, scope_id: str, channel_id: str | None = None, parent_channel_id: str | None = None
    ) -> EffectiveSettings: ...


class DrawsFaces(Protocol):
    """`bot.face_service.FaceService`."""

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        standing: Standing = ANYBODY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest: ...

    async def request(self, request_id: str) -> FaceRequest | None: ...


class Board(Protocol):
    """Where a platform shows a round. Neither method raises for what the platform does not take: it is only show."""

    async def hint(self, round_: GuessRound) -> None:
        """Help the players."""
        ...

    async def reveal(self, round_: GuessRound, *, late: bool) -> None:
        """Show how a decided round ended; `late` when nobody was there at its end. Doing so twice changes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class GameParts:
    """What a game works with."""

    emotes: PicksEmotes
    faces: DrawsFaces
    policy: KnowsSettings
    store: GuessStore
