"""The face service of these tests: accepts what it is asked, and answers when a test says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot.command import FaceCommand
from bot.delivery import Answer, Deliverer
from bot.discord.presence import Outlook
from bot.emotes.catalogue import EMPTY, Catalogue
from bot.emotes.chat import Guessable
from bot.emotes.completion import Suggestion
from bot.emotes.resolver import Explanation, Found
from bot.errors import FaceError, NothingToDraw
from bot.models import (
    ANYBODY,
    Emote,
    EmoteSource,
    FacePicture,
    FaceRequest,
    Origin,
    Place,
    Platform,
    Progress,
    RequestState,
    Standing,
)
from inference.protocol import FaceOptions, Style
from tests.polling import until

WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L a small but finished face"


class ScriptedFaces:
    """Implements `bot.discord.service.Faces`. Words in `refusals` are refused with the error beside them."""

    def __init__(self, prefix: str = "01TEST") -> None:
        self.requests: dict[str, FaceRequest] = {}
        self.commands: list[FaceCommand] = []
        self.nearby: list[Catalogue] = []
        self.standings: list[Standing] = []
        self.emotes: dict[str, Emote] = {}
        self.refusals: dict[str, FaceError] = {}
        self.progresses: dict[str, Progress] = {}
        self.pictures: dict[str, FacePicture] = {}
        self.outlook = Outlook(draws=True, wait_s=0.0)
        self.cancellable = True
        self.cancelled: list[str] = []
        self.purged: list[tuple[Place, float]] = []
        self.blocked: list[tuple[str, tuple[Emote, ...], str]] = []
        self.broken = False
        self.forgotten_keys: list[str] = []
        self.withdrawn: list[str] = []
        self.limit: FaceError | None = None
        self.styles = tuple(Style)
        self.now = 0.0
        self.deliverer: Deliverer | None = None
        self._prefix = prefix

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        nearby: Catalogue = EMPTY,
        standing: Standing = ANYBODY,
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest:
        if self.broken:
            raise RuntimeError("the store is on fire")
        self.commands.append(command)
        self.nearby.append(nearby)
        self.standings.append(standing)
        if not command.words and not uploads:
            raise NothingToDraw
        for word in command.words:
            if word in self.refusals:
                raise self.refusals[word]
        if self.limit is not None:
            raise self.limit
        request = FaceRequest(
            id=f"{self._prefix}{len(self.requests):020}",
            origin=origin,
            emotes=(
                *uploads,
                *(self.emotes.get(word, Emote(EmoteSource.UNICODE, word, word)) for word in command.words),
            ),
            options=command.options,
            accepted_at=time.time(),
            deadline_at=time.time() + 120.0,
            state=RequestState.QUEUED,
            locale=standing.locale,
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

    async def picture(self, picture_id: str) -> FacePicture | None:
        return self.pictures.get(picture_id)

    async def request(self, request_id: str) -> FaceRequest | None:
        return self.requests.get(request_id)

    async def unfinished_of(self, platform: Platform, user_id: str) -> list[FaceRequest]:
        theirs = (each for each in self.requests.values() if each.origin.user_id == user_id)
        return [each for each in theirs if not each.state.is_final]

    async def answered_as(self, platform: Platform, answer_ref: str) -> list[FaceRequest]:
        assert platform is Platform.DISCORD
        return [each for each in self.requests.values() if each.answer_ref == answer_ref]

    async def asked_as(self, platform: Platform, question_refs: Collection[str]) -> list[FaceRequest]:
        return [each for each in self.requests.values() if each.question_ref in question_refs]

    async def to_remove(self, platform: Platform, limit: int) -> list[FaceRequest]:
        due = [each for each in self.requests.values() if each.remove_at is not None and each.answer_ref]
        return [each for each in due if each.remove_at is not None and each.remove_at <= self.now][:limit]

    async def forget_answer(self, request_id: str) -> None:
        self.requests[request_id] = replace(self.requests[request_id], answer_ref=None, remove_at=None)

    async def watch(self, request_id: str) -> AsyncIterator[Progress]:
        await until(lambda: self.requests[request_id].state.is_final)
        yield Progress(request_id, self.requests[request_id].state)

    def forget(self, key: str) -> None:
        """As a cache of finished faces."""
        self.forgotten_keys.append(key)

    async def withdraw(self, request_ids: Collection[str]) -> None:
        """As the stage."""
        self.withdrawn += request_ids

    async def purge(self, place: Place, since: float) -> int:
        self.purged.append((place, since))
        there = [each for each in self.requests.values() if _is_at(each, place) and each.accepted_at >= since]
        for each in there:
            self.requests[each.id] = replace(each, remove_at=self.now)
        return sum(each.answer_ref is not None for each in there)

    async def to_purge(self, place: Place) -> int:
        there = [each for each in await self.to_remove(place.platform, 1000) if _is_at(each, place)]
        return len(there)

    async def block(self, emotes: Iterable[Emote], scope_id: str, by_user_id: str) -> None:
        if self.limit is not None:
            raise self.limit
        self.blocked.append((scope_id, tuple(emotes), by_user_id))

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
        self.completed: list[tuple[Origin, str]] = []
        self.found: list[Suggestion] = []
        self.names: set[str] = set()
        self.stuck: asyncio.Event | None = None

    async def explain(self, origin: Origin, word: str, nearby: Catalogue) -> Explanation:
        found = Found(Emote(EmoteSource.BTTV, "1", "LUL"), "BTTV (global)", page="https://betterttv.com/emotes/1")
        return Explanation(found if word == "LUL" else None, (), ("BTTV (global)", "emoji"), ())

    async def complete(self, origin: Origin, text: str, nearby: Catalogue) -> tuple[Suggestion, ...]:
        self.completed.append((origin, text))
        if self.stuck is not None:
            await self.stuck.wait()
        return tuple(self.found)

    async def named_in(self, origin: Origin, text: str, nearby: Catalogue) -> tuple[str, ...]:
        return tuple(word for word in text.split() if word in self.names)

    def shown_name(self, name: str) -> str | None:
        return None if "rude" in name else name

    async def guessable(self, origin: Origin, nearby: Catalogue = EMPTY) -> Guessable:
        return Guessable(Emote(EmoteSource.BTTV, "1", "LUL", picked=True), ("LUL",))

    async def link_channel(self, scope_id: str, login: str | None, *, by_user_id: str) -> None:
        if self.error:
            raise self.error
        self.decided.append((scope_id, login))


def _is_at(request: FaceRequest, place: Place) -> bool:
    return request.origin.scope_id == place.scope_id and place.channel_id in {None, request.origin.channel_id}


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
