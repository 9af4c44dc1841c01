"""What the use case works with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from bot.admission import Admission
from bot.emotes.catalogue import Catalogue
from bot.emotes.compose import Inspect, unseen
from bot.metrics import Metrics
from bot.models import Emote, FacePicture, FaceRequest, Origin
from bot.policy.policy import Policy
from bot.stage.face import StagedFace
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from inference.protocol import Picture


class Resolves(Protocol):
    """Words to emotes; `bot.emotes.chat.ChatEmotes`."""

    async def resolve(self, origin: Origin, words: tuple[str, ...], nearby: Catalogue) -> tuple[Emote, ...]: ...

    def note_use(self, origin: Origin, emotes: tuple[Emote, ...]) -> None: ...


class Fetches(Protocol):
    """Emotes to safe pixels; `bot.emotes.framing.FramedPictures`."""

    async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture: ...


class Presents(Protocol):
    """Where finished faces go beside their answers; `bot.stage.stage.Stage`."""

    async def present(self, request: FaceRequest, picture: FacePicture) -> StagedFace | None: ...

    async def withdraw(self, request_ids: Collection[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class FaceServiceParts:
    """Each has one task; `bot.core` builds them."""

    resolver: Resolves
    fetcher: Fetches
    requests: RequestStore
    pictures: PictureStore
    policy: Policy
    admission: Admission
    metrics: Metrics
    stage: Presents
