"""A face on the stage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.models import Emote, Origin
from inference.protocol import FaceOptions


class StageState(StrEnum):
    """pending → shown → hidden, or any of them at once; what is hidden stays so. The values are stored."""

    PENDING = "pending"
    SHOWN = "shown"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class StagedFace:
    """One face. `slug` stands in its permalink and cannot be guessed. `at` is since when it is in its state, in Unix
    seconds. `asker_name` is what the platform shows of the asker: hostile text, None where it is not known or no longer
    to be shown. `in_gallery`: the gallery was open where it was asked for, and it is not made of people's own pictures.
    """

    request_id: str
    slug: str
    origin: Origin
    parent_channel_id: str | None
    emotes: tuple[Emote, ...]
    options: FaceOptions
    asker_name: str | None
    at: float
    state: StageState
    in_gallery: bool
