"""The worker's half of the queue on NATS, where no server is needed to show it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

pytest.register_assert_rewrite("tests.inference.queue.contract")

from inference.queue.nats.connection import Connection  # noqa: E402
from inference.queue.nats.leasing import Leasing  # noqa: E402
from inference.queue.nats.names import job_subject  # noqa: E402
from inference.queue.nats.results import Results  # noqa: E402
from tests.inference.queue.contract import SETTINGS, a_job  # noqa: E402

FIRST_DELIVERY = "$JS.ACK.EMOTEFACE_JOBS.consumer.1.1.1.1700000000000000000.0"


class Closing(Connection):
    """In the moment in which its client is closed already, and has not said so yet."""

    def __init__(self) -> None:
        super().__init__(SETTINGS, "worker")
        self._up.set()
        self.asked = 0
        self.hears: Callable[[Msg], Awaitable[None]] | None = None

    async def until_up(self) -> None:
        self.asked += 1
        assert self.asked < 1000, "asks again and again, and lets nobody else in"
        await super().until_up()

    async def api(self, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        del what, body
        return {}

    def new_inbox(self) -> str:
        return "inbox"

    async def subscribe(
        self,
        subject: str,
        heard: Callable[[Msg], Awaitable[None]] | None = None,
        *,
        once: asyncio.Future[Msg] | None = None,
        group: str = "",
    ) -> Subscription:
        del once, group
        self.hears = heard
        return Subscription(Client(), subject=subject)


async def test_a_pull_gives_a_connection_that_closes_the_time_to_say_so() -> None:
    connection, job = Closing(), a_job()
    leasing = Leasing(connection, Results(connection, SETTINGS), SETTINGS, enough_waiting=lambda *_: 1)
    leasing.serve([job.model_id], 0.01)
    await leasing.set_up()
    assert connection.hears
    await connection.hears(Msg(Client(), job_subject(job), FIRST_DELIVERY, job.to_bytes(), {}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await leasing.pull(8, 10.0)
