"""What networks are fed: named arrays with one row a picture."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Feed: TypeAlias = Mapping[str, Floats]
"""By the names of the network's inputs; all are equally long, and there is always `image`, (N, 3, S, S) in [-1, 1]."""


def rows(feed: Feed) -> int:
    """How many pictures. Raise ValueError when the arrays do not agree."""
    counts = {len(array) for array in feed.values()}
    if len(counts) != 1:
        raise ValueError(f"a feed of { ({name: array.shape for name, array in feed.items()}) } is no batch")
    return counts.pop()


def joined(feeds: Sequence[Feed]) -> Feed:
    """One after the other; all have the same names."""
    return {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}


def pieces(feed: Feed, sizes: Sequence[int]) -> Iterator[Feed]:
    """The feed in pieces of these sizes, given falling, each as large as possible; the last size is 1 or any rest."""
    start, count = 0, rows(feed)
    while start < count:
        size = next((size for size in sizes if size <= count - start), count - start)
        yield {name: array[start : start + size] for name, array in feed.items()}
        start += size
