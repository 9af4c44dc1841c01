"""What is kept on the server: made when it is missing, brought up to date when an older program made it.

Only the bot may do that (`config/nats-roles.conf`); workers wait until it is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from config.queue import QueueSettings
from inference.protocol import MAX_JOB_BYTES, MAX_RESULT_BYTES
from inference.queue.nats.connection import Connection, Refused
from inference.queue.nats.large import HEADER_BYTES
from inference.queue.nats.names import (
    DEAD,
    DEAD_SUBJECTS,
    JOB_SUBJECTS,
    JOBS,
    LARGE,
    LARGE_SUBJECTS,
    RESULT_SUBJECTS,
    RESULTS,
    consumer_of,
    jobs_of,
)
from inference.queue.outcomes import UNCLAIMED_BYTES, UNCLAIMED_TTL_S

log = structlog.get_logger(__name__)

STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
LONGEST_JOB_S = 3600  # no message stays longer, whatever its deadline
DEAD_LETTER_DAYS = 7
DEAD_LETTERS = 256
FORGET_CONSUMER_S = 86_400  # a model that no worker has had for so long is not coming back
GROUP = "workers"
_NANO = 1_000_000_000

Config = Mapping[str, Any]


class StreamUnfit(Exception):
    """A stream of this name is there and cannot be made what it has to be: somebody else's, or of another kind."""


def kept_s(settings: QueueSettings) -> int:
    """How long a face is kept on the server: for the cache time, and long enough for who is about to fetch it."""
    return math.ceil(max(settings.cache_ttl_s, UNCLAIMED_TTL_S))


def wanted(settings: QueueSettings) -> Iterator[Config]:
    """All streams as they have to be."""
    common = {"storage": "file", "num_replicas": settings.nats.replicas, "allow_direct": True}
    once = {"max_msgs_per_subject": 1, "allow_msg_ttl": True}
    cache_bytes = max(settings.cache_mb * 1_000_000, UNCLAIMED_BYTES)
    yield (
        common
        | once
        | {
            "name": JOBS,
            "subjects": [f"{JOB_SUBJECTS}.>"],
            "retention": "workqueue",
            "discard": "new",
            "discard_new_per_subject": True,
            "max_msgs": settings.max_jobs,
            "max_age": LONGEST_JOB_S * _NANO,
            "max_msg_size": MAX_JOB_BYTES + HEADER_BYTES,
        }
    )
    yield (
        common
        | once
        | {
            "name": RESULTS,
            "subjects": [f"{RESULT_SUBJECTS}.>"],
            "retention": "limits",
            "discard": "old",  # a full cache forgets its oldest face; refusing the newest would lose an answer
            "max_bytes": cache_bytes,
            "max_age": kept_s(settings) * _NANO,
            "max_msg_size": MAX_RESULT_BYTES + HEADER_BYTES,
        }
    )
    yield common | {
        "name": DEAD,
        "subjects": [f"{DEAD_SUBJECTS}.>"],
        "retention": "limits",
        "discard": "old",
        "max_msgs": DEAD_LETTERS,
        "max_bytes": DEAD_LETTERS * MAX_JOB_BYTES // 2,
        "max_age": DEAD_LETTER_DAYS * 86_400 * _NANO,
    }
    yield common | {
        "name": LARGE,
        "subjects": [f"{LARGE_SUBJECTS}.>"],
        "retention": "limits",
        "discard": "old",
        "max_bytes": 4 * cache_bytes,
        "max_age": max(kept_s(settings), LONGEST_JOB_S) * _NANO,
    }


async def bring_up_to_date(connection: Connection, settings: QueueSettings) -> None:
    """Make or change every stream. Raise StreamUnfit where that is not possible."""
    for config in wanted(settings):
        name = config["name"]
        try:
            info = await connection.api(f"STREAM.INFO.{name}")
        except Refused as refusal:
            if refusal.err_code != STREAM_NOT_FOUND:
                raise
            await connection.api(f"STREAM.CREATE.{name}", config)
            log.info("nats_stream_created", stream=name)
            continue
        connection.set_clock(info)
        if _differs(info["config"], config):
            await _change(connection, info["config"], config)


async def _change(connection: Connection, present: Config, config: Config) -> None:
    name = config["name"]
    if present.get("retention") != config["retention"] or present.get("storage") != config["storage"]:
        raise StreamUnfit(f"the stream {name} is there and of another kind; remove it, or use another server")
    try:
        await connection.api(f"STREAM.UPDATE.{name}", {**present, **config})
    except Refused as refusal:
        raise StreamUnfit(f"the stream {name} cannot be changed: {refusal.description}") from refusal
    log.info("nats_stream_changed", stream=name)


async def add_consumer(connection: Connection, settings: QueueSettings, model_id: str) -> None:
    """Make or change the consumer that all workers with this model share. Raise Refused while there is no stream."""
    name = consumer_of(model_id)
    config = {
        "durable_name": name,
        "name": name,
        "filter_subject": jobs_of(model_id),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(settings.lease_s * _NANO),
        "max_deliver": settings.max_attempts,
        "max_ack_pending": -1,
        "inactive_threshold": FORGET_CONSUMER_S * _NANO,
        "priority_groups": [GROUP],
        "priority_policy": "overflow",  # slow workers ask for jobs only when many wait: `min_pending`
    }
    body = {"stream_name": JOBS, "config": config, "action": ""}
    await connection.api(f"CONSUMER.CREATE.{JOBS}.{name}.{config['filter_subject']}", body)


def _differs(present: Config, config: Config) -> bool:
    return any(present.get(name) != value for name, value in config.items())
