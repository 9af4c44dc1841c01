"""What `/health/ready` asks of the parts of the program."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.decode.decoder import Decoder
from bot.emotes.library import Library
from bot.health import Health, HealthPart
from bot.store.shelf import Shelf
from bot.workforce import Workforce
from inference.queue.interface import JobQueue


def watch_parts(health: Health, engine: AsyncEngine, queue: JobQueue, workforce: Workforce, decoder: Decoder) -> None:
    """Add a check for each."""

    async def store() -> HealthPart:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return HealthPart("store", ok=True)

    async def jobs() -> HealthPart:
        return HealthPart("queue", ok=True, detail=asdict(queue.stats()))

    async def worker() -> HealthPart:
        return HealthPart("worker", workforce.ready, workforce.detail)

    async def decoding() -> HealthPart:
        return HealthPart("decoder", decoder.ready, {"decoded": decoder.stats.decoded, "lost": decoder.stats.lost})

    health.add("store", store)
    health.add("queue", jobs)
    health.add("worker", worker)
    health.add("decoder", decoding)


def watch_pictures(health: Health, shelf: Shelf) -> None:
    """Whether the place of finished faces answers; there is no such face."""

    async def pictures() -> HealthPart:
        await shelf.get("00/health.webp")
        return HealthPart("pictures", ok=True)

    health.add("pictures", pictures)


def watch_emote_sources(health: Health, library: Library) -> None:
    """Always well: what is down is missed by those who ask for its emotes, and by nobody else."""

    async def sources() -> HealthPart:
        detail = {source.value: state.value for source, state in library.states().items()}
        return HealthPart("emotes", ok=True, detail=detail)

    health.add("emotes", sources)
