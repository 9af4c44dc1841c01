"""What queues know of each job in flight."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from inference.protocol import FaceJob, FailureCode
from inference.queue.interface import Lease


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was given up, kept for inspection."""

    job: FaceJob
    code: FailureCode
    attempts: int
    at: float


@dataclass(eq=False, slots=True)
class Claim:
    """One asker of a job that is not answered yet."""

    deadline_at: float
    settled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Entry:
    """A job in flight: waiting while `lease` is None. It lives as long as it is leased or somebody waits for it."""

    job: FaceJob
    claims: dict[str, Claim] = field(default_factory=dict)
    deliveries: int = 0
    lease: Lease | None = None
    leased_until: float = 0.0

    @property
    def deadline_at(self) -> float:
        """When the last asker gives up."""
        return max((claim.deadline_at for claim in self.claims.values()), default=0.0)
