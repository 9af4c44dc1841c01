"""Twitch as the program has it: the connection, what is heard, and what is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from bot.delivery import Deliverer
from bot.emotes.chat import ChatEmotes
from bot.face_service import FaceService
from bot.guessing.game import Game
from bot.guessing.rounds import Rounds
from bot.mirror.parts import MirrorParts
from bot.models import Platform, Rank, twitch_scope
from bot.policy.changing import Changing
from bot.policy.policy import Policy
from bot.stage.stage import Stage
from bot.store.audit import Audit, AuditEntry
from bot.store.redemptions import Redemptions
from bot.store.twitch_accounts import AccountKey, Role
from bot.tasks import BoundedTasks
from bot.twitch.asking import Asking
from bot.twitch.client import TwitchBot
from bot.twitch.commands import Commands
from bot.twitch.delivery import Sight, TwitchDeliverer
from bot.twitch.errors import NotAuthorized
from bot.twitch.events import ChatMessage, MessageDeleted, MessagesCleared, StreamChanged
from bot.twitch.faceset import Faceset, FacesetParts
from bot.twitch.guessing.board import TwitchBoard
from bot.twitch.guessing.delivery import RiddleDeliverer
from bot.twitch.guessing.feature import Guessing
from bot.twitch.moderation import BY, Moderation
from bot.twitch.outbox import Outbox
from bot.twitch.replying import Replies
from bot.twitch.rewards.commanding import RewardCommand
from bot.twitch.rewards.parts import RewardNeeds, RewardPacing, Rewards
from bot.twitch.screens import Screens
from bot.twitch.speaking import Speaker
from bot.twitch.standing import Standings
from bot.twitch.waiting import Ration
from bot.twitch.words import links_blocked, locale_of

log = structlog.get_logger(__name__)

_MAX_TASKS = 2048
_LINKS_BLOCKED = "links_blocked"  # in the record of changes: the broadcaster was told


@dataclass(frozen=True, slots=True)
class TwitchNeeds:
    """What Twitch needs of the rest of the program. `answering` says whether somebody draws faces at this moment,
    `open_screens` how many overlays of a scope are open; `sights` are other places where faces can be seen;
    `connect_url` is where broadcasters agree to more."""

    faces: FaceService
    emotes: ChatEmotes
    policy: Policy
    game: Game
    stage: Stage
    audit: Audit
    redemptions: Redemptions
    mirror: MirrorParts
    answering: Callable[[], bool]
    open_screens: Callable[[str], int]
    sights: Sequence[Sight] = ()
    connect_url: str | None = None


class TwitchChat:
    """Give `deliverer` to the face service, then `run()`."""

    def __init__(
        self,
        bot: TwitchBot,
        needs: TwitchNeeds,
        *,
        ration: Ration | None = None,
        pacing: RewardPacing | None = None,
    ) -> None:
        self.bot = bot
        self._needs = needs
        self._tasks = BoundedTasks(_MAX_TASKS)
        self.outbox = Outbox(Speaker(lambda: bot.helix), ration, links_blocked=self._links_blocked)
        self._replies = Replies(self.outbox, self._tasks)
        self._standings = Standings(lambda: bot.helix)
        points = RewardNeeds(
            needs.faces, needs.policy, needs.redemptions, self._standings, self._replies, needs.answering
        )
        self.rewards = Rewards(bot, points, pacing or RewardPacing())
        board = TwitchBoard(self.outbox)
        self._rounds = Rounds(needs.game, board, Platform.TWITCH)
        screens = Screens(needs.open_screens)
        answers = TwitchDeliverer(self.outbox, needs.stage, (screens.sight, *needs.sights))
        self.deliverer: Deliverer = RiddleDeliverer(answers, needs.game, self._rounds.play, self.outbox)
        self._listen(board, screens)

    async def run(self) -> None:
        """Serve until cancelled, whatever Twitch does."""
        async with self._tasks, self._rounds, asyncio.TaskGroup() as group:
            group.create_task(self.outbox.run())
            group.create_task(self.bot.run())
            group.create_task(self.rewards.run())
            await self._rounds.resume()

    def _listen(self, board: TwitchBoard, screens: Screens) -> None:
        needs, replies, standings = self._needs, self._replies, self._standings
        changing = Changing(needs.policy, needs.emotes)
        reward = RewardCommand(needs.policy, self.rewards.problem, needs.connect_url)
        parts = FacesetParts(
            needs.faces, needs.emotes, needs.policy, changing, needs.stage, reward=reward, mirror=needs.mirror.command
        )
        commands = Commands(
            needs.policy,
            Asking(needs.faces, needs.policy, standings, replies),
            Faceset(parts, replies),
            Guessing(needs.game, needs.policy, standings, replies, board=board, screens=screens),
            own_id=self._own_id,
            ranked=self._ranked,
        )
        moderation = Moderation(needs.faces, needs.stage, self.outbox.withdraw)
        self.bot.on(ChatMessage, commands.hear)
        self.bot.on(MessageDeleted, moderation.message_deleted)
        self.bot.on(MessagesCleared, moderation.messages_cleared)
        self.bot.on(StreamChanged, self._stream_changed)

    async def _stream_changed(self, event: StreamChanged) -> None:
        self._standings.note_live(event.channel.id, is_live=event.is_live)

    def _own_id(self) -> str | None:
        try:
            return self.bot.helix.bot_id
        except NotAuthorized:
            return None

    def _ranked(self, broadcaster_id: str, rank: Rank) -> None:
        self.outbox.note_rank(broadcaster_id, moderates=rank is Rank.MODERATOR)

    def _links_blocked(self, broadcaster_id: str) -> None:
        self._tasks.start("tell_links_blocked", self._tell_links_blocked(broadcaster_id))

    async def _tell_links_blocked(self, broadcaster_id: str) -> None:
        """Once: a channel that wants no links need not hear of it every day."""
        scope_id = twitch_scope(broadcaster_id)
        if await self._needs.audit.has(scope_id, _LINKS_BLOCKED):
            return
        await self._needs.audit.record(AuditEntry(scope_id, BY, time.time(), _LINKS_BLOCKED))
        bot = await self.bot.accounts.get(AccountKey(self._own_id() or "", Role.BOT))
        broadcaster = next((each.login for each in self.bot.channels if each.key.user_id == broadcaster_id), None)
        if bot is not None and broadcaster is not None:
            here = await self._needs.policy.effective(scope_id)
            words = links_blocked(broadcaster, bot.login)
            self._replies.announce(f"{_LINKS_BLOCKED}:{broadcaster_id}", broadcaster_id, words, locale_of(here))
