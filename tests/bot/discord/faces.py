"""The face service of these tests: accepts what it is asked, and answers when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.command import FaceCommand
from bot.delivery import Answer, Deliverer
from bot.emotes.catalogue import Catalogue, ContentFlag
from bot.emotes.resolver import Explanation, Found
from bot.errors import FaceError, NothingToDraw
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Platform, Progress, RequestState
from inference.protocol import FaceOptions
from tests.polling import until

WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L a small but finished face"


class ScriptedFaces:
    """Implements `bot.discord.service.Faces`. Words in `refusals` are refused with the error beside them."""

    def __init__(self, prefix: str = "01TEST") -> None:
        self.requests: dict[str, FaceRequest] = {}
        self.commands: list[FaceCommand] = []
        self.nearby: list[Catalogue] = []
        self.emotes: dict[str, Emote] = {}
        self.refusals: dict[str, FaceError] = {}
        self.progresses: dict[str, Progress] = {}
        self.scope_defaults: dict[str, FaceOptions] = {}
        self.cancellable = True
        self.cancelled: list[str] = []
        self.broken = False
        self.deliverer: Deliverer | None = None
        self._prefix = prefix

    async def defaults(self, scope_id: str) -> FaceOptions:
        return self.scope_defaults.get(scope_id, FaceOptions())

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        if self.broken:
            raise RuntimeError("the store is on fire")
        self.commands.append(command)
        self.nearby.append(nearby)
        if not command.words and not uploads:
            raise NothingToDraw
        for word in command.words:
            if word in self.refusals:
                raise self.refusals[word]
        request = FaceRequest(
            id=f"{self._prefix}{len(self.requests):020}",
            origin=origin,
            emotes=(
                *uploads,
                *(self.emotes.get(word, Emote(EmoteSource.UNICODE, word, word)) for word in command.words),
            ),
            options=command.options,
            accepted_at=0.0,
            deadline_at=120.0,
            state=RequestState.QUEUED,
            reply_target=reply_target or {},
        )
        self.requests[request.id] = request
        return request

    async def remember(self, request_id: str, reply_target: Mapping[str, Any]) -> None:
        self.requests[request_id] = replace(self.requests[request_id], reply_target=dict(reply_target))

    async def progress(self, request_id: str) -> Progress | None:
        request = self.requests.get(request_id)
        if request is None:
            return None
        return replace(self.progresses.get(request_id, Progress(request_id, request.state)), state=request.state)

    async def cancel(self, request_id: str) -> bool:
        self.cancelled.append(request_id)
        if self.cancellable:
            self.advance(request_id, RequestState.CANCELLED)
        return self.cancellable

    async def answered_as(self, platform: Platform, answer_ref: str) -> FaceRequest | None:
        assert platform is Platform.DISCORD
        return next((each for each in self.requests.values() if each.answer_ref == answer_ref), None)

    # what tests use

    def advance(self, request_id: str, state: RequestState) -> None:
        self.requests[request_id] = replace(self.requests[request_id], state=state)

    async def asked(self, count: int = 1) -> FaceRequest:
        """Wait until so many requests are accepted; returns the last of them."""
        await until(lambda: len(self.requests) >= count)
        return list(self.requests.values())[count - 1]

    async def answer(self, request: FaceRequest, answer: Answer | None = None, *, maybe_sent: bool = False) -> str:
        """Deliver as the real service does: with the stored reply target, state SENDING before, ANSWERED after."""
        assert self.deliverer is not None
        self.advance(request.id, RequestState.SENDING)
        content = answer or face_for(request)
        answer_ref = await asyncio.wait_for(
            self.deliverer.deliver(self.requests[request.id], content, maybe_sent=maybe_sent), 60
        )
        assert answer_ref is not None
        self.requests[request.id] = replace(
            self.requests[request.id], state=RequestState.ANSWERED, answer_ref=answer_ref
        )
        return answer_ref


class ScriptedEmotes:
    """Implements `bot.discord.emote_answers.KnowsEmotes`: knows `LUL`, and notes what is decided."""

    def __init__(self) -> None:
        self.decided: list[tuple[object, ...]] = []
        self.error: FaceError | None = None

    async def explain(self, origin: Origin, word: str, nearby: Catalogue) -> Explanation:
        found = Found(Emote(EmoteSource.BTTV, "1", "LUL"), "BTTV (global)", page="https://betterttv.com/emotes/1")
        return Explanation(found if word == "LUL" else None, (), ("BTTV (global)", "emoji"), ())

    async def link_channel(self, scope_id: str, login: str | None) -> None:
        if self.error:
            raise self.error
        self.decided.append((scope_id, login))

    async def switch_source(self, scope_id: str, source: EmoteSource, *, on: bool) -> None:
        self.decided.append((scope_id, source, on))

    async def allow(self, scope_id: str, flag: ContentFlag, *, allowed: bool) -> None:
        self.decided.append((scope_id, flag, allowed))


def face_for(request: FaceRequest) -> FacePicture:
    """A finished picture."""
    return FacePicture(request.id, WEBP, 256, 128)


def stored(faces: ScriptedFaces, reply_target: dict[str, Any], request_id: str = "01STORED") -> FaceRequest:
    """A request that an earlier run of the program accepted."""
    request = FaceRequest(
        id=request_id,
        origin=Origin(Platform.DISCORD, "1", "2", "3"),
        emotes=(Emote(EmoteSource.DISCORD, "25"),),
        options=FaceOptions(),
        accepted_at=0.0,
        deadline_at=120.0,
        reply_target=reply_target,
    )
    faces.requests[request.id] = request
    return request
