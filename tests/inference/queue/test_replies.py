"""Requests and their answers on one connection, where no server is needed to show it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from inference.queue.nats.names import STATUS
from inference.queue.nats.replies import NOBODY_THERE, NoReply, Replies
from tests.polling import until


class Wire(Client):
    """Keeps what is sent, and says what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.hears: Callable[[Msg], Awaitable[None]] | None = None

    def new_inbox(self) -> str:
        return "inbox"

    async def subscribe(self, subject: str, *args: Any, **options: Any) -> Subscription:
        del args
        self.hears = options["cb"]
        return Subscription(self, subject=subject)

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        del subject, payload, headers
        self.asked.append(reply)

    async def answer(self, to: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        assert self.hears
        await self.hears(Msg(self, to, "", content, headers))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def replies(wire: Wire) -> Replies:
    replies = Replies(wire)
    await replies.set_up()
    return replies


async def test_each_request_gets_its_own_answer(wire: Wire, replies: Replies) -> None:
    asking = [asyncio.create_task(replies.request("subject", b"", None, 60)) for _ in range(2)]
    await until(lambda: len(wire.asked) == 2)
    await wire.answer(wire.asked[1], b"second")
    await wire.answer(wire.asked[0], b"first")
    await wire.answer(wire.asked[0], b"once more")
    await wire.answer("inbox.of nobody", b"")
    assert [answer.data for answer in await asyncio.gather(*asking)] == [b"first", b"second"]


async def test_nobody_waits_for_an_answer_longer_than_told(replies: Replies) -> None:
    with pytest.raises(NoReply):
        await replies.request("subject", b"", None, 0.01)


async def test_nobody_waits_for_answers_of_a_lost_connection(wire: Wire, replies: Replies) -> None:
    asking = asyncio.create_task(replies.request("subject", b"", None, 60))
    await until(lambda: bool(wire.asked))
    replies.close()
    with pytest.raises(NoReply):
        await asking


async def test_a_subject_that_nobody_answers_is_no_answer(wire: Wire, replies: Replies) -> None:
    asking = asyncio.create_task(replies.request("subject", b"", None, 60))
    await until(lambda: bool(wire.asked))
    await wire.answer(wire.asked[0], b"", {STATUS: NOBODY_THERE})
    with pytest.raises(NoReply):
        await asking
