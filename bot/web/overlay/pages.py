"""`/overlay/<secret>`: the page, its pictures, its events, and the file for OBS. Who has the secret is let in."""

from __future__ import annotations

import asyncio
import html
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from aiohttp import web

from bot.guessing.half import face_of_pair
from bot.models import FacePicture
from bot.store.overlays import SECRET_CHARS
from bot.web.event_streams import Event, EventStreams
from bot.web.guards import content_policy
from bot.web.overlay.emotes import EmotePictures
from bot.web.overlay.feed import Feed
from bot.web.overlay.overlays import Overlays, overlay_url
from bot.web.overlay.scenes import Scenes
from bot.web.refusal import WebRefusal
from inference.protocol import Format

MAX_OPEN = 1024  # streams, over all overlays
MAX_OPEN_OF_SCOPE = 16  # more are a mistake, or somebody else's; one that is gone is noticed at the next beat
BEAT_S = 10.0
"""How often a page hears that its connection lives, and how late it learns what this process was not told."""

_SECRET = f"{{secret:[A-Za-z0-9_-]{{{SECRET_CHARS}}}}}"
_SLUG = "{slug:[0-9A-Za-z]{1,32}}"
_ROUND = "{round:[0-9A-HJKMNP-TV-Z]{26}}"
_NUMBER = "[0-9]{1,2}"
_EMPTY_ADDRESS: Final = 'data-address=""'
_PICTURE_HEADERS = {"Cache-Control": "private, max-age=600"}
_LOCAL_NAME = "emoteface-overlay.html"


class OverlayPages:
    """Knows HTTP; what there is to see is the scenes' business."""

    def __init__(
        self,
        overlays: Overlays,
        scenes: Scenes,
        emotes: EmotePictures,
        *,
        picture_origins: Sequence[str],
        public_url: str | None,
        clock: Callable[[], float] = time.time,
        beat_s: float = BEAT_S,
    ) -> None:
        """`picture_origins`: the sites that the page may load emotes from. Without a `public_url` the site is where the
        visitor found it."""
        self._overlays = overlays
        self._scenes = scenes
        self._emotes = emotes
        self._public_url = public_url
        self._clock = clock
        self._beat_s = beat_s
        self._streams = EventStreams(MAX_OPEN)
        self._open: Counter[str] = Counter()
        self._page_headers = {"Content-Security-Policy": _policy(picture_origins)}
        self._page = (files("bot.web") / "templates" / "overlay.html").read_text(encoding="utf-8")
        self._local = (files("bot.web.overlay") / "overlay.html").read_text(encoding="utf-8")

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        at = f"/overlay/{_SECRET}"
        return (
            web.get(at, self.page),
            web.get(f"{at}/local", self.local),
            web.get(f"{at}/events", self.events),
            web.get(f"{at}/faces/{_SLUG}", self.face),
            web.get(f"{at}/emotes/{_SLUG}/{{at:{_NUMBER}}}", self.emote),
            web.get(f"{at}/emotes/{_SLUG}/{{at:{_NUMBER}}}/{{part:{_NUMBER}}}", self.emote),
            web.get(f"{at}/rounds/{_ROUND}", self.riddle),
            web.get(f"{at}/rounds/{_ROUND}/answer", self.answer),
        )

    async def close(self, app: web.Application) -> None:
        """End every stream now; the pages reconnect."""
        await self._streams.close(app)

    async def page(self, request: web.Request) -> web.Response:
        """Transparent, for OBS."""
        await self._scope(request)
        return web.Response(text=self._page, content_type="text/html", headers=self._page_headers)

    async def local(self, request: web.Request) -> web.Response:
        """A file that shows the overlay as soon as there is a server: OBS leaves a page that failed blank for ever."""
        await self._scope(request)
        url = overlay_url(self._public_url or str(request.url.origin()), request.match_info["secret"])
        named = f'data-address="{html.escape(url)}"'
        headers = {"Content-Disposition": f'attachment; filename="{_LOCAL_NAME}"'}
        return web.Response(
            text=self._local.replace(_EMPTY_ADDRESS, named, 1), content_type="text/html", headers=headers
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What comes and goes. EventSource names the last event it has seen in a header, and a page that had to make a
        new EventSource in `last`."""
        scope_id = await self._scope(request)
        seen = request.headers.get("Last-Event-ID") or request.query.get("last", "")
        with self._place(scope_id):
            return await self._streams.serve(
                request, self._events(scope_id, request.match_info["secret"], Feed(self._clock(), _moment(seen)))
            )

    async def face(self, request: web.Request) -> web.Response:
        """The picture of a face that may be seen."""
        return _picture(await self._scenes.face_picture(await self._scope(request), request.match_info["slug"]))

    async def emote(self, request: web.Request) -> web.Response:
        """What such a face was made of, where we may show it: all of an emote, or one of its parts."""
        scope_id, found = await self._scope(request), request.match_info
        face = await self._scenes.face(scope_id, found["slug"])
        part = int(found["part"]) if "part" in found else None
        content = await self._emotes.picture(face, int(found["at"]), part) if face else None
        if content is None:
            raise _nothing_there()
        return web.Response(body=content, content_type="image/webp", headers=_PICTURE_HEADERS)

    async def riddle(self, request: web.Request) -> web.Response:
        """The face to be guessed, and nothing of its emote."""
        pair = await self._round_picture(request, solved=False)
        face = await asyncio.to_thread(face_of_pair, pair.content) if pair else None
        if face is None:
            raise _nothing_there()
        return web.Response(body=face, content_type="image/webp", headers=_PICTURE_HEADERS)

    async def answer(self, request: web.Request) -> web.Response:
        """Emote and face of a round that is over."""
        return _picture(await self._round_picture(request, solved=True))

    async def _round_picture(self, request: web.Request, *, solved: bool) -> FacePicture | None:
        scope_id = await self._scope(request)
        return await self._scenes.round_picture(scope_id, request.match_info["round"], solved=solved)

    async def _events(self, scope_id: str, secret: str, feed: Feed) -> AsyncIterator[Event]:
        """Until the secret is replaced."""
        with self._overlays.watching(scope_id) as watch:
            while await self._overlays.scope_of(secret) == scope_id:
                news = list(feed.events(await self._scenes.scene(scope_id)))
                for event in news or [Event({}, "beat")]:
                    yield event
                await watch.wait(self._beat_s)

    async def _scope(self, request: web.Request) -> str:
        scope_id = await self._overlays.scope_of(request.match_info["secret"])
        if scope_id is None:
            raise WebRefusal(HTTPStatus.NOT_FOUND, "no_such_overlay", "There is no overlay at this address (any more).")
        return scope_id

    @contextmanager
    def _place(self, scope_id: str) -> Iterator[None]:
        if self._open[scope_id] >= MAX_OPEN_OF_SCOPE:
            message = "This overlay is open too often."
            raise WebRefusal(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_listeners", message, retry_after_s=30)
        self._open[scope_id] += 1
        try:
            yield
        finally:
            self._open[scope_id] -= 1
            if not self._open[scope_id]:
                del self._open[scope_id]


def _policy(picture_origins: Sequence[str]) -> str:
    """As everywhere on the site, but with emotes from their own sites, and to be framed: by the panel, and by the file
    on the streamer's disk, which is at `file:` for browsers and at `http://absolute/` for OBS since version 28. There
    is nothing to click on."""
    return content_policy(
        img_src=" ".join(["'self'", *picture_origins]), frame_ancestors="'self' file: http://absolute"
    )


def _moment(text: str) -> float | None:
    """Of an event's id; None for what is none of ours."""
    try:
        moment = float(text)
    except ValueError:
        return None
    return moment if math.isfinite(moment) else None


def _picture(picture: FacePicture | None) -> web.Response:
    if picture is None:
        raise _nothing_there()
    kind = f"image/{Format.of(picture.content)}"
    return web.Response(body=picture.content, content_type=kind, headers=_PICTURE_HEADERS)


def _nothing_there() -> WebRefusal:
    return WebRefusal(HTTPStatus.NOT_FOUND, "no_such_picture", "There is no such picture (any more).")
