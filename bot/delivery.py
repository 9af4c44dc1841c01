"""How an answer reaches its asker: one deliverer a platform, called by the face service until it succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeAlias

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.metrics import Metrics
from bot.models import FacePicture, FaceRequest, Platform

log = structlog.get_logger(__name__)

TRY_TIMEOUT_S = 60


class DeliveryDelayed(Exception):
    """The platform did not take the answer now (down, rate-limited, not connected yet): it will be tried again."""


class Undeliverable(Exception):
    """The platform will never take the answer: the channel is gone, the permission missing, the token expired."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in words: `words` are ours, safe to post anywhere."""

    words: str


Answer: TypeAlias = FacePicture | Refusal


class Deliverer(Protocol):
    """Posts answers on one platform, at most once each."""

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """Post the answer and return what the platform calls it (None where nothing is posted).

        `maybe_sent` is true when an earlier try may have posted without being recorded (a crash, a timeout): look
        before posting again. Raise DeliveryDelayed or Undeliverable; anything else is a defect.
        """
        ...


class PickUp:
    """For askers who fetch the answer themselves: a browser polling the API, a terminal waiting."""

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """Nothing to post: the stored picture and state are the answer."""
        return None


class Postman:
    """Has the platform's deliverer try until it worked, the platform says never, or nobody expects the answer now."""

    def __init__(self, metrics: Metrics, *, give_up_after_s: float) -> None:
        self._metrics = metrics
        self._give_up_after_s = give_up_after_s
        self._deliverers: dict[Platform, Deliverer] = {}
        self._targets: dict[str, Mapping[str, Any]] = {}

    def add(self, platform: Platform, deliverer: Deliverer) -> None:
        """Each platform has one."""
        self._deliverers[platform] = deliverer

    def serves(self, platform: Platform) -> bool:
        """Whether answers can go there."""
        return platform in self._deliverers

    def redirect(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """From now on the answer goes there, until it is forgotten."""
        self._targets[request_id] = reply_target

    def forget(self, request_id: str) -> None:
        """The request has ended."""
        self._targets.pop(request_id, None)

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        """As `Deliverer.deliver`, but once the tries have ended, every failure is Undeliverable.

        A try that failed or timed out may have posted all the same, so every further one looks first.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((DeliveryDelayed, TimeoutError)),
            wait=wait_random_exponential(multiplier=0.5, max=60),
            stop=stop_after_delay(self._give_up_after_s),
            before_sleep=partial(self._note_retry, request),
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    again = maybe_sent or attempt.retry_state.attempt_number > 1
                    return await self._try(request, answer, maybe_sent=again)
        except (DeliveryDelayed, TimeoutError) as error:
            raise Undeliverable(f"no try worked, the last one: {type(error).__name__}") from error
        raise AssertionError("tenacity either returns or raises")

    async def _try(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        current = replace(request, reply_target=self._targets.get(request.id, request.reply_target))
        async with asyncio.timeout(TRY_TIMEOUT_S):
            return await self._deliverers[request.origin.platform].deliver(current, answer, maybe_sent=maybe_sent)

    def _note_retry(self, request: FaceRequest, state: RetryCallState) -> None:
        self._metrics.delivery_retried(request.origin.platform)
        log.warning("delivery_delayed", request_id=request.id, attempt=state.attempt_number)
