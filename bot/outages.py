"""What an outage of the store is to askers: words, like everything else that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.errors import StoreOutOfReach
from bot.store.outage import is_outage, kind_of

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 30.0


@contextmanager
def outages_worded() -> Iterator[None]:
    """StoreOutOfReach in place of whatever an outage of the store raises."""
    try:
        yield
    except Exception as error:
        if not is_outage(error):
            raise
        log.error("request_not_accepted", reason=kind_of(error))
        raise StoreOutOfReach(RETRY_AFTER_S) from error
