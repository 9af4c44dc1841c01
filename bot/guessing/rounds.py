"""The rounds that are being played: each has a task, from its face to its pair, that outlives every connection."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from bot.guessing.game import Game
from bot.guessing.parts import Board
from bot.guessing.round import GuessRound
from bot.models import Origin, Platform
from bot.tasks import BoundedTasks

log = structlog.get_logger(__name__)

_MAX_PLAYED = 512  # more than may be open at once: ended ones are still being shown


class Rounds:
    """Of one platform. Use it as a context: rounds are played inside."""

    def __init__(
        self, game: Game, board: Board, platform: Platform, *, owns: Callable[[Origin], bool] = lambda origin: True
    ) -> None:
        """Only what it `owns` is resumed here; other processes have the rest."""
        self._game = game
        self._board = board
        self._platform = platform
        self._owns = owns
        self._tasks = BoundedTasks(_MAX_PLAYED)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tasks.__aexit__(kind, error, traceback)

    def play(self, round_: GuessRound) -> None:
        """Beside everything else."""
        self._tasks.start("play_round", self._game.play(round_, self._board), round_id=round_.id)

    async def resume(self) -> None:
        """Those that an earlier run of the program left."""
        for round_ in await self._game.resume(self._platform):
            if self._owns(round_.origin):
                log.info("guess_round_resumed", round_id=round_.id, state=round_.state)
                self.play(round_)
