"""Several pictures on one timeline, and pictures in a row as one animated file."""

import io
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise

from PIL import Image

from inference.protocol import MAX_FRAMES, Picture
from inference.render import XMP, Encoded, PictureTooLarge

UNSAID_MS = 100
"""How long a frame lasts that does not say so."""
SHORTEST_MS = 20
"""Nothing shows frames faster."""
MAX_PIXELS = 13_000_000
"""Over all frames: sixty strips of three. More would take seconds to encode, and long to load in a chat."""

_ATTEMPTS = ((75, 1), (50, 1), (60, 2), (30, 2), (30, 4))
"""WebP quality and the divisor of the size, tried in order until the file is small enough; then with fewer frames."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown for a while: of each picture, the number of its frame."""

    frames: tuple[int, ...]
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Shot:
    """A finished picture, and for how long it is shown."""

    image: Image.Image
    duration_ms: int


def durations_ms(picture: Picture) -> list[int]:
    """Of its frames."""
    return [frame.duration_ms or UNSAID_MS for frame in picture.frames]


def timeline(pictures: Sequence[Picture]) -> list[Moment]:
    """At most 60 moments that loop as the pictures do. One animation among stills keeps its own times.

    Of several the longest sets the pace: the others are played a little slower or faster, so that they come round a
    whole number of times.
    """
    lasting = [durations_ms(picture) for picture in pictures]
    moving = [each for each in lasting if len(each) > 1]
    total_ms = max(map(sum, moving), default=UNSAID_MS)
    ends = [_ends(each, total_ms) if len(each) > 1 else [float(total_ms)] for each in lasting]
    cuts = sorted({0, total_ms, *(round(end) for each in ends for end in each)})
    if len(moving) > 1:
        cuts = _spaced(cuts)
    count = min(MAX_FRAMES, len(cuts) - 1)
    cuts = [cuts[at * (len(cuts) - 1) // count] for at in range(count + 1)]
    return [
        Moment(
            tuple(bisect_right(each, start + 0.5) % len(own) for each, own in zip(ends, lasting, strict=True)),
            end - start,
        )
        for start, end in pairwise(cuts)
    ]


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


def _ends(lasting: Sequence[int], total_ms: int) -> list[float]:
    """When each frame ends, played round and round until `total_ms`."""
    turns = max(1, round(total_ms / sum(lasting)))
    scale = total_ms / (turns * sum(lasting))
    return [end * scale for end in accumulate(list(lasting) * turns)]


def _spaced(cuts: Sequence[int]) -> list[int]:
    """Without those that follow another too closely to be seen."""
    kept = [cuts[0]]
    for cut in cuts[1:-1]:
        if cut - kept[-1] >= SHORTEST_MS and cuts[-1] - cut >= SHORTEST_MS:
            kept.append(cut)
    return [*kept, cuts[-1]]


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
