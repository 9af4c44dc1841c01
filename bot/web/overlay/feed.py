"""What an open overlay has to be told, from what it knows and what there is to see. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.web.event_streams import Event

REPLAY_S = 60.0
"""Faces as old as this are shown to an overlay that has just been opened; older ones were missed for good."""
OVERLAP_S = 5.0
"""Clocks of machines differ, and commits take a while; what comes twice, the page leaves out."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to show: a face, a test, a round. `at` is since when, in Unix seconds."""

    id: str
    at: float
    event: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything there is to see at one moment. Of what is older than `complete_since` it says nothing."""

    look: Mapping[str, Any]
    items: Sequence[Item]
    complete_since: float


@dataclass(slots=True)
class Feed:
    """One connection. `seen_until` is the moment up to which the page says it has seen everything, in Unix seconds."""

    now: float
    seen_until: float | None = None
    _told: dict[str, Item] = field(default_factory=dict)
    _look: Mapping[str, Any] | None = None

    def events(self, scene: Scene) -> Iterator[Event]:
        """What is new in this scene. The first one also says what is left of what the page may have seen before."""
        if self._look is None:
            yield Event({"ids": [item.id for item in scene.items]}, "kept")
        if scene.look != self._look:
            self._look = scene.look
            yield Event(scene.look, "look")
        present = {item.id: item for item in scene.items}
        for item in list(self._told.values()):
            if item.id not in present:
                del self._told[item.id]
                if item.at >= scene.complete_since:
                    yield Event({"id": item.id}, "hide")
        for item in scene.items:
            if self._is_news(item):
                self._told[item.id] = item
                yield Event({"id": item.id, **item.data}, item.event, f"{item.at:.3f}")

    def _is_news(self, item: Item) -> bool:
        told = self._told.get(item.id)
        if told is not None:
            return told.event != item.event
        return item.at >= max(self.now - REPLAY_S, (self.seen_until or 0.0) - OVERLAP_S)
