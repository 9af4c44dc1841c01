"""Drawn emoji of npm packages, sorted into `faces/` and `things/` as `Drawn` wants them.

The packages are those in PACKS and no others: twemoji, with which the evaluation measures, must stay unseen.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.training.emoji_groups import emoji_records, is_face

FACES, THINGS = "faces", "things"
LEFT_OUT = {"Flags", "Symbols"}
"""Categories, but for the faces in them."""
BODIES = {"person-activity", "person-resting", "person-sport"}
"""Groups of people too small to have a face; other groups of people are faces, gestures too."""


class ArtError(Exception):
    """A folder is not an unpacked package of emoji that may be used."""


@dataclass(frozen=True, slots=True)
class Art:
    """Where a package keeps its pictures, named by code points; `tag` begins the names of the copies."""

    tag: str
    folder: str
    suffix: str


PACKS = {
    "emoji-datasource-google": Art("g", "img/google/64", ".png"),
    "@lobehub/fluent-emoji-3d": Art("f", "assets", ".webp"),
}
"""Noto Emoji by Google (Apache License 2.0), Fluent Emoji by Microsoft (MIT)."""


def copy_art(packs: Sequence[Path], target: Path) -> dict[str, int]:
    """Copy the pictures of unpacked packages into `faces/` and `things/` of a folder; returns how many of each.

    Of people who come in the five skin tones there is the plain one, one of the three lighter and one of the two darker
    tones, others each time.
    """
    arts = [(_art(pack), pack) for pack in packs]
    copied = {FACES: 0, THINGS: 0}
    for folder in copied:
        (target / folder).mkdir(parents=True, exist_ok=True)
    for record in emoji_records():
        kind = _kind(record)
        if kind is None:
            continue
        codes = [record["unified"]]
        if kind == FACES and (tones := list(record.get("skin_variations", {}).values())):
            lighter, darker = tones[:3], tones[3:]
            codes += [some[copied[FACES] % len(some)]["unified"] for some in (lighter, darker)]
        for source, name in _pictures(codes, arts):
            shutil.copyfile(source, target / kind / name)
            copied[kind] += 1
    return copied


def _art(pack: Path) -> Art:
    try:
        name = json.loads((pack / "package.json").read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ArtError(f"{pack}: not an unpacked npm package ({error!r})") from error
    if name not in PACKS:
        raise ArtError(f"{pack}: {name} is none of {', '.join(PACKS)}")
    if not any((pack / PACKS[name].folder).glob(f"*{PACKS[name].suffix}")):
        raise ArtError(f"{pack}: holds no pictures in {PACKS[name].folder}")
    return PACKS[name]


def _kind(record: dict[str, Any]) -> str | None:
    """Where an emoji belongs, if anywhere."""
    if is_face(record):
        return FACES
    if record["category"] in LEFT_OUT:
        return None
    group: str = record["subcategory"]
    return FACES if group.startswith("person") and group not in BODIES else THINGS


def _pictures(codes: Sequence[str], arts: Sequence[tuple[Art, Path]]) -> Iterator[tuple[Path, str]]:
    """What the packages have of these code points, and what to call it; packages differ in writing U+FE0F."""
    for code in codes:
        spellings = sorted({code.lower(), code.lower().replace("-fe0f", "")})
        for art, pack in arts:
            paths = [pack / art.folder / f"{spelling}{art.suffix}" for spelling in spellings]
            if path := next(filter(Path.exists, paths), None):
                yield path, f"{art.tag}-{path.name}"
