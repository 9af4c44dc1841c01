"""Pictures, jobs and a generator whose faces are easy to predict."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from inference.feeds import Feed, Floats
from inference.protocol import FaceJob, FaceOptions, Frame, Picture

NOW = 1_000_000.0
RED, GREEN, BLUE = (220, 30, 40, 255), (30, 180, 60, 255), (40, 60, 220, 255)


def enlarge(feed: Feed) -> Floats:
    """Every pixel of the images as many times as big as makes (N, 3, 128, 128), or as large as the grain."""
    factor = (feed["grain"].shape[-1] if "grain" in feed else 128) // feed["image"].shape[-1]
    return np.kron(feed["image"], np.ones((1, 1, factor, factor), np.float32))


def picture_of(image: Image.Image) -> Picture:
    """A still picture as the chat side would send it."""
    return Picture(image.width, image.height, (Frame(image.convert("RGBA").tobytes()),))


def disc(colour: tuple[int, int, int, int] = RED, side_px: int = 64, margin_px: int = 0) -> Picture:
    """A coloured disc with a dark eye, in a transparent square."""
    image = Image.new("RGBA", (side_px, side_px))
    far = side_px - 1 - margin_px
    ImageDraw.Draw(image).ellipse((margin_px, margin_px, far, far), fill=colour)
    ImageDraw.Draw(image).ellipse((side_px // 3, side_px // 3, side_px // 2, side_px // 2), fill=(20, 20, 20, 255))
    return picture_of(image)


def job(pictures: Sequence[Picture] = (), *, deadline_at: float = NOW + 60, **options: object) -> FaceJob:
    """A job for the given pictures, a red disc unless told."""
    return FaceJob("some-model", tuple(pictures) or (disc(),), FaceOptions(**options), deadline_at)  # type: ignore[arg-type]
