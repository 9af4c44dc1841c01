"""The queue between the bot and the workers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from config.section import Positive, Section

EMBEDDED = "memory:"
NATS_PORT = 4222
_HOST = r"[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]"
_SERVED = re.compile(rf"(?P<host>{_HOST})(:(?P<port>\d{{1,5}}))?")
_SERVER = re.compile(r"(nats|tls)://[A-Za-z0-9._-]+(:\d{1,5})?|(nats|tls)://\[[0-9a-fA-F:]+\](:\d{1,5})?")


def _queue_url(value: str) -> str:
    """The embedded queue, or the servers of one NATS cluster."""
    if value == EMBEDDED:
        return value
    servers = value.split(",")
    if not all(_SERVER.fullmatch(server) for server in servers) or len({s.partition(":")[0] for s in servers}) > 1:
        raise ValueError("must be memory: or nats://host:port (tls://host:port), several with commas, without a user")
    return value


@dataclass(frozen=True, slots=True)
class Served:
    """This machine, as workers elsewhere reach it: by any of the names, all at one port."""

    names: tuple[str, ...]
    port: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Of `host`, `host:port` or several of them with commas. Raise ValueError."""
        found = [_SERVED.fullmatch(name) for name in text.split(",")]
        ports = {int(match["port"]) for match in found if match and match["port"]} or {NATS_PORT}
        if not all(found) or len(ports) > 1 or not 0 < min(ports) < 65_536:
            raise ValueError("must be this machine's name or address, host or host:port, several (one port) by commas")
        return cls(tuple(match["host"] for match in found if match), ports.pop())

    @property
    def url(self) -> str:
        """As `queue.url` wants it."""
        return ",".join(f"tls://{name}:{self.port}" for name in self.names)


def _served(value: str) -> str:
    Served.of(value)
    return value


def _number(value: object) -> object:
    """Variables are text, which is none of the choices."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class NatsSettings(Section):
    """How to log in at the servers of `queue.url`; files are read when connecting. Two replace all of that: `serve`
    in a bot, `join` in a worker."""

    serve: Annotated[str, AfterValidator(_served)] | None = None
    join: SecretStr | None = None
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

    @property
    def served(self) -> Served | None:
        """What `serve` says."""
        return Served.of(self.serve) if self.serve else None


class QueueSettings(Section):
    url: Annotated[str, AfterValidator(_queue_url)]
    max_jobs: Positive
    max_attempts: Positive
    lease_s: float = Field(gt=0)
    cache_ttl_s: float = Field(ge=0)
    cache_mb: int = Field(ge=0)
    nats: NatsSettings = NatsSettings()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = {"url": self.url != EMBEDDED, "nats.serve": self.nats.serve, "nats.join": self.nats.join}
        if len(chosen := [name for name, given in ways.items() if given]) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other")
        return self

    @property
    def embedded(self) -> bool:
        """Whether the queue is in this process."""
        return self.url == EMBEDDED and self.nats.serve is None
