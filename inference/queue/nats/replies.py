"""Requests on one connection, which all hear their answers through one subscription.

The client's own way costs several times the processor time a request, which is most of what a job costs the bot.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping

from nats.aio.client import Client
from nats.aio.msg import Msg

from inference.queue.nats.names import STATUS

NOBODY_THERE = "503"


class NoReply(Exception):
    """Nobody answered in time, or nobody is there to do so."""


class Replies:
    """Answers that are waited for; `close` ends all waiting."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._numbers = itertools.count()
        self._waiting: dict[str, asyncio.Future[Msg]] = {}

    async def set_up(self) -> None:
        """Before the first request."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_reply)

    async def request(self, subject: str, payload: bytes, headers: dict[str, str] | None, timeout_s: float) -> Msg:
        """Ask and wait for the answer. Raise NoReply or the client's errors."""
        loop = asyncio.get_running_loop()
        token, answer = str(next(self._numbers)), loop.create_future()
        self._waiting[token] = answer
        end = loop.call_later(timeout_s, _give_up, answer, "no answer in time")
        try:
            await self._client.publish(subject, payload, f"{self._inbox}.{token}", headers)
            return _from_somebody(await answer)
        finally:
            end.cancel()
            del self._waiting[token]

    def close(self) -> None:
        """The connection is lost, and with it all answers."""
        for answer in self._waiting.values():
            _give_up(answer, "the connection was lost")

    async def _on_reply(self, message: Msg) -> None:
        answer = self._waiting.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)


def _give_up(answer: asyncio.Future[Msg], why: str) -> None:
    if not answer.done():
        answer.set_exception(NoReply(why))


def _from_somebody(message: Msg) -> Msg:
    headers: Mapping[str, str] = message.headers or {}
    if headers.get(STATUS) == NOBODY_THERE:
        raise NoReply("nobody is there to answer")
    return message
