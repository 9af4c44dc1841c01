"""The layout `morph`: an emote falls apart into the 16 pixels the network sees, and a face comes out of them."""

from collections.abc import Iterator, Sequence

from PIL import Image

from inference.animation import Shot
from inference.render import FACE_PX, Drawn, tile, tiled

HOLD_MS, PIXELS_MS, FACE_MS = 400, 250, 700
"""How long the emote, the network's view and the face are held."""
STEP_MS = 60
"""… and everything between."""
COARSER_PX = (64, 32)
"""Pixels across on the way down to 16."""
RISE, RETURN = 6, 3
"""Steps from pixels to face, and from there back to the emote, so that the loop has no jump."""


def morphed(drawn: Sequence[Drawn]) -> list[Shot]:
    """A loop of about two seconds, all emotes together."""
    ways = [list(_way(each)) for each in drawn]
    return [Shot(tiled([image for image, _ in step]), step[0][1]) for step in zip(*ways, strict=True)]


def _way(drawn: Drawn) -> Iterator[tuple[Image.Image, int]]:
    """One emote's tiles and how long each is shown."""
    emote, pixels, face = (tile(each) for each in (drawn.emote, drawn.seen, drawn.faces[-1]))
    yield emote, HOLD_MS
    for side_px in COARSER_PX:
        yield _coarse(drawn.emote, side_px), STEP_MS
    yield pixels, PIXELS_MS
    for step in range(1, RISE):
        yield _mixed(pixels, face, step / RISE), STEP_MS
    yield face, FACE_MS
    for step in range(1, RETURN):
        yield _mixed(face, emote, step / RETURN), STEP_MS


def _coarse(emote: Image.Image, side_px: int) -> Image.Image:
    """In as few pixels with hard edges."""
    small = emote.resize((side_px, side_px), Image.Resampling.BOX)
    return small.resize((FACE_PX, FACE_PX), Image.Resampling.NEAREST)


def _mixed(first: Image.Image, second: Image.Image, share: float) -> Image.Image:
    """Cross-faded with colours weighed by what is visible of them, or the transparent black would darken the edges."""
    return Image.blend(first.convert("RGBa"), second.convert("RGBa"), share).convert("RGBA")
