"""An in-memory face service whose progress a test decides, and the uploads that go with it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from PIL import Image
from ulid import ULID

from bot.command import FaceCommand
from bot.errors import FaceError, NothingToDraw
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Progress, RequestState
from inference.protocol import FaceOptions


def png(colour: str = "tomato", side_px: int = 32) -> bytes:
    """A small picture a visitor might send."""
    return _encoded(Image.new("RGB", (side_px, side_px), colour), "PNG")


def gif() -> bytes:
    """A finished face for where WebP does not play."""
    return _encoded(Image.new("RGB", (256, 128), "teal"), "GIF")


def webp(colour: str = "teal") -> bytes:
    """A small picture to answer with."""
    return _encoded(Image.new("RGB", (256, 128), colour), "WEBP")


class FakeUploads:
    """Keeps what was sent, in order."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    def add(self, content: bytes) -> Emote:
        self.contents.append(content)
        return Emote(EmoteSource.UPLOAD, str(len(self.contents)))


class FakeFaces:
    """Accepts everything with an emote in it, and then waits for the test to say how it goes on."""

    def __init__(self) -> None:
        self.refuse_with: FaceError | None = None
        self.crash_with: Exception | None = None
        self.asked: list[FaceCommand] = []
        self.requests: dict[str, FaceRequest] = {}
        self.pictures: dict[str, FacePicture] = {}
        self.watched = 0
        self._progress: dict[str, Progress] = {}
        self._changed = asyncio.Condition()

    @property
    def last_id(self) -> str:
        return next(reversed(self.requests))

    async def defaults(self, scope_id: str) -> FaceOptions:
        assert scope_id == "web"
        return FaceOptions(realism=0.25)

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        emotes = uploads + tuple(Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy") for _ in command.words)
        if self.crash_with:
            raise self.crash_with
        if self.refuse_with:
            raise self.refuse_with
        if not emotes:
            raise NothingToDraw
        request = FaceRequest(str(ULID()), origin, emotes, command.options, accepted_at=0, deadline_at=120)
        self.asked.append(command)
        self.requests[request.id] = request
        self._progress[request.id] = Progress(request.id, RequestState.QUEUED, position=3, eta_s=4.2)
        return request

    async def progress(self, request_id: str) -> Progress | None:
        return self._progress.get(request_id)

    async def watch(self, request_id: str) -> AsyncIterator[Progress]:
        self.watched += 1
        try:
            last: Progress | None = None
            while last is None or not last.state.is_final:
                async with self._changed:
                    while self._progress[request_id] == last:
                        await self._changed.wait()
                last = self._progress[request_id]
                yield last
        finally:
            self.watched -= 1

    async def cancel(self, request_id: str) -> bool:
        progress = self._progress.get(request_id)
        if progress is None or progress.state.is_final:
            return False
        await self.set(progress, state=RequestState.CANCELLED)
        return True

    async def request(self, request_id: str) -> FaceRequest | None:
        return self.requests.get(request_id)

    async def picture(self, picture_id: str) -> FacePicture | None:
        return self.pictures.get(picture_id)

    async def move(self, request_id: str, position: int, eta_s: float) -> None:
        await self.set(self._progress[request_id], position=position, eta_s=eta_s)

    async def answer(self, request_id: str, content: bytes | None = None) -> None:
        self.pictures[request_id] = FacePicture(request_id, content or webp(), 256, 128)
        await self.set(self._progress[request_id], state=RequestState.ANSWERED, position=None, eta_s=None)

    async def refuse(self, request_id: str, words: str) -> None:
        refused = replace(self._progress[request_id], position=None, eta_s=None, refusal=words)
        await self.set(refused, state=RequestState.REFUSED)

    def forget_all(self) -> None:
        self.requests.clear()
        self._progress.clear()

    async def set(self, progress: Progress, **changes: Any) -> None:
        async with self._changed:
            self._progress[progress.request_id] = replace(progress, **changes)
            self._changed.notify_all()


def _encoded(image: Image.Image, image_format: str) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format)
    return file.getvalue()
