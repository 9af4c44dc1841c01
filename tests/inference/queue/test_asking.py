"""The bot's half of the queue on NATS, where no server is needed to show it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

pytest.register_assert_rewrite("tests.inference.queue.contract")

from inference.queue.nats.asking import Asking  # noqa: E402
from inference.queue.nats.connection import Connection, Refused  # noqa: E402
from inference.queue.nats.large import HEADER_BYTES  # noqa: E402
from inference.queue.nats.names import LARGE_SUBJECTS, job_subject  # noqa: E402
from inference.queue.nats.results import Results  # noqa: E402
from tests.inference.queue.contract import SETTINGS, a_job  # noqa: E402

ACCOUNT_IS_FULL = 10002


class Grudging(Connection):
    """To a server that has nothing stored, takes small messages only, and refuses the first that it is to store."""

    max_payload = HEADER_BYTES + 64

    def __init__(self) -> None:
        super().__init__(SETTINGS, "bot")
        self._up.set()
        self.refused: list[str] = []
        self.stored_under: list[str] = []

    def new_inbox(self) -> str:
        return "inbox.1"

    async def subscribe(
        self,
        subject: str,
        heard: Callable[[Msg], Awaitable[None]] | None = None,
        *,
        once: asyncio.Future[Msg] | None = None,
        group: str = "",
    ) -> Subscription:
        del heard, group
        return Subscription(Client(), subject=subject, future=once)

    async def stored(self, stream: str, subject: str) -> Msg | None:
        del stream, subject
        return None

    async def unsubscribe(self, subscription: Subscription) -> None:
        del subscription

    async def store(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        del payload, headers
        if not self.refused:
            self.refused.append(subject)
            raise Refused(ACCOUNT_IS_FULL, "resource limits exceeded for account")
        self.stored_under.append(subject)
        return len(self.stored_under)


async def test_a_large_job_that_is_not_taken_now_is_sent_again() -> None:
    connection, job = Grudging(), a_job()
    async with asyncio.TaskGroup() as tasks:
        results = Results(connection, SETTINGS)
        asking = Asking(connection, results, SETTINGS, tasks, reused=lambda: None)
        await asking.submit(job, retry_after_s=1.0)
        asking.close()
    assert connection.refused[0].startswith(LARGE_SUBJECTS)
    assert connection.stored_under[-1] == job_subject(job)
