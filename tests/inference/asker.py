"""A program that asks for faces as a bot does, and says on stderr what came: `python -m tests.inference.asker 5`."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import structlog

from config.settings import load_settings
from inference.protocol import FaceJob, FaceOptions, Frame, Layout, Picture
from inference.queue.nats.queue import open_nats_queue

PATIENCE_S = 300


def a_job(number: int, model_id: str) -> FaceJob:
    """The same number is the same face, whoever asks."""
    pixel = bytes((number % 200, number // 200, 7, 255))
    picture = Picture(8, 8, (Frame(pixel * 64),))
    return FaceJob(model_id, (picture,), FaceOptions(layout=Layout.FACE), time.time() + PATIENCE_S)


async def main(count: int) -> None:
    settings = load_settings()
    async with open_nats_queue(settings.queue, asks=True) as queue:
        await queue.connection.until_up()
        _say(event="asker_connected")
        jobs = [a_job(number, settings.inference.runtime) for number in range(count)]
        tickets = [await queue.submit(job) for job in jobs]
        _say(event="asker_waiting", workers=len(queue.workers.present()))
        outcomes = await asyncio.gather(*(queue.result(ticket, PATIENCE_S) for ticket in tickets))
        _say(event="asker_answered", outcomes=[type(outcome).__name__ for outcome in outcomes])


def _say(**event: object) -> None:
    sys.stderr.write(json.dumps(event) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(main(int(sys.argv[1])))
