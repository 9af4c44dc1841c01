"""What Discord needs of the face service; `bot.face_service.FaceService` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bot.command import FaceCommand
from bot.emotes.catalogue import Catalogue
from bot.models import Emote, FaceRequest, Origin, Platform, Progress
from inference.protocol import FaceOptions


class Faces(Protocol):
    """The methods promise what those of FaceService promise."""

    async def defaults(self, scope_id: str) -> FaceOptions: ...

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest: ...

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None: ...

    async def progress(self, request_id: str) -> Progress | None: ...

    async def cancel(self, request_id: str) -> bool: ...

    async def answered_as(self, platform: Platform, answer_ref: str) -> FaceRequest | None: ...
