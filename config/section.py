"""What every group of settings has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A group of settings: unknown names are refused, values never change after start."""

    model_config = ConfigDict(extra="forbid", frozen=True)
