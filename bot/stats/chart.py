"""What a picture of statistics shows: words and numbers, as plain values that go to another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeAlias

Bars: TypeAlias = Sequence[tuple[str, int]]
"""Labels and their values, from left to right or from top to bottom."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram."""

    title: str
    bars: Bars


@dataclass(frozen=True, slots=True)
class Chart:
    """A wide panel above two smaller ones. `nothing` stands where a panel has no bars."""

    title: str
    days: Panel
    emotes: Panel
    channels: Panel
    nothing: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse."""
        panels = {
            name: Panel(values[name]["title"], [(label, value) for label, value in values[name]["bars"]])
            for name in ("days", "emotes", "channels")
        }
        return cls(title=values["title"], nothing=values["nothing"], **panels)
