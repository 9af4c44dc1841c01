"""Outcomes on the server: what answers everybody who waits, is the cache, and decides which answer came first.

An outcome is one message under the key of its job. Whoever waits for it hears it being published, and reads it later if
that got lost. It is stored only where there is none yet, so a second answer changes nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from config.queue import QueueSettings
from inference.protocol import FaceFailure, FaceOutcome, FaceResult, FailureCode, outcome_from_bytes
from inference.queue.nats.connection import Connection, Refused, Unreachable
from inference.queue.nats.large import forget_large, received, sendable
from inference.queue.nats.names import (
    EXPECTED_SEQUENCE,
    FRESH_UNTIL,
    LARGE_OBJECT,
    RESULTS,
    SEQUENCE,
    TTL,
    number_in,
    result_subject,
)
from inference.queue.nats.streams import kept_s
from inference.queue.outcomes import FAILURE_TTL_S
from inference.wire import ProtocolError

log = structlog.get_logger(__name__)

WRONG_LAST_SEQUENCE = 10071
AT_ONCE_BYTES = 100_000  # what takes longer to copy than a thread takes to wake


class Results:
    """Reading and writing on one connection. Methods raise Unreachable while there is none."""

    def __init__(self, connection: Connection, settings: QueueSettings) -> None:
        self._connection = connection
        self._settings = settings

    async def get(self, key: str, *, of_any_age: bool = False) -> FaceOutcome | None:
        """What this key was answered with, while that is fresh. What is stale is removed, or it would stand in the way
        of the new answer; who has been waiting takes one `of_any_age`."""
        message = await self._connection.stored(RESULTS, result_subject(key))
        if message is None or message.headers is None:
            return None
        if not of_any_age and number_in(message.headers, FRESH_UNTIL) <= self._server_time():
            await self._connection.remove(RESULTS, int(message.headers[SEQUENCE]))
            return None
        return await self._read(key, message)

    async def put(self, outcome: FaceOutcome) -> bool:
        """Answer the key, unless it is answered already; whether this was the first answer."""
        fresh_s, stay_s = self._settings.cache_ttl_s, kept_s(self._settings)
        if isinstance(outcome, FaceFailure):
            fresh_s, stay_s = min(FAILURE_TTL_S, fresh_s), math.ceil(FAILURE_TTL_S)
        headers = {
            EXPECTED_SEQUENCE: "0",
            FRESH_UNTIL: f"{self._server_time() + fresh_s:.3f}",
            TTL: f"{stay_s}s",
        }
        content, pieces = await sendable(self._connection, await _packed(outcome))
        if pieces:
            headers[LARGE_OBJECT] = pieces
        try:
            await self._connection.store(result_subject(outcome.key), content, headers)
        except Refused as refusal:
            if refusal.err_code != WRONG_LAST_SEQUENCE:
                raise
            return False
        return True

    async def forget(self, key: str) -> None:
        """Whoever asks for it from now on has it made anew."""
        message = await self._connection.stored(RESULTS, result_subject(key))
        if message is not None and message.headers is not None:
            await self._connection.remove(RESULTS, int(message.headers[SEQUENCE]))
            if pieces := message.headers.get(LARGE_OBJECT):
                with suppress(ProtocolError):
                    await forget_large(self._connection, pieces)

    async def forget_everything(self) -> None:
        """Every face is made anew; who has not read theirs yet has it drawn again."""
        await self._connection.api(f"STREAM.PURGE.{RESULTS}")

    async def listen(self, key: str, heard: asyncio.Future[Msg]) -> Subscription:
        """Have the message that answers the key from now on as the result of `heard`."""
        return await self._connection.subscribe(result_subject(key), once=heard)

    def face_in(self, key: str, message: Msg) -> FaceResult | None:
        """The face that such a message holds, when it is one and small enough to be read at once."""
        if len(message.data) > AT_ONCE_BYTES or LARGE_OBJECT in (message.headers or {}):
            return None
        with suppress(ProtocolError):
            outcome = outcome_from_bytes(message.data)
            if isinstance(outcome, FaceResult) and outcome.key == key:
                return outcome
        return None

    async def heard(self, key: str, message: Msg) -> FaceOutcome | None:
        """The outcome of such a message. A failure may have come second, so what is stored counts."""
        outcome = await self._read(key, message)
        if isinstance(outcome, FaceFailure):
            with suppress(Unreachable):
                return await self.get(key, of_any_age=True) or outcome
        return outcome

    async def _read(self, key: str, message: Msg) -> FaceOutcome | None:
        """None for what belongs to another job; what cannot be read is a failure of the generator's."""
        try:
            content = await received(self._connection, message.data, (message.headers or {}).get(LARGE_OBJECT))
            if len(content) > AT_ONCE_BYTES:
                outcome = await asyncio.to_thread(outcome_from_bytes, content)
            else:
                outcome = outcome_from_bytes(content)
        except ProtocolError as error:
            log.warning("nats_outcome_unreadable", key=key, reason=str(error))
            return FaceFailure(key, FailureCode.GENERATOR_FAILED)
        return outcome if outcome.key == key else None

    def _server_time(self) -> float:
        return time.time() - self._connection.clock_ahead_s


async def _packed(outcome: FaceOutcome) -> bytes:
    if isinstance(outcome, FaceResult) and len(outcome.picture) > AT_ONCE_BYTES:
        return await asyncio.to_thread(outcome.to_bytes)
    return outcome.to_bytes()
