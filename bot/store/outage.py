"""When what must last cannot be written or read: the database is down or restarts, the disk is full, the bucket is out
of reach. It passes, so whoever has promised something tries again."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator

import structlog
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
    ResourceClosedError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_OF_THE_CONNECTION = (DisconnectionError, NoConnectionFree, PendingRollbackError, ResourceClosedError)
"""What whoever shares a transaction meets when its connection breaks under somebody else, or when all are in use."""
_OF_THE_STATEMENT = (IntegrityError, DataError, ProgrammingError, NotSupportedError)


def is_outage(error: BaseException) -> bool:
    """Whether the same may work later; what is wrong with the statement or its values stays wrong."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, _OF_THE_STATEMENT)
    return isinstance(error, (*_OF_THE_CONNECTION, OSError))  # timeouts are OSErrors


def kind_of(error: BaseException) -> str:
    """In one word, without values: they may be in the error's text."""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, type(error).__name__)
    if isinstance(error, TimeoutError):
        return "TimeoutError"
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlite_errorname", None) or type(original.__cause__ or original).__name__


async def through_outages(
    work: Callable[[], Awaitable[None]], again: Callable[[], Awaitable[None]], *, request_id: str
) -> None:
    """Do the `work`; after an outage do `again`, ever less often, until it is done or something else is wrong."""
    for pause_s in _pauses():
        try:
            return await work()
        except Exception as error:
            if not is_outage(error):
                raise
            log.error("store_out_of_reach", request_id=request_id, reason=kind_of(error), again_in_s=pause_s)
        await asyncio.sleep(pause_s)
        work = again
    return None


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
