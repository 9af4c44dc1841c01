"""`make looks`: how often copies of a blocked picture are found, and how often strangers are taken for copies.

PYTHONPATH=tests:. python -m tests.bench.looks

Stand-ins for uploads: emoji on white, and drawn scenes (several turned emoji on a gradient). Every picture goes through
the same decoding as an upload. The threshold, `bot.policy.looks.ALIKE`, is chosen by this table.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image
from PIL.Image import Resampling, Transpose

from bot.decode.normalise import normalise
from bot.emotes.unicode import UnicodeCatalogue
from bot.policy.looks import ALIKE, blocked_looks_of, distance, looks_of
from inference.protocol import Picture

Change: TypeAlias = Callable[[Image.Image, random.Random], bytes]
THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
SIDE_PX = 288


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="make looks", description=__doc__)
    parser.add_argument("--pictures", type=int, default=200, help="of each kind (%(default)s)")
    count = parser.parse_args().pictures
    emoji = emoji_files(count, random.Random(5))
    kinds = {
        "emoji on white": [on_white(emoji_of(path)) for path in emoji],
        "drawn scenes": [scene(emoji, random.Random(seed)) for seed in range(count)],
    }
    for kind, images in kinds.items():
        sys.stdout.write(f"{table(kind, images)}\n")
        sys.stdout.flush()
    return 0


def table(kind: str, images: Sequence[Image.Image]) -> str:
    """Per cent found at each threshold, and per cent of the pairs of different pictures that count as one."""
    originals = [decoded(_file(image, "PNG")) for image in images]
    blocked = [blocked_looks_of(picture) for picture in originals]
    lines = [f"{kind}, {len(images)} pictures", _line("copies found, % within", THRESHOLDS, "{:.2f}")]
    for name, change in CHANGES.items():
        copies = [decoded(change(image, random.Random(at))) for at, image in enumerate(images)]
        apart = np.array([distance(looks_of(copy), of) for copy, of in zip(copies, blocked, strict=True)])
        lines.append(_line(name, [100 * float((apart <= most).mean()) for most in THRESHOLDS], "{:.1f}"))
    looks = [looks_of(picture) for picture in originals]
    strangers = np.array(
        [
            distance(looks[one], blocked[other])
            for one in range(len(images))
            for other in range(len(images))
            if one != other
        ]
    )
    lines.append(
        _line("strangers taken for copies", [100 * float((strangers <= most).mean()) for most in THRESHOLDS], "{:.3f}")
    )
    return "\n".join(lines) + f"\nchosen: {ALIKE:.2f}; {len(strangers):,} pairs of strangers\n"


def emoji_files(count: int, order: random.Random) -> list[Path]:
    """Some of those with a picture."""
    catalogue = UnicodeCatalogue.load()
    paths = sorted({path for emote in catalogue.faces() if (path := catalogue.picture_path(emote.id))})
    everything = sorted(paths[0].parent.glob("*.png"))
    return order.sample(everything, count)


def emoji_of(path: Path, side_px: int = SIDE_PX) -> Image.Image:
    """As large as an upload."""
    with Image.open(path) as image:
        return image.convert("RGBA").resize((side_px, side_px), Resampling.BICUBIC)


def on_white(image: Image.Image) -> Image.Image:
    """Opaque."""
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def scene(emoji: Sequence[Path], draw: random.Random) -> Image.Image:
    """Several emoji of different sizes, turned, on a gradient between two colours."""
    size = draw.choice([(320, 320), (320, 240), (240, 320)])
    above, below = ([draw.randrange(256) for _ in range(3)] for _ in range(2))
    image = Image.linear_gradient("L").resize(size)
    image = Image.composite(Image.new("RGB", size, tuple(below)), Image.new("RGB", size, tuple(above)), image)
    image = image.convert("RGBA")
    for _ in range(draw.randint(3, 7)):
        thing = emoji_of(draw.choice(emoji), draw.randint(60, 200)).rotate(draw.uniform(-30, 30), Resampling.BICUBIC)
        image.alpha_composite(thing, (draw.randint(0, size[0] - thing.width), draw.randint(0, size[1] - thing.height)))
    return image.convert("RGB")


def decoded(content: bytes) -> Picture:
    """As an upload."""
    return normalise(content)


def _cropped(image: Image.Image, share: float, order: random.Random) -> Image.Image:
    """So much of each side's length is gone, more of it on one side than on the other."""
    across, down = image.width * share, image.height * share
    left, top = order.uniform(0, across), order.uniform(0, down)
    return image.crop((round(left), round(top), round(image.width - across + left), round(image.height - down + top)))


def _scaled(image: Image.Image, by: float) -> Image.Image:
    return image.resize((round(image.width * by), round(image.height * by)), Resampling.BICUBIC)


def _flipped(image: Image.Image) -> Image.Image:
    return image.transpose(Transpose.FLIP_LEFT_RIGHT)


def _file(image: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


CHANGES: dict[str, Change] = {
    "JPEG, quality 90": lambda image, _: _file(image, "JPEG", quality=90),
    "JPEG, quality 60": lambda image, _: _file(image, "JPEG", quality=60),
    "JPEG, quality 30": lambda image, _: _file(image, "JPEG", quality=30),
    "WebP, quality 50": lambda image, _: _file(image, "WEBP", quality=50),
    "half as large": lambda image, _: _file(_scaled(image, 0.5), "PNG"),
    "a quarter as large": lambda image, _: _file(_scaled(image, 0.25), "PNG"),
    "twice as large": lambda image, _: _file(_scaled(image, 2), "JPEG", quality=80),
    "flipped": lambda image, _: _file(_flipped(image), "PNG"),
    "2 % cropped away": lambda image, order: _file(_cropped(image, 0.02, order), "PNG"),
    "5 % cropped away": lambda image, order: _file(_cropped(image, 0.05, order), "PNG"),
    "10 % cropped away": lambda image, order: _file(_cropped(image, 0.1, order), "PNG"),
    "flipped, 5 % away, JPEG 50": lambda image, order: _file(
        _cropped(_flipped(image), 0.05, order), "JPEG", quality=50
    ),
}


def _line(name: str, values: Sequence[float], form: str) -> str:
    return f"  {name:<28}" + "".join(f"{form.format(value):>8}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
