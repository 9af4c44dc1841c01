"""How an answer reaches its asker: one deliverer a platform, called by the face service until it succeeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.models import FacePicture, FaceRequest


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
