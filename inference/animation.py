"""Pictures in a row as one animated file."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from PIL import Image

from inference.render import XMP, Encoded, PictureTooLarge
from inference.timeline import Moment

MAX_PIXELS = 13_000_000
"""Over all frames: sixty strips of three. More would take seconds to encode, and long to load in a chat."""

_ATTEMPTS = ((75, 1), (50, 1), (60, 2), (30, 2), (30, 4))
"""WebP quality and the divisor of the size, tried in order until the file is small enough; then with fewer frames."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A finished picture, and for how long it is shown."""

    image: Image.Image
    duration_ms: int


def animated(shots: Sequence[Shot], max_bytes: int) -> Encoded:
    """The best-looking animated WebP of at most `max_bytes`; raise PictureTooLarge when not even one frame fits."""
    for quality, divisor in _ATTEMPTS:
        found = _encoded([Shot(_reduced(shot.image, divisor), shot.duration_ms) for shot in shots], quality)
        if len(found.webp) <= max_bytes:
            return found
    small = [Shot(_reduced(shot.image, divisor), shot.duration_ms) for shot in shots]
    while len(small) > 1:
        small = _halved(small)
        found = _encoded(small, quality)
        if len(found.webp) <= max_bytes:
            return found
    raise PictureTooLarge(f"not a single frame fits {max_bytes} bytes")


def looped(draw: Callable[[Moment], Image.Image], moments: Sequence[Moment]) -> list[Shot]:
    """The moments drawn, in the size they will have in the file."""
    first = draw(moments[0])
    divisor = 1
    while first.width * first.height * len(moments) > MAX_PIXELS * divisor**2:
        divisor *= 2
    later = (draw(moment) for moment in moments[1:])
    images = (_reduced(image, divisor) for image in chain([first], later))
    return [Shot(image, moment.duration_ms) for image, moment in zip(images, moments, strict=True)]


def _halved(shots: Sequence[Shot]) -> list[Shot]:
    """Every second one, for as long as two."""
    pairs = [shots[at : at + 2] for at in range(0, len(shots), 2)]
    return [Shot(pair[0].image, sum(shot.duration_ms for shot in pair)) for pair in pairs]


def _reduced(image: Image.Image, divisor: int) -> Image.Image:
    return image if divisor == 1 else image.reduce(divisor)


def _encoded(shots: Sequence[Shot], quality: int) -> Encoded:
    first, *rest = (shot.image for shot in shots)
    file = io.BytesIO()
    lasting = [shot.duration_ms for shot in shots]
    # method 2 and the coarser alpha: two fifths smaller in the same time; kmax 0: a loop needs no key frames to jump to
    options = {"quality": quality, "alpha_quality": 40, "method": 2, "kmax": 0, "xmp": XMP}
    first.save(file, "WEBP", save_all=True, append_images=rest, duration=lasting, loop=0, **options)
    return Encoded(file.getvalue(), first.width, first.height)
