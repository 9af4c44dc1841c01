"""Faces -> one answer picture: arranged by layout, saved as WebP, marked as made by a network."""

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from inference.protocol import Layout

FACE_PX = 256
SMALL_FACE_PX = 128
LARGEST_SIDE_PX = 2200
"""A sheet that would be longer is made of small tiles."""
GAP = 1 / 16
"""Between the tiles of one emote, in tile sides; there is twice as much between emotes."""
CORNER = 3 / 32
"""Radius of a face's corners in tile sides, where the background shows through."""
TILES_A_ROW = 4

XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>\
</rdf:RDF></x:xmpmeta><?xpacket end="r"?>"""
_ATTEMPTS = ((90, 1), (75, 1), (50, 1), (75, 2), (50, 4))
"""WebP quality and the divisor of the size, tried in order until the file is small enough."""


class PictureTooLarge(Exception):
    """No quality and size that were tried make the file small enough."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One emote's way to a face: the emote (square, RGBA), what the network saw (16 px, RGB), every round's face."""

    emote: Image.Image
    seen: Image.Image
    faces: Sequence[Image.Image]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished file."""

    webp: bytes
    width_px: int
    height_px: int


def rendered(drawn: Sequence[Drawn], layout: Layout) -> Image.Image:
    """All emotes in one picture. The background is transparent, so that it suits light and dark chats alike."""
    if layout is Layout.FACE and len(drawn) == 1:
        return _enlarged(drawn[0].faces[-1], FACE_PX)
    if layout in {Layout.FACE, Layout.MORPH}:  # where a morph ends
        return tiled([each.faces[-1] for each in drawn])
    if layout is Layout.STRIP:
        return _strips(drawn)
    pairs = [[[each.emote, each.faces[-1]]] for each in drawn]
    return _sheet(pairs, columns=1 if len(pairs) <= 3 else 2 if len(pairs) <= 8 else 3)


def tiled(pictures: Sequence[Image.Image]) -> Image.Image:
    """One tile for each emote."""
    return _sheet([[[each]] for each in pictures], columns=_balanced(len(pictures), 3))


def tile(picture: Image.Image, tile_px: int = FACE_PX) -> Image.Image:
    """A square picture as it looks in a sheet: RGBA, enlarged, with rounded corners unless it has an outline."""
    enlarged = _enlarged(picture, tile_px).convert("RGBA")
    if picture.mode != "RGBA":
        enlarged.putalpha(_rounded_mask(tile_px))
    return enlarged


def encoded(picture: Image.Image, max_bytes: int) -> Encoded:
    """The best-looking WebP of at most `max_bytes`; raise PictureTooLarge when there is none."""
    for quality, divisor in _ATTEMPTS:
        smaller = picture if divisor == 1 else picture.reduce(divisor)
        file = io.BytesIO()
        # method 0: a quarter of the time of the default, for files an eighth larger that look the same
        smaller.save(file, "WEBP", quality=quality, method=0, xmp=XMP)
        if file.tell() <= max_bytes:
            return Encoded(file.getvalue(), smaller.width, smaller.height)
    raise PictureTooLarge(f"a picture of {picture.width} x {picture.height} px does not fit {max_bytes} bytes")


def _strips(drawn: Sequence[Drawn]) -> Image.Image:
    """One emote's steps fill a few short rows; of several, each has its own row, for comparing."""
    blocks = []
    for each in drawn:
        tiles = [each.emote, each.seen, *each.faces]
        width = _balanced(len(tiles), TILES_A_ROW) if len(drawn) == 1 else len(tiles)
        blocks.append([tiles[at : at + width] for at in range(0, len(tiles), width)])
    return _sheet(blocks, columns=1)


def _balanced(count: int, widest: int) -> int:
    """Columns for `count` things in as few rows as `widest` allows, the rows about equally full."""
    rows = -(-count // widest)
    return -(-count // rows)


def _sheet(blocks: Sequence[Sequence[Sequence[Image.Image]]], columns: int) -> Image.Image:
    """Lay out blocks, each rows of square tiles, in `columns`; all blocks are shaped alike."""
    block_columns, block_rows = len(blocks[0][0]), len(blocks[0])
    rows = -(-len(blocks) // columns)
    for tile_px in (FACE_PX, SMALL_FACE_PX):
        gap_px = round(tile_px * GAP)
        step_x = block_columns * (tile_px + gap_px) + gap_px
        step_y = block_rows * (tile_px + gap_px) + gap_px
        size = (columns * step_x - 2 * gap_px, rows * step_y - 2 * gap_px)
        if max(size) <= LARGEST_SIDE_PX:
            break
    sheet = Image.new("RGBA", size)
    for index, block in enumerate(blocks):
        row, column = divmod(index, columns)
        missing = columns - min(columns, len(blocks) - row * columns)  # a last row that is not full is centred
        left, top = column * step_x + missing * step_x // 2, row * step_y
        _place(sheet, block, (left, top), tile_px)
    return sheet


def _place(sheet: Image.Image, block: Sequence[Sequence[Image.Image]], corner: tuple[int, int], tile_px: int) -> None:
    step_px = tile_px + round(tile_px * GAP)
    for row, tiles in enumerate(block):
        for column, picture in enumerate(tiles):
            place = (corner[0] + column * step_px, corner[1] + row * step_px)
            sheet.paste(tile(picture, tile_px), place)


def _enlarged(picture: Image.Image, side_px: int) -> Image.Image:
    pixelated = picture.width <= 16 and picture.mode == "RGB"  # the network's view shows its pixels as they are
    filtering = Image.Resampling.NEAREST if pixelated else Image.Resampling.LANCZOS
    return picture.resize((side_px, side_px), filtering)


@functools.cache
def _rounded_mask(side_px: int) -> Image.Image:
    """Drawn at four times the size, because Pillow's own shapes have hard edges."""
    big_px = side_px * 4
    big = Image.new("L", (big_px, big_px))
    ImageDraw.Draw(big).rounded_rectangle((0, 0, big_px - 1, big_px - 1), round(big_px * CORNER), fill=255)
    return big.reduce(4)
