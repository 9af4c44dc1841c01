"""The layout `morph`: an emote falls apart into 16 pixels across, and a face puts itself together out of them."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from inference.encoding import Shot
from inference.feeds import Floats
from inference.render import Drawn, emote_tile, face_tile, pixel_tile, side_by_side

HOLD_MS, PIXELS_MS, FACE_MS = 400, 250, 800
"""How long the emote, the network's view and the face are held."""
STEP_MS = 60
"""… and everything between."""
EMOTE_PX = (64, 32)
"""Pixels across on the way down …"""
COARSEST_PX = 16
RISE = ((32, 6), (64, 4), (128, 3))
"""… and up again, with the steps each takes: what changes most takes longest."""
LAST_STEPS, DOWN_STEPS, RETURN_STEPS = 3, 3, 5
"""To the face itself, from the emote to the pixels, and from face to emote, so that the loop has no jump."""
FRAMES = 1 + len(EMOTE_PX) + DOWN_STEPS + sum(steps for _, steps in RISE) + LAST_STEPS + RETURN_STEPS - 1
SOFT = 0.4
"""The share of a change that every single pixel takes for itself."""
RAGGED = 0.35
"""How much of a pixel's turn is chance; the rest is its distance from the middle, where the face begins."""


def morphed(drawn: Sequence[Drawn], *, seed: int, max_pixels: int) -> list[Shot]:
    """A loop of about two and a half seconds, all emotes together; `max_pixels` a frame, `seed` for grain and turns."""
    arrangement = side_by_side(len(drawn))
    tile_px = arrangement.tile_px(max_pixels)
    ways = [list(_way(each, tile_px, seed)) for each in drawn]
    return [
        Shot(arrangement.sheet([tile for tile, _ in step]), max(lasting for _, lasting in step))
        for step in zip(*ways, strict=True)
    ]


def _way(drawn: Drawn, tile_px: int, seed: int) -> Iterator[tuple[Image.Image, int]]:
    """One emote's tiles and how long each is shown."""
    emote, face = emote_tile(drawn)(tile_px), face_tile(drawn.faces[-1], seed)(tile_px)
    yield emote, HOLD_MS
    for side_px in EMOTE_PX:
        shown = _boxed(drawn.emote, side_px).resize((tile_px, tile_px), Image.Resampling.NEAREST)
        yield shown, STEP_MS
    pixels = pixel_tile(_boxed(drawn.seen, COARSEST_PX))(tile_px)
    yield from _between(shown, pixels, _turns(COARSEST_PX, seed), DOWN_STEPS)
    yield pixels, PIXELS_MS
    shown, across = pixels, COARSEST_PX
    for side_px, steps in RISE:
        finer = pixel_tile(_boxed(drawn.faces[-1], side_px))(tile_px)
        yield from _between(shown, finer, _turns(across, seed), steps)
        yield finer, STEP_MS
        shown, across = finer, side_px
    yield from _between(shown, face, _turns(across, seed), LAST_STEPS)
    yield face, FACE_MS
    yield from _between(face, emote, _turns(COARSEST_PX, seed), RETURN_STEPS)


def _boxed(picture: Image.Image, side_px: int) -> Image.Image:
    """As few pixels, each the mean of what it stands for."""
    return picture.resize((side_px, side_px), Image.Resampling.BOX)


def _between(before: Image.Image, after: Image.Image, turns: Floats, steps: int) -> Iterator[tuple[Image.Image, int]]:
    """What is shown, and for how long, on the way between two tiles, each pixel of a grid in its turn.

    Colours are weighed by what is visible of them, or the transparent black would darken the edges.
    """
    before, after = before.convert("RGBa"), after.convert("RGBa")
    for step in range(1, steps):
        shares = np.clip((step / steps * (1 + SOFT) - turns) / SOFT, 0, 1)
        mask = Image.fromarray(np.rint(shares * 255).astype(np.uint8)).resize(before.size, Image.Resampling.NEAREST)
        yield Image.composite(after, before, mask).convert("RGBA"), STEP_MS


def _turns(across: int, seed: int) -> Floats:
    """(across, across) in [0, 1]: when each pixel of the grid begins to change, roughly from the middle outwards."""
    away = np.linspace(-1, 1, across, dtype=np.float32)
    distance = np.hypot(away[:, np.newaxis], away) / np.float32(2**0.5)
    chance = np.random.Generator(np.random.Philox(key=seed)).random((across, across), dtype=np.float32)
    turns: Floats = (1 - np.float32(RAGGED)) * distance + np.float32(RAGGED) * chance
    return turns
