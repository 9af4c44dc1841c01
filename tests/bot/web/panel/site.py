"""The panel with a real store, in front of a platform that a test decides about; OAuth against the fakes."""

from __future__ import annotations

import asyncio
import io
import re
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import aiohttp
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine
from ulid import ULID
from yarl import URL

from bot.directory import RightsUnknown
from bot.guessing.game import Game
from bot.guessing.parts import GameParts
from bot.health import Health, HealthPart
from bot.metrics import Metrics
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Platform, RequestState, twitch_scope
from bot.operating.desk import OperatorDesk
from bot.policy.policy import Policy
from bot.stage.stage import Stage, StageParts
from bot.stats.plotter import Plotter
from bot.stats.records import Records
from bot.store.activity import ActivityStore
from bot.store.audit import Audit
from bot.store.guesses import GuessStore
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.shelf import Folder
from bot.store.staged_faces import StagedFaces
from bot.store.web_sessions import WebSessions
from bot.web.app import WebServer, build_app
from bot.web.overlay.overlays import Overlays
from bot.web.overlay.parts import OverlayParts, Shown, overlay_parts
from bot.web.panel.parts import Panel, PanelParts, open_panel
from config.settings import Settings, load_settings
from inference.protocol import FaceOptions
from tests.bot.discord.faces import ScriptedEmotes
from tests.bot.web.conftest import legal_pages, web_settings
from tests.bot.web.fake_faces import FakeFaces, FakeUploads
from tests.fakes.databases import fresh_database
from tests.fakes.discord.oauth import SECRET
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.policies import policy_on
from tests.fakes.serving import FakeFetcher
from tests.fakes.twitch.server import FakeTwitch

GUILD = "100200300"
OTHER = "100200301"
OPERATOR_ID = "424242"
JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
PLOT_CACHE = Path(gettempdir()) / "emoteface-test-fonts"
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass
class FakeDirectory:
    """Servers as a test wants them; who manages which is asked each time."""

    names: dict[str, str] = field(default_factory=lambda: {GUILD: "Testers", OTHER: "Others"})
    managers: set[tuple[str, str]] = field(default_factory=set)
    own: str | None = None
    is_down: bool = False

    async def present(self) -> Collection[str]:
        return list(self.names)

    async def manages(self, scope_id: str, user_id: str) -> bool:
        if self.is_down:
            raise RightsUnknown
        return (scope_id, user_id) in self.managers

    def own_scope(self, user_id: str) -> str | None:
        return twitch_scope(user_id) if self.own else None

    def name(self, scope_id: str) -> str | None:
        return self.names.get(scope_id)

    def channels(self, scope_id: str) -> Mapping[str, str] | None:
        return {"7": "#general", "8": "#art <b>"}

    def roles(self, scope_id: str) -> Mapping[str, str] | None:
        return {"55": "@Regulars"}

    def emoji_name(self, scope_id: str, emoji_id: str) -> str | None:
        return None


class FakeEmotes:
    """Every Twitch channel is there."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def link_channel(self, scope_id: str, login: str | None, *, by_user_id: str) -> None:
        value = None if login is None else {"id": "12", "login": login}
        await self._policy.set(scope_id, None, "twitch_channel", value, by_user_id)


class NoCache:
    """There is nothing to forget."""

    def forget(self, key: str) -> None: ...


@dataclass
class PanelSite:
    """Everything behind one server. The pages' faces are those of `faces`."""

    engine: AsyncEngine
    panel: Panel
    policy: Policy
    stage: Stage
    desk: OperatorDesk
    overlay: OverlayParts
    store: WebSessions
    discord: FakeDiscord
    twitch: FakeTwitch
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    channels: FakeDirectory = field(default_factory=lambda: FakeDirectory({}))
    faces: FakeFaces = field(default_factory=FakeFaces)
    health: Health = field(default_factory=Health)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def overlays(self) -> Overlays:
        return self.overlay.overlays

    def admin(self, name: str = "Ada", *scope_ids: str) -> str:
        """A user of the fake Discord who manages these servers (or all) and visits its OAuth page next; the id."""
        user = self.discord.user(name)
        self.discord.oauth.visitor = user
        for scope_id in scope_ids or self.directory.names:
            self.directory.managers.add((scope_id, str(user.id)))
        return str(user.id)

    async def face(self, scope_id: str = GUILD, *, asker: str = "Grace <b>", **settings: Any) -> FaceRequest:
        """A finished face on the stage."""
        for name, value in settings.items():
            await self.policy.set(scope_id, None, name, value, "test")
        platform = Platform.TWITCH if scope_id.startswith("twitch:") else Platform.DISCORD
        now = time.time()
        request = FaceRequest(
            str(ULID()),
            Origin(platform, scope_id, "7", "9"),
            (JOY,),
            FaceOptions(),
            now,
            now + 60,
            state=RequestState.ANSWERED,
            reply_target={"asker_name": asker},
            answer_ref="77",
        )
        await RequestStore(self.engine).add(request)
        picture = FacePicture(request.id, drawn(), 256, 128)
        self.faces.pictures[request.id] = picture
        await self.stage.present(request, picture)
        return request


@asynccontextmanager
async def panel_site(folder: Path, *, has_logins: bool = True, **web: Any) -> AsyncIterator[PanelSite]:
    """Serving inside the block; `web` changes the settings of the web server."""
    async with (
        FakeDiscord() as discord,
        FakeTwitch() as twitch,
        fresh_database() as engine,
        aiohttp.ClientSession() as session,
    ):
        settings = _settings(folder, discord, twitch, has_logins=has_logins, **web)
        policy, store = policy_on(engine), WebSessions(engine)
        pictures, audit = PictureStore(engine, Folder(folder / "pictures")), Audit(engine)
        staged = StageParts(StagedFaces(engine), RequestStore(engine), pictures, policy, NoCache(), audit)
        stage, faces, guesses = Stage(staged, None), FakeFaces(), GuessStore(engine)
        game = Game(GameParts(ScriptedEmotes(), faces, policy, guesses), settings.guessing)
        shown = Shown(stage, game, policy, FakeFetcher(), faces)
        overlay = overlay_parts(engine, shown, settings)
        overlays = overlay.overlays
        records = Records(ActivityStore(engine), guesses, Plotter(PLOT_CACHE))
        desk, health = OperatorDesk(engine, pictures, policy), Health()
        parts = PanelParts(store, policy, FakeEmotes(policy), stage, records, audit, desk, health, overlays)
        panel = open_panel(settings, session, parts)
        assert panel is not None
        site = PanelSite(
            engine, panel, policy, stage, desk, overlay, store, discord, twitch, faces=faces, health=health
        )
        panel.places.add(Platform.DISCORD, site.directory)
        panel.places.add(Platform.TWITCH, site.channels)
        site.channels.own = "own"
        health.add("worker", _well)
        async with _serving(site, settings):
            yield site


@asynccontextmanager
async def _serving(site: PanelSite, settings: Settings) -> AsyncIterator[None]:
    app = build_app(
        site.faces,
        FakeUploads(),
        site.health,
        Metrics(),
        web_settings=settings.web,
        pages=[legal_pages(), site.overlay.pages, *site.panel.pages],
        is_logged_in=site.panel.is_logged_in,
    )
    app.on_shutdown.append(site.overlay.pages.close)
    server = WebServer(app, settings.web)
    running = asyncio.create_task(server.run())
    started = asyncio.create_task(server.started.wait())
    await asyncio.wait((running, started), return_when=asyncio.FIRST_COMPLETED)
    site.port = server.port
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _settings(folder: Path, discord: FakeDiscord, twitch: FakeTwitch, *, has_logins: bool, **web: Any) -> Settings:
    loaded = load_settings()
    application = {"client_id": str(discord.application_id), "client_secret": SECRET} if has_logins else {}
    channel = {} if has_logins else {"client_id": None, "client_secret": None}
    return loaded.model_copy(
        update={
            "data_dir": folder,
            "web": web_settings(**web),
            "discord": discord.settings(**application),
            "twitch": twitch.settings(**channel),
            "operator": loaded.operator.model_copy(update={"discord_user_ids": frozenset({OPERATOR_ID})}),
        }
    )


async def _well() -> HealthPart:
    return HealthPart("worker", ok=True, detail={"child_pid": 4711, "problem": None})


class Browser:
    """A visitor without JavaScript: keeps cookies, follows redirects, sends a page's forms."""

    def __init__(self, site: PanelSite, session: aiohttp.ClientSession) -> None:
        self.site = site
        self.session = session
        self.page = ""
        self.status = 0
        self.at = ""

    @property
    def cookie(self) -> str:
        """The session's, as it would be stolen."""
        return self.session.cookie_jar.filter_cookies(URL(self.site.url))["emoteface_session"].value

    async def open(self, path: str) -> str:
        """Its page, wherever the path led."""
        async with self.session.get(self.site.url + path) as answer:
            return await self._read(answer)

    async def send(self, path: str, **fields: str | list[str]) -> str:
        """A form of the page that is open."""
        found = _TOKEN.search(self.page)
        form = [("form_token", found[1])] if found else []
        for name, value in fields.items():
            form += [(name, each) for each in (value if isinstance(value, list) else [value])]
        async with self.session.post(self.site.url + path, data=form) as answer:
            return await self._read(answer)

    async def log_in(self, way: str = "discord") -> str:
        """With whoever visits the fakes' pages."""
        return await self.open(f"/login/{way}")

    async def _read(self, answer: aiohttp.ClientResponse) -> str:
        self.page, self.status, self.at = await answer.text(), answer.status, answer.url.path
        return self.page


@asynccontextmanager
async def browser_on(site: PanelSite) -> AsyncIterator[Browser]:
    """With a cookie jar of its own."""
    timeout, jar = aiohttp.ClientTimeout(total=60), aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:
        yield Browser(site, session)


def drawn() -> bytes:
    """A WebP that stands for a face."""
    file = io.BytesIO()
    Image.new("RGB", (256, 128), "teal").save(file, "WEBP")
    return file.getvalue()
