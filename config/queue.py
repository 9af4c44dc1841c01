"""The queue between the bot and the workers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from config.section import Positive, Section

EMBEDDED = "memory:"
_SERVER = re.compile(r"(nats|tls)://[A-Za-z0-9._-]+(:\d{1,5})?|(nats|tls)://\[[0-9a-fA-F:]+\](:\d{1,5})?")


def _queue_url(value: str) -> str:
    """The embedded queue, or the servers of one NATS cluster."""
    if value == EMBEDDED:
        return value
    servers = value.split(",")
    if not all(_SERVER.fullmatch(server) for server in servers) or len({s.partition(":")[0] for s in servers}) > 1:
        raise ValueError("must be memory: or nats://host:port (tls://host:port), several with commas, without a user")
    return value


def _number(value: object) -> object:
    """Variables are text, which is none of the choices."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class NatsSettings(Section):
    """How to log in at the servers of `queue.url`; files are read when connecting."""

    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    nkey_file: Path | None = None
    credentials_file: Path | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    replicas: Annotated[Literal[1, 3, 5], BeforeValidator(_number)] = 1
    work_here: bool = False


class QueueSettings(Section):
    url: Annotated[str, AfterValidator(_queue_url)]
    max_jobs: Positive
    max_attempts: Positive
    lease_s: float = Field(gt=0)
    cache_ttl_s: float = Field(ge=0)
    cache_mb: int = Field(ge=0)
    nats: NatsSettings = NatsSettings()

    @property
    def embedded(self) -> bool:
        """Whether the queue is in this process."""
        return self.url == EMBEDDED
