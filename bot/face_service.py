"""The use case, whatever the platform: resolve → caps → commit → fetch → admit → draw → deliver.

(The lead is writing the bodies; the signatures below are what front ends may rely on.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.command import FaceCommand
from bot.delivery import Deliverer
from bot.models import Emote, FacePicture, FaceRequest, Origin, Platform, Progress
from inference.protocol import FaceOptions


class FaceService:
    @property
    def defaults(self) -> FaceOptions:
        """The options a command starts from (style, realism from the settings)."""
        raise NotImplementedError

    def add_deliverer(self, platform: Platform, deliverer: Deliverer) -> None:
        """Must happen before `recover`."""
        raise NotImplementedError

    async def ask(
        self, origin: Origin, command: FaceCommand, *, uploads: tuple[Emote, ...] = (), reply_target: Mapping[str, Any] | None = None
    ) -> FaceRequest:
        """Accept a request: when this returns it is committed and will be answered through the platform's deliverer.

        Raise a FaceError (RequestRefused, Busy, NoWeights) when it is not accepted: the front end words it
        (`replies.words_for`) and answers itself.
        """
        raise NotImplementedError

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        """Replace the stored reply target (e.g. once a status message exists that the answer should be edited into)."""
        raise NotImplementedError

    async def progress(self, request_id: str) -> Progress | None:
        """Where it stands now; None for an unknown id."""
        raise NotImplementedError

    def watch(self, request_id: str) -> AsyncIterator[Progress]:
        """Every change of progress (and a fresh position and ETA about once a second); ends after a final state."""
        raise NotImplementedError

    async def cancel(self, request_id: str) -> bool:
        """Withdraw it before it is sent; False when it is too late or unknown."""
        raise NotImplementedError

    async def picture(self, picture_id: str) -> FacePicture | None:
        """A stored face; a request's picture has the request's id."""
        raise NotImplementedError
