"""Animated pictures and opened animations, for tests."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from inference.protocol import Frame, Picture


@dataclass(frozen=True, slots=True)
class Opened:
    """An animated file as a viewer plays it."""

    frames: Sequence[Image.Image]
    durations_ms: Sequence[int]


def film_of(frames: Sequence[Image.Image], durations_ms: Sequence[int]) -> Picture:
    """An animation as the chat side would send it."""
    pixels = (frame.convert("RGBA").tobytes() for frame in frames)
    return Picture(*frames[0].size, tuple(map(Frame, pixels, durations_ms)))


def rolling_ball(durations_ms: Sequence[int], side_px: int = 48) -> Picture:
    """A disc that rolls from left to right in a transparent square; no two frames are alike."""
    frames = []
    for at in range(len(durations_ms)):
        image = Image.new("RGBA", (side_px, side_px))
        left = at * (side_px - 24) / max(1, len(durations_ms) - 1)
        ImageDraw.Draw(image).ellipse((left, 12, left + 22, 34), fill=(250, 4 * at, 255 - 4 * at, 255))
        frames.append(image)
    return film_of(frames, durations_ms)


def opened(webp: bytes) -> Opened:
    frames, lasting = [], []
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as picture:
        for at in range(picture.n_frames):  # type: ignore[attr-defined]
            picture.seek(at)
            picture.load()
            frames.append(picture.convert("RGBA"))
            lasting.append(picture.info["duration"])
    return Opened(frames, lasting)
