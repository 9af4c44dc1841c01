"""Reading lists from outside: one entry of an unknown shape must not cost the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


def valid(model: type[M], entries: Iterable[object]) -> Iterator[M]:
    """The entries that are what `model` wants; the others are left out."""
    for entry in entries:
        try:
            yield model.model_validate(entry)
        except ValidationError:
            continue
