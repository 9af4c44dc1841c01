"""`!guess`, and who says the right name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import FaceError
from bot.guessing.game import Game
from bot.models import Platform
from bot.policy.policy import Policy
from bot.replies import words_for
from bot.texts import Text
from bot.twitch.chat_line import ChatLine
from bot.twitch.guessing.board import TwitchBoard
from bot.twitch.guessing.delivery import guess_target
from bot.twitch.replying import Replies
from bot.twitch.screens import Screens
from bot.twitch.standing import Standings
from bot.twitch.targets import ChatTarget
from bot.twitch.words import locale_of

NO_SCREEN = Text("The stream's overlay is not open right now, so nobody could see the face to guess.")


class Guessing:
    """Starts rounds and hears guesses; the rounds themselves are played beside (`Rounds`)."""

    def __init__(
        self,
        game: Game,
        policy: Policy,
        standings: Standings,
        replies: Replies,
        *,
        board: TwitchBoard,
        screens: Screens,
    ) -> None:
        self._game = game
        self._policy = policy
        self._standings = standings
        self._replies = replies
        self._board = board
        self._screens = screens

    async def start(self, line: ChatLine) -> None:
        """Somebody wants a round."""
        here = await self._policy.effective(line.origin.scope_id)
        if not here.enabled:
            return
        if not self._screens.is_open(line.origin.scope_id):
            self._replies.reply(line, NO_SCREEN, locale_of(here))
            return

        def target(round_id: str) -> Mapping[str, Any]:
            return guess_target(ChatTarget.of(line), round_id)

        try:
            standing = await self._standings.of(line, here)
            await self._game.start(line.origin, target, standing=standing)
        except FaceError as error:
            self._replies.reply(line, words_for(error), locale_of(here))

    async def hear(self, line: ChatLine) -> None:
        """Asked of everything that is said, so nothing is looked up unless it is right."""
        round_id = self._game.heard(Platform.TWITCH, line.broadcaster_id, line.text)
        if round_id is not None:
            self._board.note_name(line.user_id, line.user_name)
            await self._game.guess(round_id, line.user_id, line.text)
