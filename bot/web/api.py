"""The faces API: ask, look, listen, cancel, and fetch the picture."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import web

from bot import replies
from bot.command import FaceCommand, parse_command, strip_prefix
from bot.models import Emote, FacePicture, FaceRequest, Origin, Platform, Progress, RequestState
from bot.texts import say
from bot.web.asking import Asking, AskingReader
from bot.web.event_streams import Event, EventStreams
from bot.web.refusal import WebRefusal
from inference.protocol import FaceOptions, Format

PREFIX = "!"
CHANNEL = "playground"
DEFAULTS_OF = "web"  # settings are the page's, turns are every visitor's own
VISITOR_COOKIE = "emoteface_visitor"
VISITOR_COOKIE_AGE_S = 30 * 24 * 3600
PICTURE_AGE_S = 24 * 3600  # a face never changes, but it is not kept for long either

_ID = "{id:[0-9A-HJKMNP-TV-Z]{26}}"  # a ULID; everything else is no route at all
_VISITOR = re.compile(r"[\w-]{22}", re.ASCII)


class Faces(Protocol):
    """What the API needs of `bot.face_service.FaceService`, which says what each does."""

    async def defaults(self, scope_id: str) -> FaceOptions: ...

    async def ask(
        self,
        origin: Origin,
        command: FaceCommand,
        *,
        uploads: tuple[Emote, ...] = (),
        reply_target: Mapping[str, Any] | None = None,
    ) -> FaceRequest: ...

    async def progress(self, request_id: str) -> Progress | None: ...

    def watch(self, request_id: str) -> AsyncIterator[Progress]: ...

    async def cancel(self, request_id: str) -> bool: ...

    async def request(self, request_id: str) -> FaceRequest | None: ...

    async def picture(self, picture_id: str) -> FacePicture | None: ...


class TakesUploads(Protocol):
    """Keeps a visitor's picture until it is fetched; `bot.emotes.uploads.Uploads`."""

    def add(self, content: bytes) -> Emote: ...


class FaceApi:
    """Knows HTTP and JSON; everything about faces is the service's."""

    def __init__(self, faces: Faces, uploads: TakesUploads, reader: AskingReader, streams: EventStreams) -> None:
        self._faces = faces
        self._uploads = uploads
        self._reader = reader
        self._streams = streams

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return (
            web.post("/api/faces", self.ask),
            web.get(f"/api/faces/{_ID}", self.state),
            web.get(f"/api/faces/{_ID}/events", self.events),
            web.delete(f"/api/faces/{_ID}", self.cancel),
            web.get(f"/pictures/{_ID}.{{format:webp|gif}}", self.picture),
        )

    async def ask(self, request: web.Request) -> web.Response:
        """202 with the id under which the face can be followed; `position` and `eta_s` are estimates."""
        visitor = _visitor(request) or secrets.token_urlsafe(16)
        accepted = await self._accept(visitor, await self._reader.read(request))
        progress = await self._progress(accepted.id)
        response = web.json_response(
            {"id": accepted.id, "position": progress.position, "eta_s": progress.eta_s},
            status=HTTPStatus.ACCEPTED,
            headers={"Location": f"/api/faces/{accepted.id}"},
        )
        response.set_cookie(VISITOR_COOKIE, visitor, max_age=VISITOR_COOKIE_AGE_S, httponly=True, samesite="Lax")
        return response

    async def state(self, request: web.Request) -> web.Response:
        """Where it stands; with the picture's address or the words of refusal once it is over."""
        return web.json_response(await self._describe(await self._progress(request.match_info["id"])))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The same states as they change, until the last one."""
        request_id = request.match_info["id"]
        await self._progress(request_id)
        return await self._streams.serve(request, self._states(request_id))

    async def cancel(self, request: web.Request) -> web.Response:
        """204 when it was withdrawn in time."""
        request_id = request.match_info["id"]
        if not await self._faces.cancel(request_id):
            await self._progress(request_id)
            raise WebRefusal(HTTPStatus.CONFLICT, "too_late", "Too late: it is already on its way.")
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def picture(self, request: web.Request) -> web.Response:
        """The file, until it expires; what it is does not depend on what the address says."""
        picture = await self._faces.picture(request.match_info["id"])
        if picture is None:
            raise WebRefusal(HTTPStatus.NOT_FOUND, "no_such_picture", "There is no such face (any more).")
        headers = {"Cache-Control": f"public, max-age={PICTURE_AGE_S}, immutable"}
        return web.Response(body=picture.content, content_type=f"image/{Format.of(picture.content)}", headers=headers)

    async def _accept(self, visitor: str, asking: Asking) -> FaceRequest:
        rest = strip_prefix(asking.text, PREFIX)
        command = parse_command(asking.text if rest is None else rest, await self._faces.defaults(DEFAULTS_OF))
        uploads = tuple(self._uploads.add(picture) for picture in asking.pictures)
        return await self._faces.ask(Origin(Platform.WEB, visitor, CHANNEL, visitor), command, uploads=uploads)

    async def _progress(self, request_id: str) -> Progress:
        progress = await self._faces.progress(request_id)
        if progress is None:
            raise WebRefusal(HTTPStatus.NOT_FOUND, "no_such_face", "I don't know that request (any more).")
        return progress

    async def _states(self, request_id: str) -> AsyncIterator[Event]:
        async for progress in self._faces.watch(request_id):
            yield Event(await self._describe(progress))

    async def _describe(self, progress: Progress) -> dict[str, Any]:
        return {
            "id": progress.request_id,
            "state": progress.state.value,
            "position": progress.position,
            "eta_s": progress.eta_s,
            "status": None if progress.state.is_final else say(replies.status_line(progress)),
            "refusal": progress.refusal,
            "picture": await self._picture_of(progress),
        }

    async def _picture_of(self, progress: Progress) -> dict[str, str | None] | None:
        if progress.state is not RequestState.ANSWERED:
            return None
        request = await self._faces.request(progress.request_id)
        if request is None:
            return {"url": f"/pictures/{progress.request_id}.webp", "alt": "", "caption": None}
        url = f"/pictures/{progress.request_id}.{request.options.form}"
        caption = replies.caption(request.emotes)
        alt = say(replies.alt_text(request.emotes))
        return {"url": url, "alt": alt, "caption": None if caption is None else say(caption)}


def _visitor(request: web.Request) -> str | None:
    known = request.cookies.get(VISITOR_COOKIE, "")
    return known if _VISITOR.fullmatch(known) else None
