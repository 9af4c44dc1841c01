"""A fake Discord, and bots that run against it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import gettempdir
from typing import Any, TypeAlias

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.consent import Consent
from bot.discord.bot import DiscordBot
from bot.discord.features import Services
from bot.discord.pacing import Pacing
from bot.discord.shown import Showing
from bot.emotes.links import followed
from bot.forgetting import Forgetting
from bot.guessing.game import Game
from bot.guessing.parts import GameParts
from bot.mirror.parts import MirrorParts, mirror_parts
from bot.operating.desk import OperatorDesk
from bot.policy.policy import Policy
from bot.stage.stage import Stage, StageParts
from bot.stats.plotter import Plotter
from bot.stats.records import Records
from bot.store.activity import ActivityStore
from bot.store.audit import Audit
from bot.store.guesses import GuessStore
from bot.store.opt_outs import OptOuts
from bot.store.personal import PersonalData
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.server_data import ServerData
from bot.store.servers import Servers
from bot.store.shelf import Folder
from bot.store.staged_faces import StagedFaces
from bot.store.votes import Votes
from config.settings import GuessingSettings
from tests.bot.discord.faces import ScriptedEmotes, ScriptedFaces
from tests.fakes.databases import fresh_database
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import User
from tests.fakes.policies import caps, policy_on
from tests.polling import PATIENCE_S, until

NEVER_S = 3600.0
MAX_BYTES = 2_000_000
OPERATOR_ID = "424242"
NO_PICTURES = Path(gettempdir()) / "emoteface-test-no-pictures"
PLOT_CACHE = Path(gettempdir()) / "emoteface-test-fonts"  # kept, because looking through the fonts takes seconds
QUICK = Pacing(
    status_after_s=NEVER_S,
    status_every_s=0.02,
    removal_every_s=0.02,
    operator_every_s=0.02,
    mirror_every_s=0.1,
    mirror_again_s=0.0,
    request_timeout_s=30.0,
    offline_limit_s=30.0,
    guilds_settle_s=0.02,
    identify_every_s=0.0,
    presence_every_s=0.02,
    spread_s=0.05,
    retry_first_s=0.01,
    retry_max_s=0.05,
    refused_retry_s=NEVER_S,
)


@dataclass(slots=True)
class Chat:
    """A running bot with everything around it."""

    fake: FakeDiscord
    bot: DiscordBot
    faces: ScriptedFaces
    ada: User
    emotes: ScriptedEmotes
    consent: Consent
    policy: Policy
    game: Game
    guesses: GuessStore
    engine: AsyncEngine
    servers: Servers
    desk: OperatorDesk
    stage: Stage
    mirror: MirrorParts


class WatchedServers(Servers):
    """Tells when the bot, newly connected, has compared its record with the servers it finds: it knows them by then."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.compared = asyncio.Event()

    async def joined(self, scope_ids: Collection[str], at: float, *, greeted: bool = False) -> None:
        await super().joined(scope_ids, at, greeted=greeted)
        if greeted:  # the last step of comparing
            self.compared.set()


Running: TypeAlias = Callable[..., AbstractAsyncContextManager[Chat]]


@asynccontextmanager
async def run_bot(
    fake: FakeDiscord,
    faces: ScriptedFaces | None = None,
    *,
    wait: bool = True,
    settings: dict[str, Any] | None = None,
    guessing: dict[str, Any] | None = None,
    engine: AsyncEngine | None = None,
    data_dir: Path | None = None,
    servers: dict[str, Any] | None = None,
    public_url: str | None = None,
    **pacing: float,
) -> AsyncIterator[Chat]:
    """Run a bot inside the block; `wait` until it is connected, its commands are registered and it knows its servers.
    `servers` changes what holds in every server."""
    faces = faces or ScriptedFaces()
    emotes, pace = ScriptedEmotes(), replace(QUICK, **pacing)
    showing = Showing(followed([fake.cdn_url], ["https://cdn.7tv.app"]), max_bytes=MAX_BYTES)
    async with _database(engine) as engine, asyncio.TaskGroup() as group:
        discord_settings = fake.settings(**settings or {})
        holds = {"prefix_enabled": True, "prefix": discord_settings.prefix} | (servers or {})
        policy = policy_on(engine, **holds)
        consent = Consent(policy, OptOuts(engine))
        guesses = GuessStore(engine)
        playing = GuessingSettings(round_s=NEVER_S, pause_s=0, max_rounds=5, max_rounds_per_scope=5)
        game = Game(GameParts(emotes, faces, policy, guesses), playing.model_copy(update=guessing or {}))
        records = Records(ActivityStore(engine), guesses, Plotter(PLOT_CACHE))
        known = WatchedServers(engine)
        pictures = PictureStore(engine, Folder(NO_PICTURES))
        desk = OperatorDesk(engine, pictures, policy)
        staged = StageParts(StagedFaces(engine), RequestStore(engine), pictures, policy, faces, Audit(engine))
        stage = Stage(staged, public_url)
        mirror = mirror_parts(engine, policy, stage)
        services = Services(
            faces,
            emotes,
            showing,
            consent,
            policy,
            Votes(engine),
            game,
            records,
            known,
            Forgetting(
                faces, PersonalData(engine), PictureStore(engine, Folder(NO_PICTURES)), guesses, faces, stage=faces
            ),
            ServerData(engine),
            caps(),
            desk,
            faces,
            {OPERATOR_ID},
            Audit(engine),
            lambda: faces.outlook,
            public_url=public_url,
            mirror=mirror,
            stage=stage,
        )
        bot = DiscordBot(discord_settings, services, data_dir=data_dir, pacing=pace, random=Random(1))
        faces.deliverer = bot.deliverer
        running = [group.create_task(bot.run()), group.create_task(stage.run())]
        try:
            if wait:
                await until(lambda: bot.ready)
                await fake.until(lambda: fake.commands)
                async with asyncio.timeout(PATIENCE_S):
                    await known.compared.wait()
            yield Chat(
                fake,
                bot,
                faces,
                fake.user("Ada"),
                emotes,
                consent,
                policy,
                game,
                guesses,
                engine,
                known,
                desk,
                stage,
                mirror,
            )
        finally:
            for task in running:
                task.cancel()


@asynccontextmanager
async def _database(given: AsyncEngine | None) -> AsyncIterator[AsyncEngine]:
    """The one given, of an earlier run, or a fresh one."""
    if given is not None:
        yield given
        return
    async with fresh_database() as engine:
        yield engine


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(interaction_limit_s=60) as server:
        yield server
        assert server.complaints == []


@pytest.fixture
async def chat(fake: FakeDiscord) -> AsyncIterator[Chat]:
    async with run_bot(fake) as running:
        yield running
