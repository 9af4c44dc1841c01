"""Fewer frames of an animation, evenly chosen."""

from __future__ import annotations

from itertools import pairwise


def even_spans(count: int, most: int) -> list[tuple[int, int]]:
    """`count` frames in at most `most` runs of about equal length, as (first, end): the first stands for its run."""
    spans = min(count, most)
    return list(pairwise(at * count // spans for at in range(spans + 1)))
