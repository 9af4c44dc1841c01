"""How workers say that they are there, what they can draw and how fast; nothing of it is stored.

A worker says so every two seconds, and at once when somebody asks; one that has been silent for a while is gone.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from inference.protocol import Style
from inference.wire import PROTOCOL_VERSION, ProtocolError

EVERY_S = 2.0
SILENT_S = 8.0
MAX_WORKERS = 1000
MAX_ADVERT_BYTES = 4096
LEAST_S_PER_COST = 1e-6


@dataclass(frozen=True, slots=True)
class WorkerAdvert:
    """What a worker says about itself. `name` is for people; `seconds_per_cost` is measured."""

    id: str
    name: str
    version: str
    runtime: str
    models: Mapping[str, str]
    seconds_per_cost: float
    max_batch: int
    paused: bool = False

    def to_bytes(self) -> bytes:
        """One message."""
        return json.dumps({"protocol": PROTOCOL_VERSION} | asdict(self)).encode()

    @classmethod
    def from_bytes(cls, message: bytes) -> WorkerAdvert:
        """Raise ProtocolError unless this is an advert of this protocol version."""
        try:
            values = json.loads(message if len(message) <= MAX_ADVERT_BYTES else b"")
            if values["protocol"] != PROTOCOL_VERSION:
                raise ValueError("another version")
            return cls(
                id=_word(values["id"]),
                name=_word(values["name"]),
                version=_word(values["version"]),
                runtime=_word(values["runtime"]),
                models={_word(style): _word(model) for style, model in values["models"].items()},
                seconds_per_cost=_positive(values["seconds_per_cost"]),
                max_batch=int(_positive(values["max_batch"])),
                paused=bool(values["paused"]),
            )
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise ProtocolError("not the advert of a worker") from error


class Workers:
    """Who is there. `clock` gives seconds that never jump."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: dict[str, tuple[WorkerAdvert, float]] = {}
        self._models: dict[Style, str] = {}

    def heard(self, advert: WorkerAdvert) -> None:
        """This worker is there."""
        if advert.id in self._heard or len(self._heard) < MAX_WORKERS:
            self._heard[advert.id] = (advert, self._clock())

    def left(self, worker_id: str) -> None:
        """It has said goodbye."""
        self._heard.pop(worker_id, None)

    def present(self) -> list[WorkerAdvert]:
        """All that were heard of lately."""
        since = self._clock() - SILENT_S
        self._heard = {name: heard for name, heard in self._heard.items() if heard[1] > since}
        return [advert for advert, _ in self._heard.values()]

    def working(self) -> list[WorkerAdvert]:
        """Those that take jobs."""
        return [advert for advert in self.present() if not advert.paused]

    def seconds_per_cost(self) -> float | None:
        """All of them together; None when there is nobody."""
        speed = sum(1 / worker.seconds_per_cost for worker in self.working())
        return 1 / speed if speed else None

    def models(self) -> Mapping[Style, str]:
        """What jobs of each style should ask for: of the models served, the one most can be drawn with.

        It stays the same when everybody leaves: what was asked for waits for somebody to come back.
        """
        speeds: dict[tuple[Style, str], float] = {}
        for worker in self.working():
            for style, model_id in _known(worker.models):
                speeds[style, model_id] = speeds.get((style, model_id), 0.0) + 1 / worker.seconds_per_cost
        if speeds:
            self._models = {
                style: model_id for (style, model_id), _ in sorted(speeds.items(), key=lambda item: item[1])
            }
        return self._models

    def enough_waiting(self, model_id: str, seconds_per_cost: float, own_id: str) -> int:
        """With how many jobs waiting a worker so slow is of use: with fewer, faster ones are done sooner."""
        faster = [
            1 / worker.seconds_per_cost
            for worker in self.working()
            if worker.id != own_id
            and model_id in worker.models.values()
            and worker.seconds_per_cost < seconds_per_cost / 2
        ]
        return max(1, math.floor(seconds_per_cost * sum(faster)))


def _known(models: Mapping[str, str]) -> Iterator[tuple[Style, str]]:
    """A newer worker may have styles that nobody here can ask for."""
    return ((Style(style), model_id) for style, model_id in models.items() if style in set(Style))


def _word(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise ValueError("not a word")
    return value


def _positive(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or number <= 0:
        raise ValueError("not a measure")
    return max(LEAST_S_PER_COST, number)
