"""What there is to see on a scope's overlay at one moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.guessing.round import GuessRound, RoundState
from bot.guessing.words import name_in
from bot.models import FacePicture, FaceRequest, Origin, Platform
from bot.policy.settings import EffectiveSettings
from bot.replies import alt_text
from bot.stage.face import StagedFace, StageState
from bot.texts import SOURCE_LOCALE, Text, say
from bot.web.overlay.emotes import EmotePictures
from bot.web.overlay.feed import Item, Scene
from bot.web.overlay.overlays import Overlays
from inference.protocol import Layout

WINDOW_S = 600.0
"""Longer than a page may keep a face waiting; until then it is told when one is hidden."""
MAX_FACES = 50  # as many as the stage lists
REVEALED_S = 20.0  # how long the end of a round is told
TEST_PICTURE = "/static/overlay/test.webp"

RIDDLE = Text("Which emote is this?")
TEST = Text("A test")


class ShowsFaces(Protocol):
    """`bot.stage.stage.Stage`."""

    async def recent(self, scope_id: str, since: float) -> list[StagedFace]: ...

    async def by_slug(self, slug: str) -> StagedFace | None: ...


class ShowsRounds(Protocol):
    """`bot.store.guesses.GuessStore`."""

    async def on_screen(self, scope_id: str, decided_since: float) -> list[GuessRound]: ...


class KnowsSettings(Protocol):
    """`bot.policy.policy.Policy`."""

    async def effective(
        self, scope_id: str, channel_id: str | None = None, parent_channel_id: str | None = None
    ) -> EffectiveSettings: ...


class KnowsRequests(Protocol):
    """`bot.store.requests.RequestStore`."""

    async def get(self, request_id: str) -> FaceRequest | None: ...


class KeepsPictures(Protocol):
    """`bot.store.pictures.PictureStore`."""

    async def load(self, picture_id: str) -> FacePicture | None: ...


@dataclass(frozen=True, slots=True)
class SceneParts:
    """Where everything is that can be seen."""

    stage: ShowsFaces
    rounds: ShowsRounds
    requests: KnowsRequests
    pictures: KeepsPictures
    policy: KnowsSettings
    emotes: EmotePictures
    overlays: Overlays


class Scenes:
    """Reads everything anew each time: nothing is remembered, so nothing is stale."""

    def __init__(self, parts: SceneParts, *, clock: Callable[[], float] = time.time) -> None:
        self._parts = parts
        self._clock = clock

    async def scene(self, scope_id: str) -> Scene:
        """Everything that may be seen there."""
        now = self._clock()
        here = await self._parts.policy.effective(scope_id)
        locale = SOURCE_LOCALE if here.language == "auto" else here.language
        allowed = _Allowed(self._parts)
        faces = await self._parts.stage.recent(scope_id, now - WINDOW_S)
        items = [self._face(face, locale) for face in faces if await allowed.face(face)]
        rounds = await self._parts.rounds.on_screen(scope_id, now - REVEALED_S)
        items += [_round(each, locale, now) for each in rounds if await allowed.round(each)]
        if test := self._parts.overlays.tested(scope_id):
            shown = {"picture": TEST_PICTURE, "halved": True, "name": say(TEST, locale), "alt": "", "emotes": []}
            items.append(Item(test.id, test.at, "face", shown))
        full = len(faces) >= MAX_FACES
        return Scene(_look(here, locale), items, faces[0].at if full else now - WINDOW_S)

    async def face(self, scope_id: str, slug: str) -> StagedFace | None:
        """A face of this scope, if it may be seen."""
        face = await self._parts.stage.by_slug(slug)
        if face is None or face.state is not StageState.SHOWN or face.origin.scope_id != scope_id:
            return None
        return face if await _Allowed(self._parts).face(face) else None

    async def face_picture(self, scope_id: str, slug: str) -> FacePicture | None:
        """The picture of such a face."""
        face = await self.face(scope_id, slug)
        return None if face is None else await self._parts.pictures.load(face.request_id)

    async def round_picture(self, scope_id: str, round_id: str, *, solved: bool) -> FacePicture | None:
        """The pair of a round that is on screen; `solved` asks for one that is over."""
        rounds = await self._parts.rounds.on_screen(scope_id, self._clock() - REVEALED_S)
        for each in rounds:
            if each.id == round_id and each.request_id and (each.state.is_decided or not solved):
                allowed = await _Allowed(self._parts).round(each)
                return await self._parts.pictures.load(each.request_id) if allowed else None
        return None

    def _face(self, face: StagedFace, locale: str) -> Item:
        shown = {
            "picture": f"faces/{face.slug}",
            "halved": face.options.layout is Layout.PAIR and len(face.emotes) == 1,
            "name": face.asker_name,
            "alt": say(alt_text(face.emotes), locale),
            "emotes": self._parts.emotes.described(face),
        }
        return Item(face.slug, face.at, "face", shown)


class _Allowed:
    """Whether what was asked for in a place may be on a stream; asks once for each channel."""

    def __init__(self, parts: SceneParts) -> None:
        self._parts = parts
        self._known: dict[str, bool] = {}

    async def face(self, face: StagedFace) -> bool:
        return await self._in(face.origin, face.parent_channel_id)

    async def round(self, round_: GuessRound) -> bool:
        """It was asked for like a face, and that request knows which channel's thread it was in."""
        request = await self._parts.requests.get(round_.request_id) if round_.request_id else None
        return request is not None and await self._in(round_.origin, request.parent_channel_id)

    async def _in(self, origin: Origin, parent_channel_id: str | None) -> bool:
        if origin.platform is not Platform.DISCORD:
            return True
        if origin.channel_id not in self._known:
            here = await self._parts.policy.effective(origin.scope_id, origin.channel_id, parent_channel_id)
            self._known[origin.channel_id] = here.overlay_discord
        return self._known[origin.channel_id]


def _look(here: EffectiveSettings, locale: str) -> Mapping[str, Any]:
    return {
        "language": locale,
        "theme": here.overlay_theme,
        "position": here.overlay_position,
        "size_percent": here.overlay_size_percent,
        "duration_s": here.overlay_duration_s,
        "sound": here.overlay_sound,
    }


def _round(round_: GuessRound, locale: str, now: float) -> Item:
    """The page's clock may be wrong, so it is told how long is left."""
    at = round_.opened_at or round_.made_at
    if not round_.state.is_decided:
        left_s, total_s = max(0.0, (round_.ends_at or now) - now), max(1.0, (round_.ends_at or now) - at)
        words = say(RIDDLE, locale)
        shown = {"picture": f"rounds/{round_.id}", "words": words, "left_s": left_s, "total_s": total_s}
        return Item(round_.id, at, "round", shown)
    name = {"name": name_in(round_.emote, locale)}
    is_solved = round_.state is RoundState.WON
    words = say(Text("Solved! It was {name}.", name) if is_solved else Text("Time's up! It was {name}.", name), locale)
    return Item(round_.id, at, "reveal", {"picture": f"rounds/{round_.id}/answer", "words": words})
