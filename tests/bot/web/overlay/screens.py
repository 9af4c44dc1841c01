"""An overlay with everything behind it in the hands of a test: what is on the stage, and which rounds are played."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from ulid import ULID

from bot.emotes.library import picture_urls
from bot.errors import DownloadFailed
from bot.guessing.round import GuessRound, RoundState
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Platform
from bot.policy.policy import Policy
from bot.stage.face import StagedFace, StageState
from bot.store.database import open_database
from bot.store.overlays import OverlaySecrets
from bot.web.overlay.emotes import EmotePictures, picture_origins
from bot.web.overlay.overlays import Overlays
from bot.web.overlay.pages import OverlayPages
from bot.web.overlay.scenes import SceneParts, Scenes
from config.settings import load_settings
from inference.protocol import FaceOptions, Frame, Layout, Picture
from tests.bot.web.conftest import Site
from tests.fakes.policies import policy_on

SCOPE = "twitch:1"
TWITCH = Origin(Platform.TWITCH, SCOPE, "1", "7")
GUILD = "42"
DISCORD = Origin(Platform.DISCORD, GUILD, "2", "7")
JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
KAPPA = Emote(EmoteSource.TWITCH, "25", "Kappa")
AVATAR = Emote(EmoteSource.AVATAR, "https://cdn.example/avatars/1/a.png", shown_user_id="1")
EMOTE_COLOUR, FACE_COLOUR = (250, 200, 40), (200, 120, 90)


def pair() -> bytes:
    """An emote on the left, its face on the right, as the worker draws them."""
    image = Image.new("RGBA", (272, 128))
    image.paste(Image.new("RGBA", (128, 128), EMOTE_COLOUR), (0, 0))
    image.paste(Image.new("RGBA", (128, 128), FACE_COLOUR), (144, 0))
    return _webp(image)


def single() -> bytes:
    """A face alone."""
    return _webp(Image.new("RGB", (128, 128), FACE_COLOUR))


def staged(
    *emotes: Emote, at: float | None = None, layout: Layout = Layout.PAIR, origin: Origin = TWITCH, **values: Any
) -> StagedFace:
    """A face that is shown since now."""
    number = str(ULID())
    return StagedFace(
        **{
            "request_id": number,
            "slug": number[-11:],
            "origin": origin,
            "parent_channel_id": None,
            "emotes": emotes or (JOY,),
            "options": FaceOptions(layout=layout),
            "asker_name": "Ada",
            "at": time.time() if at is None else at,
            "state": StageState.SHOWN,
            "in_gallery": False,
            **values,
        }
    )


def opened_round(left_s: float = 30.0, origin: Origin = TWITCH) -> GuessRound:
    """One that can be guessed."""
    now = time.time()
    return GuessRound(
        id=str(ULID()),
        origin=origin,
        emote=JOY,
        answers=frozenset({"joy"}),
        mask="0" * 16,
        made_at=now,
        state=RoundState.OPEN,
        request_id=str(ULID()),
        opened_at=now,
        ends_at=now + left_s,
    )


@dataclass
class FakeFetcher:
    """Every picture is a red square with a green dot; `fails` are gone."""

    fails: set[Emote] = field(default_factory=set)
    fetched: list[Emote] = field(default_factory=list)

    async def fetch(self, emote: Emote) -> Picture:
        self.fetched.append(emote)
        if emote in self.fails:
            raise DownloadFailed
        image = Image.new("RGBA", (64, 48), "red")
        image.putpixel((5, 5), (0, 255, 0, 255))
        return Picture(64, 48, (Frame(image.tobytes()),))


@dataclass
class Screen:
    """The overlay of a scope."""

    scope_id: str
    policy: Policy
    overlays: Overlays
    fetcher: FakeFetcher
    site: Site
    pages: OverlayPages | None = None
    faces: list[StagedFace] = field(default_factory=list)
    rounds: list[GuessRound] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    secret: str = ""

    @property
    def path(self) -> str:
        return f"/overlay/{self.secret}"

    @property
    def url(self) -> str:
        return self.site.url + self.path

    async def show(self, face: StagedFace, content: bytes | None = None) -> StagedFace:
        """It comes onto the stage."""
        self.files[face.request_id] = content or pair()
        self.faces.append(face)
        await self.overlays.shown(face)
        return face

    async def hide(self, face: StagedFace) -> None:
        """It goes, everywhere."""
        self.faces = [replace(each, state=StageState.HIDDEN) if each.slug == face.slug else each for each in self.faces]
        await self.overlays.hidden(face)

    def play(self, round_: GuessRound) -> GuessRound:
        """It opens, or is what became of the open one."""
        self.files[str(round_.request_id)] = pair()
        self.rounds = [each for each in self.rounds if each.id != round_.id] + [round_]
        self.overlays.round_changed(round_)
        return round_

    async def set(self, name: str, value: Any, channel_id: str | None = None) -> None:
        """An admin changes a setting."""
        await self.policy.set(self.scope_id, channel_id, name, value, "admin")

    # what the scenes read

    async def recent(self, scope_id: str, since: float) -> list[StagedFace]:
        shown = [face for face in self.faces if face.state is StageState.SHOWN and face.origin.scope_id == scope_id]
        return [face for face in shown if face.at >= since][-50:]

    async def by_slug(self, slug: str) -> StagedFace | None:
        return next((face for face in self.faces if face.slug == slug), None)

    async def on_screen(self, scope_id: str, decided_since: float) -> list[GuessRound]:
        here = [each for each in self.rounds if each.origin.scope_id == scope_id]
        return [each for each in here if each.decided_at is None or each.decided_at >= decided_since]

    async def get(self, request_id: str) -> FaceRequest | None:
        round_ = next(each for each in self.rounds if each.request_id == request_id)
        return FaceRequest(request_id, round_.origin, (round_.emote,), FaceOptions(), accepted_at=0, deadline_at=1)

    async def load(self, picture_id: str) -> FacePicture | None:
        content = self.files.get(picture_id)
        return FacePicture(picture_id, content, 272, 128) if content else None


@asynccontextmanager
async def open_screen(
    scope_id: str = SCOPE, *, beat_s: float = 10.0, cdn_url: str = "https://cdn.example"
) -> AsyncIterator[Screen]:
    """With its site, which is not serving yet. Emotes of Twitch are at `cdn_url`.

    The database is a file: one in memory is lost with its connection, and that with a stream that is cut.
    """
    settings = load_settings()
    settings = settings.model_copy(update={"twitch": settings.twitch.model_copy(update={"cdn_url": cdn_url})})
    with TemporaryDirectory() as folder:
        async with open_database(f"sqlite+aiosqlite:///{folder}/emoteface.db") as engine:
            policy, overlays, fetcher = policy_on(engine), Overlays(OverlaySecrets(engine)), FakeFetcher()
            policy.watch(overlays.setting_changed)
            screen = Screen(scope_id, policy, overlays, fetcher, Site())
            emotes = EmotePictures(fetcher, picture_urls(settings))
            scenes = Scenes(SceneParts(screen, screen, screen, screen, policy, emotes, overlays))
            screen.pages = OverlayPages(
                overlays, scenes, emotes, picture_origins=picture_origins([cdn_url]), public_url=None, beat_s=beat_s
            )
            screen.site.pages, screen.site.on_shutdown = [screen.pages], [screen.pages.close]
            screen.secret = await overlays.secret_of(scope_id)
            yield screen


@asynccontextmanager
async def serving_screen(scope_id: str = SCOPE, **options: Any) -> AsyncIterator[Screen]:
    """With its site."""
    async with open_screen(scope_id, **options) as screen, screen.site.serving():
        yield screen


def _webp(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", lossless=True)
    return file.getvalue()
