"""The face of a finished pair, alone. One drawing serves both: the face for the riddle, the pair for its end."""

from __future__ import annotations

import io

from PIL import Image, ImageSequence


def face_of_pair(content: bytes) -> bytes:
    """A WebP of the right square of `content`, which our own worker has drawn, marked as AI-made as that is."""
    with Image.open(io.BytesIO(content), formats=["WEBP"]) as pair:
        box = (pair.width - pair.height, 0, pair.width, pair.height)
        faces, lasting = [], []
        for frame in ImageSequence.Iterator(pair):
            faces.append(frame.convert("RGBA").crop(box))
            lasting.append(frame.info.get("duration", 0))
        file, xmp = io.BytesIO(), pair.info.get("xmp", b"")
    if len(faces) == 1:
        faces[0].save(file, "WEBP", quality=90, method=0, xmp=xmp)
    else:
        faces[0].save(
            file, "WEBP", save_all=True, append_images=faces[1:], duration=lasting, loop=0, quality=75, xmp=xmp
        )
    return file.getvalue()
