"""`/f/<slug>`, `/g/<channel>` and `/oembed`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol

from aiohttp import web
from yarl import URL

from bot.models import FacePicture, FaceRequest
from bot.operating.reasons import REASONS
from bot.operating.reporting import WORDS, ReportTaker
from bot.replies import alt_text
from bot.stage.face import StagedFace
from bot.store.channel_names import ChannelNames
from bot.store.reports import Reason
from bot.texts import Text, say
from bot.web.api import PICTURE_AGE_S
from bot.web.forms import read_form
from bot.web.gallery.credits import credits_of
from bot.web.gallery.embedding import SLUG, oembed, slug_in
from bot.web.gallery.showcase import Gone, Showcase
from bot.web.refusal import WebRefusal
from bot.web.rendering import FORMS, page
from bot.web.signing import Signer
from bot.web.visitors import Visitors
from inference.protocol import Format, Layout

_FACE, _PICTURE = f"/f/{{slug:{SLUG}}}", f"/f/{{slug:{SLUG}}}.{{format:webp|gif}}"
_CHANNEL = "/g/{channel:[A-Za-z0-9_:]{1,40}}"
_MAX_FORM_BYTES = 1024
_NOT_HERE = Text("This face is not here (any more).")
_NO_GALLERY = Text("There is no gallery here.")
_TEXTS = {
    "title": Text("An almost-real face"),
    "made_from": Text("Made from"),
    "asked_by": Text("Asked for by"),
    "style": Text("Style"),
    "realism": Text("Realism"),
    "steps": Text("Steps"),
    "all_steps": Text("all of them in the picture"),
    "day": Text("Day"),
    "report": Text("Report this face"),
    "what_is_wrong": Text("What is wrong with it?"),
    "send": Text("Send"),
    "machine": Text("A machine made it; it shows nobody."),
    "more": Text("More faces"),
    "gallery": Text("Gallery"),
    "best": Text("Best"),
    "newest": Text("Newest"),
    "stars": Text("Stars:"),
    "privacy": Text("Privacy"),
    "terms": Text("Terms of use"),
}


class Faces(Protocol):
    """`bot.face_service.FaceService`."""

    async def request(self, request_id: str) -> FaceRequest | None: ...

    async def picture(self, picture_id: str) -> FacePicture | None: ...


@dataclass(frozen=True, slots=True)
class GalleryParts:
    """What the gallery is made of."""

    faces: Faces
    showcase: Showcase
    names: ChannelNames
    reports: ReportTaker
    signer: Signer
    visitors: Visitors


class GalleryPages:
    """Shows what the showcase lets out. What is gone is 410, what never was is 404."""

    def __init__(self, parts: GalleryParts, public_url: str | None) -> None:
        self._parts = parts
        self._public_url = public_url

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return (
            web.get(_FACE, self.face),
            web.get(_PICTURE, self.picture),
            web.post(f"{_FACE}/report", self.report),
            web.get("/oembed", self.oembed),
            web.get(_CHANNEL, self.channel),
        )

    async def face(self, request: web.Request) -> web.Response:
        """The face with where it comes from, for people and for programs that unfold links."""
        return await self._face_page(request)

    async def picture(self, request: web.Request) -> web.Response:
        """The file; what it is does not depend on what the address says."""
        try:
            _, picture = await self._shown(request.match_info["slug"])
        except Gone:
            raise _gone() from None
        headers = {
            "Cache-Control": f"public, max-age={PICTURE_AGE_S}, immutable",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return web.Response(body=picture.content, content_type=f"image/{Format.of(picture.content)}", headers=headers)

    async def report(self, request: web.Request) -> web.Response:
        """Somebody thinks that it should not be there; of who it is, only a code is kept."""
        if (request.content_length or _MAX_FORM_BYTES + 1) > _MAX_FORM_BYTES:
            raise WebRefusal.of_status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        chosen = (await read_form(request)).get("reason", "")
        if chosen not in set(Reason):
            raise WebRefusal.of_status(HTTPStatus.BAD_REQUEST)
        try:
            face, _ = await self._shown(request.match_info["slug"])
        except Gone:
            return self._missing(request, _NOT_HERE, HTTPStatus.GONE)
        reported = await self._parts.faces.request(face.request_id)
        if reported is None:
            return self._missing(request, _NOT_HERE, HTTPStatus.GONE)
        reporter_id = f"web:{self._parts.signer.signature('report', self._parts.visitors.address(request))[:32]}"
        taken = await self._parts.reports.take([reported], reporter_id, Reason(chosen))
        return await self._face_page(request, notice=WORDS[taken])

    async def oembed(self, request: web.Request) -> web.Response:
        """For faces' pages of this site and no other address."""
        if request.query.get("format", "json") != "json":
            raise WebRefusal.of_status(HTTPStatus.NOT_IMPLEMENTED)
        base = self._base(request)
        slug = slug_in(request.query.get("url", ""), base)
        if slug is None:
            raise WebRefusal.of_status(HTTPStatus.NOT_FOUND)
        try:
            face, picture = await self._shown(slug)
        except Gone:
            raise _gone() from None
        size = picture.width_px, picture.height_px
        body = oembed(say(alt_text(face.emotes)), str(base / _file(face, picture)), size, base)
        return web.json_response(body, headers={"Access-Control-Allow-Origin": "*"})

    async def channel(self, request: web.Request) -> web.Response:
        """The newest and the best of a place whose admins opened the gallery."""
        scope_id = await self._parts.names.scope_of(request.match_info["channel"])
        newest = [] if scope_id is None else await self._parts.showcase.newest(scope_id)
        if scope_id is None or not newest:
            return self._missing(request, _NO_GALLERY, HTTPStatus.NOT_FOUND)
        best = await self._parts.showcase.best(scope_id)
        return page(
            request,
            "channel.html",
            texts=_TEXTS,
            name=await self._parts.names.name_of(scope_id),
            newest=[_tile(face) for face in newest],
            best=[_tile(face) | {"votes": votes} for face, votes in best],
        )

    async def _face_page(self, request: web.Request, notice: Text | None = None) -> web.Response:
        try:
            face, picture = await self._shown(request.match_info["slug"])
        except Gone:
            return self._missing(request, _NOT_HERE, HTTPStatus.GONE)
        base = self._base(request)
        return page(
            request,
            "face.html",
            policy=FORMS,
            texts=_TEXTS,
            base=base,
            face=face,
            file=_file(face, picture),
            picture=picture,
            alt=alt_text(face.emotes),
            credits=credits_of(face.emotes),
            options=face.options,
            all_steps=face.options.layout is Layout.STRIP,
            day=datetime.fromtimestamp(face.at, UTC).date().isoformat(),
            asker=_plain(face.asker_name),
            embed_url=str((base / "oembed").with_query(url=str(base / f"f/{face.slug}"), format="json")),
            gallery=await self._parts.names.path_of(face.origin.scope_id),
            reasons=[(reason.value, words) for reason, words in REASONS.items()],
            notice=notice,
        )

    async def _shown(self, slug: str) -> tuple[StagedFace, FacePicture]:
        """Raise Gone, or WebRefusal for a name that no face has."""
        face = await self._parts.showcase.face(slug)
        if face is None:
            raise WebRefusal(HTTPStatus.NOT_FOUND, "no_such_face", say(_NOT_HERE))
        picture = await self._parts.faces.picture(face.request_id)
        if picture is None:
            raise Gone
        return face, picture

    def _missing(self, request: web.Request, words: Text, status: HTTPStatus) -> web.Response:
        return page(request, "missing.html", status=status, words=words)

    def _base(self, request: web.Request) -> URL:
        return URL(self._public_url) if self._public_url is not None else request.url.origin()


def _tile(face: StagedFace) -> dict[str, Any]:
    return {"slug": face.slug, "alt": alt_text(face.emotes), "form": face.options.form.value}


def _file(face: StagedFace, picture: FacePicture) -> str:
    return f"f/{face.slug}.{Format.of(picture.content)}"


def _gone() -> WebRefusal:
    return WebRefusal(HTTPStatus.GONE, "gone", say(_NOT_HERE))


def _plain(name: str | None) -> str | None:
    """Without characters that change how others are read."""
    shown = "".join(c for c in name or "" if c.isprintable()).strip()
    return shown or None
