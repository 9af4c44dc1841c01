"""A chat on the fake Twitch with everything behind it: the real service, store and stage; catalogues and network are
fakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.emotes.catalogue import Catalogue
from bot.guessing.game import Game
from bot.guessing.parts import GameParts
from bot.mirror.parts import MirrorParts, mirror_parts
from bot.models import Origin, Platform, twitch_scope
from bot.store.audit import Audit
from bot.store.guesses import GuessStore
from bot.store.redemptions import Redemptions
from bot.store.twitch_accounts import TwitchAccounts
from bot.twitch.client import TwitchBot
from bot.twitch.delivery import Sight
from bot.twitch.parts import TwitchChat, TwitchNeeds
from bot.twitch.rewards.parts import RewardPacing
from bot.twitch.waiting import Ration
from config.settings import GuessingSettings
from tests.bot.discord.faces import ScriptedEmotes
from tests.bot.twitch.conftest import HASTE
from tests.fakes.serving import Serving, assembled
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Message, User

AT_ONCE = Ration(window_s=30.5, gap_s=0.0)
NEVER_S = 3600.0
PROMPTLY = RewardPacing(round_s=0.2, look_s=0.02, settle_s=0.02, join_s=NEVER_S)
CONNECT_URL = "https://faces.example.org/connect/twitch"


@dataclass(slots=True)
class Chatting:
    """A running chat. `screens` is how many overlays are open, `nearby` what came with the questions; `answering`
    whether somebody draws."""

    fake: FakeTwitch
    serving: Serving
    chat: TwitchChat
    game: Game
    emotes: ScriptedEmotes
    mirror: MirrorParts
    screens: int = 1
    answering: bool = True
    nearby: list[Catalogue] = field(default_factory=list)

    @property
    def scope_id(self) -> str:
        return twitch_scope(self.fake.channel.id)

    @property
    def said(self) -> list[str]:
        return [message.text for message in self.fake.sent]

    async def connected(self) -> None:
        """Whatever is said from now on arrives."""
        await self.fake.until(lambda: self.chat.bot.is_up and self.fake.carried("channel.chat.message"))

    async def answer_to(self, message: Message) -> str:
        """What was said in its thread."""
        found = await self.fake.until(
            lambda: next((each for each in self.fake.sent if each.reply_to == message.id), None)
        )
        return found.text

    async def told(self, text: str, user: User | None = None, **said: Any) -> str:
        """Say something and return the answer."""
        return await self.answer_to(self.fake.say(user or self.fake.channel, text, **said))


@asynccontextmanager
async def chatting(
    fake: FakeTwitch,
    accounts: TwitchAccounts,
    folder: Path,
    *,
    ration: Ration = AT_ONCE,
    sights: Sequence[Sight] = (),
    pacing: RewardPacing = PROMPTLY,
    serve: Callable[[Serving], Awaitable[None]] | None = None,
    **guessing: float,
) -> AsyncIterator[Chatting]:
    """Runs inside the block. `serve` prepares what is behind the chat."""
    async with assembled(folder, platforms=()) as serving, aiohttp.ClientSession() as session:
        emotes = ScriptedEmotes()
        playing = GuessingSettings(round_s=NEVER_S, pause_s=0, max_rounds=5, max_rounds_per_scope=5)
        parts = GameParts(emotes, serving.service, serving.policy, GuessStore(serving.engine))  # type: ignore[arg-type]
        game = Game(parts, playing.model_copy(update=guessing))
        mirror = mirror_parts(serving.engine, serving.policy, serving.stage)
        bot = TwitchBot(fake.settings(), accounts, session, pacing=HASTE)
        found: Chatting
        needs = TwitchNeeds(
            serving.service,
            emotes,  # type: ignore[arg-type]
            serving.policy,
            game,
            serving.stage,
            Audit(serving.engine),
            Redemptions(serving.engine),
            mirror,
            lambda: found.answering,
            lambda scope_id: found.screens,
            sights,
            CONNECT_URL,
        )
        chat = TwitchChat(bot, needs, ration=ration, pacing=pacing)
        found = Chatting(fake, serving, chat, game, emotes, mirror)
        _note_nearby(serving, found.nearby)
        serving.service.add_deliverer(Platform.TWITCH, chat.deliverer)
        if serve is not None:
            await serve(serving)
        async with serving.service.running(grace_s=0):
            task = asyncio.create_task(chat.run())
            try:
                yield found
            finally:
                task.cancel()
                await asyncio.wait([task])


def _note_nearby(serving: Serving, noted: list[Catalogue]) -> None:
    resolver: Any = serving.service._parts.resolver
    resolve = resolver.resolve

    async def noting(origin: Origin, words: tuple[str, ...], nearby: Catalogue) -> Any:
        noted.append(nearby)
        return await resolve(origin, words, nearby)

    resolver.resolve = noting
