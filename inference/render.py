"""Faces -> one answer picture: tiles of emotes, pixels and faces, arranged by layout."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw

from inference.protocol import Layout

TILE_SIDES_PX = (512, 384, 256, 192, 128, 96, 64, 48, 32)
"""A picture's tiles are as large as its limits allow."""
LARGEST_SIDE_PX = 2200
GAP = 1 / 16
"""Between the tiles of one emote, in tile sides; there is twice as much between emotes."""
CORNER = 3 / 32
"""Radius of a face's corners in tile sides, where the background shows through."""
TILES_A_ROW = 4
ROUGH_PX = 16
"""Pixels across that are shown of somebody's own picture."""
GRAIN = 3.0
"""Standard deviation, of 255: hides that an enlarged face has no finer detail, and is gone at arm's length."""

Tile: TypeAlias = Callable[[int], Image.Image]
"""A square RGBA picture in the side asked for, in px."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One emote's way to a face: the emote (RGBA), what the network saw, every round's face (RGB). All are square.

    Of a `pixelated` one the first two are only 16 pixels across.
    """

    emote: Image.Image
    seen: Image.Image
    faces: Sequence[Image.Image]
    pixelated: bool = False

    def made_rough(self) -> Drawn:
        """Pixelated: what is finer is gone for every layout."""
        return Drawn(_rough(self.emote), _rough(self.seen), self.faces, pixelated=True)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`blocks` of `tiles` each: a block's tiles in rows of `wide`, the blocks in rows of `across`."""

    blocks: int
    tiles: int = 1
    wide: int = 1
    across: int = 1

    def tile_px(self, max_pixels: int) -> int:
        """The largest side of a tile that keeps the sheet within its limits."""
        for tile_px in TILE_SIDES_PX:
            width, height = self.size(tile_px)
            if max(width, height) <= LARGEST_SIDE_PX and width * height <= max_pixels:
                break
        return tile_px

    def size(self, tile_px: int) -> tuple[int, int]:
        """Of the whole sheet."""
        step_x, step_y, gap_px = self._steps(tile_px)
        return self.across * step_x - 2 * gap_px, -(-self.blocks // self.across) * step_y - 2 * gap_px

    def sheet(self, tiles: Sequence[Image.Image]) -> Image.Image:
        """All tiles of all blocks, in order, on a transparent background: it suits light and dark chats alike."""
        tile_px = tiles[0].width
        sheet = Image.new("RGBA", self.size(tile_px))
        for tile, corner in zip(tiles, self._corners(tile_px), strict=True):
            sheet.paste(tile, corner)
        return sheet

    def _steps(self, tile_px: int) -> tuple[int, int, int]:
        """From block to block, right and down, and the gap between tiles."""
        gap_px = round(tile_px * GAP)
        high = -(-self.tiles // self.wide)
        return self.wide * (tile_px + gap_px) + gap_px, high * (tile_px + gap_px) + gap_px, gap_px

    def _corners(self, tile_px: int) -> Iterator[tuple[int, int]]:
        step_x, step_y, gap_px = self._steps(tile_px)
        for block in range(self.blocks):
            row, column = divmod(block, self.across)
            missing = self.across - min(self.across, self.blocks - row * self.across)
            left = column * step_x + missing * step_x // 2  # a last row that is not full is centred
            for at in range(self.tiles):
                down, right = divmod(at, self.wide)
                yield left + right * (tile_px + gap_px), row * step_y + down * (tile_px + gap_px)


def rendered(drawn: Sequence[Drawn], layout: Layout, *, seed: int, max_pixels: int) -> Image.Image:
    """All emotes in one picture of about at most `max_pixels`; `seed` is the grain's. A face alone is plain RGB."""
    if layout is Layout.FACE and len(drawn) == 1:
        return _grainy(drawn[0].faces[-1], Arrangement(1).tile_px(max_pixels), seed)
    blocks = [list(_tiles(each, layout, seed)) for each in drawn]
    arrangement = _arrangement(len(blocks), len(blocks[0]), layout)
    tile_px = arrangement.tile_px(max_pixels)
    return arrangement.sheet([tile(tile_px) for block in blocks for tile in block])


def side_by_side(count: int) -> Arrangement:
    """One tile for each emote."""
    return Arrangement(count, across=_balanced(count, 3))


def emote_tile(drawn: Drawn) -> Tile:
    """The emote has an outline of its own; only a pixelated photo may fill the corners."""
    if drawn.pixelated:
        return lambda side_px: _cornered(drawn.emote.resize((side_px, side_px), Image.Resampling.NEAREST))
    return lambda side_px: drawn.emote.resize((side_px, side_px), Image.Resampling.LANCZOS)


def pixel_tile(picture: Image.Image) -> Tile:
    """An RGB picture's pixels as they are, with hard edges."""
    return lambda side_px: _cornered(picture.resize((side_px, side_px), Image.Resampling.NEAREST))


def face_tile(face: Image.Image, seed: int) -> Tile:
    """A face with some grain where it is enlarged."""
    return lambda side_px: _cornered(_grainy(face, side_px, seed))


def _tiles(drawn: Drawn, layout: Layout, seed: int) -> Iterator[Tile]:
    if layout is not Layout.FACE:
        yield emote_tile(drawn)
    if layout is Layout.STRIP:
        yield pixel_tile(drawn.seen)
        yield from (face_tile(face, seed) for face in drawn.faces[:-1])
    yield face_tile(drawn.faces[-1], seed)


def _arrangement(blocks: int, tiles: int, layout: Layout) -> Arrangement:
    if layout is Layout.FACE:
        return side_by_side(blocks)
    if layout is Layout.STRIP:  # one emote's steps fill a few short rows; of several, each has its own, for comparing
        return Arrangement(blocks, tiles, wide=_balanced(tiles, TILES_A_ROW) if blocks == 1 else tiles)
    return Arrangement(blocks, tiles, wide=tiles, across=1 if blocks <= 3 else 2 if blocks <= 8 else 3)


def _balanced(count: int, widest: int) -> int:
    """Columns for `count` things in as few rows as `widest` allows, the rows about equally full."""
    rows = -(-count // widest)
    return -(-count // rows)


def _grainy(face: Image.Image, side_px: int, seed: int) -> Image.Image:
    picture = face.resize((side_px, side_px), Image.Resampling.LANCZOS)
    if face.width >= side_px:
        return picture
    pixels = np.asarray(picture).astype(np.int16) + _grain(seed, side_px)[..., np.newaxis]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@functools.lru_cache(maxsize=2)
def _grain(seed: int, side_px: int) -> npt.NDArray[np.int16]:
    """(side_px, side_px), for the three colours alike. Grains are two pixels across: single ones look electronic."""
    noise = np.random.Generator(np.random.Philox(key=seed)).standard_normal((side_px, side_px), dtype=np.float32)
    soft = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))) / 2
    grain: npt.NDArray[np.int16] = np.rint(GRAIN * (soft - soft.mean())).astype(np.int16)
    return grain


def _cornered(picture: Image.Image) -> Image.Image:
    cornered = picture.convert("RGBA")
    cornered.putalpha(ImageChops.darker(cornered.getchannel("A"), _rounded_mask(picture.width)))
    return cornered


def _rough(picture: Image.Image) -> Image.Image:
    return picture.resize((ROUGH_PX, ROUGH_PX), Image.Resampling.BOX)


@functools.cache
def _rounded_mask(side_px: int) -> Image.Image:
    """Drawn at four times the size, because Pillow's own shapes have hard edges."""
    big_px = side_px * 4
    big = Image.new("L", (big_px, big_px))
    ImageDraw.Draw(big).rounded_rectangle((0, 0, big_px - 1, big_px - 1), round(big_px * CORNER), fill=255)
    return big.reduce(4)
