"""Is the program able to answer? Every part reports for itself; the composition root registers the parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog

log = structlog.get_logger(__name__)

CHECK_TIMEOUT_S = 2.0

Detail: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class HealthPart:
    """How one part is. `detail` holds what a person or a script wants to know, such as the worker's `child_pid`."""

    name: str
    ok: bool
    detail: Mapping[str, Detail] = field(default_factory=dict)


HealthCheck: TypeAlias = Callable[[], Awaitable[HealthPart]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """All parts at one moment, in the order they were added."""

    parts: tuple[HealthPart, ...]

    @property
    def ok(self) -> bool:
        return all(part.ok for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The body of `/health/ready`."""
        return {
            "ok": self.ok,
            "parts": {part.name: {"ok": part.ok, "detail": dict(part.detail)} for part in self.parts},
        }


class Health:
    """Collects the checks. A check that is late or fails makes its own part unready and no other."""

    def __init__(self, check_timeout_s: float = CHECK_TIMEOUT_S) -> None:
        self._check_timeout_s = check_timeout_s
        self._checks: dict[str, HealthCheck] = {}

    def add(self, name: str, check: HealthCheck) -> None:
        """Register a part; its name must be new."""
        if name in self._checks:
            raise ValueError(f"the health part {name} is already there")
        self._checks[name] = check

    async def ready(self) -> Readiness:
        """Run all checks at once; takes no longer than the timeout of one."""
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._run(name, check)) for name, check in self._checks.items()]
        return Readiness(tuple(task.result() for task in running))

    async def _run(self, name: str, check: HealthCheck) -> HealthPart:
        try:
            async with asyncio.timeout(self._check_timeout_s):
                return await check()
        except TimeoutError:
            return HealthPart(name, ok=False, detail={"error": f"no answer within {self._check_timeout_s:g} s"})
        except Exception as error:  # whatever breaks a part's check is the news that this page is for
            log.warning("health_check_failed", part=name, exc_info=True)
            return HealthPart(name, ok=False, detail={"error": type(error).__name__})
