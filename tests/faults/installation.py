"""Everything that a large installation has, as processes of this machine, with every link between them in our hands."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import asyncpg

from tests.fakes.discord.answers import API, CDN, GATEWAY
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.generators import DELAY_VARIABLE
from tests.program import Program, altered, running_program
from tests.servers.nats import NatsServer, nats_server
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.proxy import CutProxy, cut_proxy
from tests.servers.s3 import running_s3


class Link(Enum):
    """Who is cut off from whom."""

    BOT_NATS = "bot and NATS"
    WORKER_NATS = "worker and NATS"
    BOT_POSTGRES = "bot and PostgreSQL"
    BOT_BUCKET = "bot and object store"
    BOT_DISCORD = "bot and Discord"
    BOT_CDN = "bot and emote pictures"


SETTINGS = {
    "servers.cooldown_s": "0",
    "requests.max_outstanding_per_scope": "1000",
    "queue.max_jobs": "2000",
}


class LinkedDiscord(FakeDiscord):
    """Reached through a link, once that is there; pictures through one of their own."""

    link: CutProxy | None = None
    cdn_link: CutProxy | None = None

    @property
    def api_url(self) -> str:
        return f"http://{self._host(self.link)}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self._host(self.link)}{GATEWAY}"

    @property
    def cdn_url(self) -> str:
        return f"http://{self._host(self.cdn_link)}{CDN}"

    def _host(self, link: CutProxy | None) -> str:
        return f"127.0.0.1:{link.port}" if link else self.http.origin


@dataclass(frozen=True, slots=True)
class Plan:
    """What differs between installations. `delays_s` has the workers, and what the network of each takes a batch."""

    generator: str = "slow"
    delays_s: Sequence[float] = (0.05,)
    bucket: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


class Installation:
    """Discord, a bot, NATS, PostgreSQL and workers. Use it from the task that opened it."""

    def __init__(self, folder: Path, plan: Plan, stack: AsyncExitStack) -> None:
        self.plan = plan
        self.discord = LinkedDiscord(interaction_limit_s=60)
        self.links: dict[Link, CutProxy] = {}
        self.workers: list[Program] = []
        self._folder = folder
        self._stack = stack
        self._bot: Program | None = None
        self._nats: NatsServer | None = None
        self._postgres: Postgres | None = None
        self._database = ""
        self._bucket: dict[str, str] = {}

    @property
    def bot(self) -> Program:
        assert self._bot
        return self._bot

    @property
    def nats(self) -> NatsServer:
        assert self._nats
        return self._nats

    @property
    def postgres(self) -> Postgres:
        assert self._postgres
        return self._postgres

    def clock(self, of: str) -> Path:
        """The file that moves the clock of the `bot`, or of a worker (`worker-0`)."""
        return self._folder / f"clock-{of}"

    async def build(self) -> None:
        """Start everything, and return when the bot has registered its commands and the workers are at work."""
        await self._stack.enter_async_context(self.discord)
        self._postgres = self._stack.enter_context(running_postgres())
        self._database = await self._postgres.new_database()
        self._nats = await self._stack.enter_async_context(nats_server(self._folder / "nats"))
        discord = self.discord.port
        ends: dict[Link, int | Path] = {
            Link.BOT_NATS: self._nats.port, Link.WORKER_NATS: self._nats.port, Link.BOT_POSTGRES: self._postgres.socket,
            Link.BOT_DISCORD: discord, Link.BOT_CDN: discord,
        }  # fmt: skip
        if self.plan.bucket:
            s3 = self._stack.enter_context(running_s3())
            ends[Link.BOT_BUCKET] = s3.port
            self._bucket = s3.variables("s3://faces/pictures")
        for link, end in ends.items():
            self.links[link] = await self._stack.enter_async_context(cut_proxy(end))
        self.discord.link, self.discord.cdn_link = self.links[Link.BOT_DISCORD], self.links[Link.BOT_CDN]
        for delay_s in self.plan.delays_s:
            await self.start_worker(delay_s=delay_s)
        await self.start_bot()

    async def start_bot(self) -> None:
        """Again after it was killed, or for the first time."""
        settings = SETTINGS | {
            "queue.url": self.links[Link.BOT_NATS].url,
            "store.url": self.postgres.url_through(self.links[Link.BOT_POSTGRES].port, self._database),
            **{f"pictures.{name}": value for name, value in self._bucket.items()},
            **self.discord.variables(),
            **self.plan.settings,
        }
        if self.plan.bucket:
            settings["pictures.endpoint_url"] = f"http://127.0.0.1:{self.links[Link.BOT_BUCKET].port}"
        environment = altered(clock=self.clock("bot"))
        self._bot = await self._stack.enter_async_context(
            running_program(self._folder / "bot", settings, environment=environment)
        )
        await self._bot.logged("discord_connected")
        await self.discord.until(lambda: self.discord.commands)

    async def start_worker(self, *command: str, delay_s: float = 0.0) -> Program:
        """One more; `command` in place of the real program."""
        name = f"worker-{len(self.workers)}"
        settings = {
            "inference.runtime": f"fakes.generators:{self.plan.generator}",
            "queue.url": self.links[Link.WORKER_NATS].url,
            **{key: value for key, value in self.plan.settings.items() if key.startswith(("queue.", "inference."))},
        }
        environment = altered(clock=self.clock(name)) | {DELAY_VARIABLE: str(delay_s)}
        program = await self._stack.enter_async_context(
            running_program(self._folder / name, settings, command or ("inference", "worker"), environment)
        )
        self.workers.append(program)
        await program.logged("worker_started")
        return program

    async def kill_bot(self) -> None:
        await self.bot.ended(signal.SIGKILL)

    async def requests(self) -> dict[str, str]:
        """The states of all accepted requests, by their questions."""
        server = self.postgres
        connection = await asyncpg.connect(server.url(self._database), timeout=60)
        try:
            rows = await connection.fetch("SELECT question_ref, state FROM request", timeout=60)
        finally:
            await connection.close(timeout=60)
        return {row["question_ref"]: row["state"] for row in rows}


@asynccontextmanager
async def installation(plan: Plan) -> AsyncIterator[Installation]:
    """All of it, for one row of the table."""
    with tempfile.TemporaryDirectory(prefix="faults-", dir=os.environ.get("FAULTS_FOLDER")) as folder:
        async with AsyncExitStack() as stack:
            place = Installation(Path(folder), plan, stack)
            await place.build()
            yield place
