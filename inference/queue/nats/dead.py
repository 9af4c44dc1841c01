"""Dead letters: jobs that were given up, kept on the server for inspection.

Workers bury what costs them their child. A job that silences whole machines is buried by a bot: the server says so when
it has delivered a job as often as it may.
"""

from __future__ import annotations

import json

import structlog
from nats.aio.msg import Msg

from inference.protocol import FaceFailure, FailureCode
from inference.queue.nats.connection import Connection, Refused, Unreachable
from inference.queue.nats.names import (
    ATTEMPTS,
    CODE,
    DEAD_SUBJECTS,
    GIVEN_UP,
    JOBS,
    LARGE_OBJECT,
    SUBJECT,
    UNDERTAKERS,
    is_ours,
    key_in,
)
from inference.queue.nats.results import Results

log = structlog.get_logger(__name__)


async def bury(
    connection: Connection, key: str, content: bytes, code: FailureCode, attempts: int, *, pieces: str | None = None
) -> None:
    """Keep the job's message. Raise Refused or Unreachable."""
    headers = {CODE: code.value, ATTEMPTS: str(attempts)} | ({LARGE_OBJECT: pieces} if pieces else {})
    await connection.store(f"{DEAD_SUBJECTS}.{key}", content, headers)


class Undertaker:
    """Answers and buries what the server gives up; of all bots of a version one does it, for jobs of that version."""

    def __init__(self, connection: Connection, results: Results) -> None:
        self._connection = connection
        self._results = results

    async def set_up(self) -> None:
        """On a new connection."""
        await self._connection.subscribe(f"{GIVEN_UP}.*", self._on_given_up, group=UNDERTAKERS)

    async def _on_given_up(self, message: Msg) -> None:
        try:
            advisory = json.loads(message.data)
            await self._bury(int(advisory["stream_seq"]), int(advisory["deliveries"]))
        except (LookupError, TypeError, ValueError):
            log.warning("nats_advisory_unreadable")
        except (Refused, Unreachable) as error:
            log.warning("nats_job_not_buried", reason=str(error))  # its asker is answered at the deadline

    async def _bury(self, sequence: int, deliveries: int) -> None:
        job = await self._connection.stored_at(JOBS, sequence)
        if job is None or job.headers is None or not is_ours(job.headers[SUBJECT]):
            return
        key = key_in(job.headers[SUBJECT])
        log.error("nats_job_given_up", key=key, deliveries=deliveries)
        code = FailureCode.GENERATOR_CRASHED
        if await self._results.put(FaceFailure(key, code)):
            pieces = job.headers.get(LARGE_OBJECT)
            await bury(self._connection, key, job.data, code, deliveries, pieces=pieces)
        await self._connection.remove(JOBS, sequence)
