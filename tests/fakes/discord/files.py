"""The fake's files: the CDN has them as they are, the media host smaller ones, and GIF stickers are only there."""

from __future__ import annotations

import io
import secrets

from aiohttp import web
from PIL import Image

from tests.fakes.discord.answers import CDN, MEDIA
from tests.fakes.discord.world import Attachment, Guild, Message, Sticker, User, new_id

_KINDS = {1: "png", 2: "png", 3: "json", 4: "gif"}
_TYPES = {"png": "image/png", "json": "application/json", "gif": "image/gif"}


class Files:
    """Routes that want no token, and what is behind them."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        self._emojis: dict[int, bytes] = {}
        self._stickers: dict[int, Sticker] = {}
        self._portraits: dict[str, bytes] = {}

    def add_emoji(self, picture: bytes | None = None) -> int:
        """A custom emoji, by default a square of some colour. Returns its id."""
        emoji_id = new_id()
        if picture is None:
            buffer = io.BytesIO()
            Image.new("RGBA", (64, 64), (emoji_id % 256, 160, 80, 255)).save(buffer, "PNG")
            picture = buffer.getvalue()
        self._emojis[emoji_id] = picture
        return emoji_id

    def add_sticker(self, picture: bytes, format_type: int = 1) -> Sticker:
        """See `Sticker` for the types."""
        sticker = Sticker("a sticker", format_type, picture)
        self._stickers[sticker.id] = sticker
        return sticker

    def add_portrait(self, owner: User | Guild, picture: bytes) -> str:
        """An avatar, or a server's icon. Returns the hash that names it."""
        portrait = secrets.token_hex(16)
        self._portraits[portrait] = picture
        if isinstance(owner, User):
            owner.avatar = portrait
        else:
            owner.icon = portrait
        return portrait

    def emoji(self, emoji_id: int) -> bytes | None:
        """The picture of a custom emoji."""
        return self._emojis.get(emoji_id)

    def portrait(self, owner: User | Guild) -> bytes | None:
        """The avatar or icon; None for one of Discord's own."""
        name = owner.avatar if isinstance(owner, User) else owner.icon
        return self._portraits.get(name or "")

    def content_at(self, path: str) -> bytes | None:
        """The emoji or portrait under an address of the CDN."""
        _, folder, *names = path.split("?", maxsplit=1)[0].split("/") if path.startswith("/") else ("", "")
        name = names[-1].partition(".")[0] if names else ""
        if folder == "emojis" and name.isdigit():
            return self._emojis.get(int(name))
        return self._portraits.get(name) if folder in {"avatars", "icons"} else None

    def routes(self) -> list[web.RouteDef]:
        attachment = "/attachments/{channel}/{attachment}/{name}"
        return [
            web.get(CDN + "/emojis/{name}", self._emoji),
            web.get(CDN + "/stickers/{name}", self._sticker),
            web.get(MEDIA + "/stickers/{name}", self._moving_sticker),
            web.get(CDN + "/avatars/{owner}/{name}", self._portrait),
            web.get(CDN + "/icons/{owner}/{name}", self._portrait),
            web.get(CDN + attachment, self._attachment),
            web.get(MEDIA + attachment, self._smaller_attachment),
        ]

    async def _emoji(self, request: web.Request) -> web.StreamResponse:
        emoji_id, _, kind = request.match_info["name"].partition(".")
        content = self._emojis.get(int(emoji_id)) if emoji_id.isdigit() else None
        if content is None or kind not in {"png", "webp", "gif"}:
            return web.Response(status=404)
        moving = kind == "gif" or (kind == "webp" and request.query.get("animated") == "true")
        return web.Response(body=content if moving else _first_frame(content, kind), content_type=f"image/{kind}")

    async def _sticker(self, request: web.Request) -> web.StreamResponse:
        return self._sticker_file(request, {"png", "json"})

    async def _moving_sticker(self, request: web.Request) -> web.StreamResponse:
        return self._sticker_file(request, {"gif"})

    def _sticker_file(self, request: web.Request, here: set[str]) -> web.Response:
        sticker_id, _, kind = request.match_info["name"].partition(".")
        sticker = self._stickers.get(int(sticker_id)) if sticker_id.isdigit() else None
        if sticker is None or kind not in here or _KINDS[sticker.format_type] != kind:
            return web.Response(status=404)
        return web.Response(body=sticker.content, content_type=_TYPES[kind])

    async def _portrait(self, request: web.Request) -> web.StreamResponse:
        content = self._portraits.get(request.match_info["name"].partition(".")[0])
        if content is None:
            return web.Response(status=404)
        return web.Response(body=content, content_type="image/png")

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        if (found := self._found(request)) is None:
            return web.Response(status=404)
        return web.Response(body=found.content, content_type=found.content_type)

    async def _smaller_attachment(self, request: web.Request) -> web.StreamResponse:
        """As the proxy makes them, whatever was uploaded."""
        if (found := self._found(request)) is None:
            return web.Response(status=404)
        with Image.open(io.BytesIO(found.content)) as picture:
            size = (int(request.query["width"]), int(request.query["height"]))
            file = io.BytesIO()
            picture.convert("RGB").resize(size).save(file, "PNG")
        return web.Response(body=file.getvalue(), content_type="image/png")

    def _found(self, request: web.Request) -> Attachment | None:
        """Of a message that is still there, under its signed address."""
        wanted = request.match_info["attachment"]
        messages = [message for message in self._messages if not message.deleted]
        found = (each for message in messages for each in message.attachments if str(each.id) == wanted)
        return next(found, None) if "hm" in request.query else None


def _first_frame(content: bytes, kind: str) -> bytes:
    """What the CDN makes of an animation unless asked for all of it."""
    with Image.open(io.BytesIO(content)) as picture:
        if not getattr(picture, "is_animated", False):
            return content
        file = io.BytesIO()
        picture.convert("RGBA").save(file, kind.upper())
    return file.getvalue()
