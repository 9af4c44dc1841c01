"""From answers to lines of chat: one a line while there is room for all, several in one otherwise. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_CHARS = 500  # of a message, as Twitch counts
_BETWEEN = " · "
_MARK = "\U000e0000"  # invisible: what is the same as the line before would be dropped
_ROOM = MAX_CHARS - 2


@dataclass(frozen=True, slots=True)
class Parcel:
    """One answer, and whom it is for (None: everybody there). `key` is the same for the same answer. `reply_to` is the
    message it answers. `linked` are the words to say where links are taken."""

    key: str
    broadcaster_id: str
    words: str
    asker_name: str | None = None
    reply_to: str | None = None
    linked: str | None = None


def line_for(parcels: Sequence[Parcel], *, with_links: bool = True) -> str:
    """One message that answers all of these; those who are told the same are named together. A single answer in a
    thread names nobody, because Twitch does."""
    return _shortened(_joined(parcels, with_links=with_links))


def fitting(parcels: Sequence[Parcel]) -> int:
    """How many of these, from the first on, fit into one message, with links and without; at least one."""
    count = 1
    while count < len(parcels) and _longest(parcels[: count + 1]) <= _ROOM:
        count += 1
    return count


def unlike(line: str, before: str | None) -> str:
    """The line, told apart from the one before it."""
    return line + _MARK if line == before else line


def _joined(parcels: Sequence[Parcel], *, with_links: bool) -> str:
    if len(parcels) == 1 and parcels[0].reply_to is not None:
        return _said(parcels[0], with_links=with_links)
    named: dict[str, list[str]] = {}
    for parcel in parcels:
        names = named.setdefault(_said(parcel, with_links=with_links), [])
        if parcel.asker_name and f"@{parcel.asker_name}" not in names:
            names.append(f"@{parcel.asker_name}")
    return _BETWEEN.join(" ".join([*names, said]) for said, names in named.items())


def _longest(parcels: Sequence[Parcel]) -> int:
    return max(_size(_joined(parcels, with_links=with_links)) for with_links in (True, False))


def _said(parcel: Parcel, *, with_links: bool) -> str:
    return parcel.linked if with_links and parcel.linked else parcel.words


def _shortened(line: str) -> str:
    while _size(line) > _ROOM:
        line = line[:-2].rstrip() + "…"
    return line


def _size(line: str) -> int:
    """In UTF-16 units, of which there are never less than what Twitch counts."""
    return len(line.encode("utf-16-le")) // 2
