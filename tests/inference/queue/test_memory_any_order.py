"""Whatever workers, askers and the clock do in whatever order: every accepted job is answered, and only once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

pytest.register_assert_rewrite("tests.inference.queue.contract")

from inference.protocol import FaceOutcome, FaceResult, FailureCode  # noqa: E402
from inference.queue.interface import Lease, QueueFull, Ticket  # noqa: E402
from inference.queue.memory import MemoryQueue  # noqa: E402
from inference.queue.outcomes import UNCLAIMED_TTL_S  # noqa: E402
from tests.inference.queue.contract import SETTINGS, a_face, a_failure, a_job  # noqa: E402

MAX_JOBS = 3
MAX_ATTEMPTS = 2
LEASE_S = 5.0


@dataclass(slots=True)
class Asked:
    ticket: Ticket
    deadline_at: float
    asked_at: float


@dataclass(slots=True)
class Held:
    lease: Lease
    until: float


class AnyOrder(RuleBasedStateMachine):
    leases = Bundle("leases")
    tickets = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.runner = asyncio.Runner()
        limits = {"max_jobs": MAX_JOBS, "max_attempts": MAX_ATTEMPTS, "lease_s": LEASE_S, "cache_ttl_s": 20}
        self.queue = MemoryQueue(SETTINGS.model_copy(update=limits), clock=lambda: self.now)
        self.open: dict[str, Asked] = {}  # asked and neither answered nor withdrawn, by ticket id
        self.held: list[Held] = []
        self.given: dict[str, set[FaceOutcome]] = defaultdict(set)  # what workers said, by key
        self.deliveries: dict[str, int] = defaultdict(int)
        self.count = 0

    @rule(target=tickets, number=st.integers(0, 4), patience_s=st.sampled_from([2.0, 8.0, 100.0]))
    def submit(self, number: int, patience_s: float) -> object:
        job = a_job(number, deadline_at=self.now + patience_s)
        try:
            ticket = self.runner.run(self.queue.submit(job))
        except QueueFull:
            stats = self.queue.stats()
            assert stats.waiting + stats.leased == MAX_JOBS
            return multiple()
        assert ticket.id not in self.open
        self.open[ticket.id] = Asked(ticket, job.deadline_at, self.now)
        return ticket

    @rule(target=leases, max_n=st.integers(1, 3))
    def pull(self, max_n: int) -> object:
        if not (waiting := self.queue.stats().waiting):
            return multiple()
        leases = self.runner.run(self.queue.pull(max_n, 0))
        assert len(leases) == min(waiting, max_n)
        for lease in leases:
            assert lease.job.deadline_at > self.now
            assert not any(held.lease.job.key == lease.job.key and held.until > self.now for held in self.held)
            self.deliveries[lease.job.key] += 1
            self.held.append(Held(lease, self.now + LEASE_S))
        return multiple(*leases)

    @rule(lease=leases)
    def extend(self, lease: Lease) -> None:
        for held in self.held:
            if held.lease is lease and held.until > self.now:
                held.until = self.now + LEASE_S
        self.runner.run(lease.extend())

    @rule(lease=leases)
    def done(self, lease: Lease) -> None:
        self.count += 1
        face = a_face(lease.job, str(self.count).encode())
        self.given[lease.job.key].add(face)
        self.runner.run(lease.done(face))
        self.held = [held for held in self.held if held.lease.job.key != lease.job.key]

    @rule(lease=leases, dead_letter=st.booleans())
    def fail(self, lease: Lease, dead_letter: bool) -> None:
        failure = a_failure(lease.job)
        self.given[lease.job.key].add(failure)
        self.runner.run(lease.fail(failure, dead_letter=dead_letter))
        self.drop(lease)

    @rule(lease=leases)
    def release(self, lease: Lease) -> None:
        self.runner.run(lease.release())
        self.drop(lease)

    @rule(ticket=consumes(tickets))
    def cancel(self, ticket: Ticket) -> None:
        self.runner.run(self.queue.cancel(ticket))
        self.open.pop(ticket.id, None)

    @rule(ticket=tickets)
    def ask(self, ticket: Ticket) -> None:
        asked = self.open.get(ticket.id)
        try:
            outcome = self.runner.run(self.queue.result(ticket, 0))
        except TimeoutError:
            assert asked is not None
            assert asked.deadline_at > self.now, "nobody waits longer than the deadline"
            return
        except LookupError:
            assert asked is None or self.now - asked.asked_at >= UNCLAIMED_TTL_S, "tickets are not forgotten"
            return
        self.open.pop(ticket.id, None)
        self.check(outcome, ticket, asked)

    @rule(seconds=st.sampled_from([0.5, 3.0, LEASE_S, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def stays_bounded(self) -> None:
        stats = self.queue.stats()
        assert 0 <= stats.waiting + stats.leased <= MAX_JOBS
        assert stats.outstanding_cost == stats.waiting + stats.leased

    def teardown(self) -> None:
        """In the end every asker is answered: with a worker that works, everything in flight is drawn."""
        try:
            self.now += LEASE_S
            while stats_waiting := self.queue.stats().waiting:
                for lease in self.runner.run(self.queue.pull(stats_waiting, 0)):
                    self.count += 1
                    face = a_face(lease.job, str(self.count).encode())
                    self.given[lease.job.key].add(face)
                    self.runner.run(lease.done(face))
            for asked in self.open.values():
                if self.now - asked.asked_at < UNCLAIMED_TTL_S:
                    self.check(self.runner.run(self.queue.result(asked.ticket, 0)), asked.ticket, asked)
        finally:
            self.runner.close()

    def drop(self, lease: Lease) -> None:
        self.held = [held for held in self.held if held.lease is not lease]

    def check(self, outcome: FaceOutcome, ticket: Ticket, asked: Asked | None) -> None:
        assert outcome.key == ticket.key
        if outcome in self.given[ticket.key]:
            return
        assert not isinstance(outcome, FaceResult), "a face no worker has drawn"
        if outcome.code is FailureCode.DEADLINE_EXCEEDED:
            assert asked is not None
            assert asked.deadline_at <= self.now
        else:
            assert outcome.code is FailureCode.GENERATOR_CRASHED
            assert self.deliveries[ticket.key] >= MAX_ATTEMPTS


AnyOrder.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
