"""What Discord needs of the face service; `bot.face_service.FaceService` has it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from bot.command import FaceCommand
from bot.emotes.catalogue import Catalogue
from bot.models import ANYBODY, Emote, FacePicture, FaceRequest, Origin, Place, Platform, Progress, Standing
from inference.protocol import Style


class Faces(Protocol):
    """The methods promise what those of FaceService promise."""

    @property
    def styles(self) -> tuple[Style, ...]: ...

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue,
        standing: Standing = ANYBODY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest: ...

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None: ...

    async def progress(self, request_id: str) -> Progress | None: ...

    async def cancel(self, request_id: str) -> bool: ...

    async def request(self, request_id: str) -> FaceRequest | None: ...

    async def unfinished_of(self, platform: Platform, user_id: str) -> list[FaceRequest]: ...

    async def answered_as(self, platform: Platform, answer_ref: str) -> list[FaceRequest]: ...

    async def asked_as(self, platform: Platform, question_refs: Collection[str]) -> list[FaceRequest]: ...

    async def to_remove(self, platform: Platform, limit: int) -> list[FaceRequest]: ...

    async def forget_answer(self, request_id: str) -> None: ...

    async def purge(self, place: Place, since: float) -> int: ...

    async def to_purge(self, place: Place) -> int: ...

    async def block(self, emotes: Iterable[Emote], scope_id: str, by_user_id: str) -> None: ...

    async def picture(self, picture_id: str) -> FacePicture | None: ...
