"""`!face`, and the help."""

from __future__ import annotations

from bot.command import asks_for_help, parse_command
from bot.emotes.catalogue import EMPTY
from bot.errors import FaceError
from bot.models import EmoteSource
from bot.policy.policy import Policy
from bot.replies import words_for
from bot.twitch.chat_line import ChatLine
from bot.twitch.replying import Replies
from bot.twitch.service import Faces
from bot.twitch.standing import Standings
from bot.twitch.targets import ChatTarget
from bot.twitch.words import Called, help_text, locale_of


class Asking:
    """Takes what follows the command; what is refused is answered here, in words. Where faces are off, nothing is said:
    another bot may have the command."""

    def __init__(self, faces: Faces, policy: Policy, standings: Standings, replies: Replies) -> None:
        self._faces = faces
        self._policy = policy
        self._standings = standings
        self._replies = replies

    async def ask(self, line: ChatLine, text: str) -> None:
        """`text` follows the command."""
        origin = line.origin
        here = await self._policy.effective(origin.scope_id)
        if not here.enabled:
            return
        if asks_for_help(text):
            self._replies.reply(line, help_text(Called.of(here)), locale_of(here))
            return
        try:
            standing = await self._standings.of(line, here)
            command = parse_command(text, here.face_options())
            target = ChatTarget.of(line).to_json()
            nearby = EMPTY if EmoteSource.TWITCH in here.sources_off else line.emotes
            await self._faces.ask(origin, command, nearby=nearby, standing=standing, reply_target=target)
        except FaceError as error:
            self._replies.reply(line, words_for(error), locale_of(here))
