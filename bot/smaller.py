"""A finished face once more in fewer bytes, for platforms that do not take it as it is."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageSequence

from inference.protocol import Format

_SCALES = (0.7, 0.5, 0.35, 0.25)
_SMALLEST_PX = 48  # a face below that is none
_QUALITY = 70


def smaller(picture: bytes, max_bytes: int) -> bytes | None:
    """The picture in the same format and at most so many bytes; None when it would be too small to see anything.

    Takes a second for a long animation: not for the event loop. What the file says about its origin is kept.
    """
    form = Format.of(picture)
    with Image.open(io.BytesIO(picture), formats=[form.name]) as image:
        frames, durations_ms = list[Image.Image](), list[int]()
        for frame in ImageSequence.Iterator(image):
            frames.append(frame.convert("RGBA"))  # loads the frame, and only then its duration is known
            durations_ms.append(int(frame.info.get("duration", 0)))
        origin: dict[str, Any] = {name: image.info[name] for name in ("xmp", "comment") if name in image.info}
    for scale in _SCALES:
        width, height = frames[0].size
        size = round(width * scale), round(height * scale)
        if min(size) < _SMALLEST_PX:
            return None
        file = _encoded([frame.resize(size) for frame in frames], durations_ms, form, origin)
        if len(file) <= max_bytes:
            return file
    return None


def _encoded(frames: list[Image.Image], durations_ms: list[int], form: Format, origin: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    first, *others = frames
    options: dict[str, Any] = {"quality": _QUALITY, "method": 2} if form is Format.WEBP else {}
    if others:
        options |= {"save_all": True, "append_images": others, "duration": durations_ms, "loop": 0, "disposal": 2}
    first.save(file, form.name, **options, **origin)
    return file.getvalue()
