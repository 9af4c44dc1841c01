"""What Twitch needs of the face service; `bot.face_service.FaceService` has it, and says what these do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.command import FaceCommand
from bot.emotes.catalogue import Catalogue
from bot.models import ANYBODY, Emote, FaceRequest, Origin, Standing


class Faces(Protocol):
    """Asking for faces, and for none of some emotes."""

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

    async def block(self, emotes: Iterable[Emote], scope_id: str, by_user_id: str) -> None: ...
