"""Several animated pictures on one timeline."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from inference.protocol import MAX_FRAMES, Picture

UNSAID_MS = 100
"""How long a frame lasts that does not say so."""
SHORTEST_MS = 20
"""Nothing shows frames faster."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown for a while: of each picture, the number of its frame."""

    frames: tuple[int, ...]
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
