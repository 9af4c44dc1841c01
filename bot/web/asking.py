"""From an HTTP body to what was asked: text, pictures, or both. Nothing is taken in beyond its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from bot.decode.decoder import megabytes
from bot.errors import Busy, PictureTooLarge
from bot.web.refusal import WebRefusal

MAX_TEXT_CHARS = 2000  # a Discord message's length
MAX_TEXT_BYTES = 4 * MAX_TEXT_CHARS
MAX_BODIES = 8  # uploads read at the same time: bounds the memory they take together
READ_TIMEOUT_S = 30.0

_MULTIPART_OVERHEAD_BYTES = 16_384  # boundaries, part headers and options around the pictures
_MULTIPART_MAX_PARTS = 16


@dataclass(frozen=True, slots=True)
class Asking:
    """What came in, unparsed; empty pictures are left out."""

    text: str
    pictures: tuple[bytes, ...] = ()


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)] = ""


class AskingReader:
    """Reads JSON `{"text": …}` or multipart with `picture` files and an optional `text`."""

    def __init__(self, max_upload_bytes: int, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._max_upload_bytes = max_upload_bytes
        self._read_timeout_s = read_timeout_s
        self._places = asyncio.Semaphore(MAX_BODIES)

    async def read(self, request: web.Request) -> Asking:
        """Raise WebRefusal for a body that is not understood or too slow, FaceError for one that is too much."""
        if self._places.locked():
            raise Busy(retry_after_s=2)
        async with self._places:
            try:
                async with asyncio.timeout(self._read_timeout_s):
                    return await self._read_body(request)
            except TimeoutError:
                raise WebRefusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "That took too long to arrive.") from None

    async def _read_body(self, request: web.Request) -> Asking:
        match request.content_type:
            case "application/json":
                return Asking(_checked_text(partial(_Body.model_validate_json, await request.read())))
            case "multipart/form-data":
                return await self._read_form(request)
        message = "Send JSON with a text, or a form with a picture."
        raise WebRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown_content_type", message)

    async def _read_form(self, request: web.Request) -> Asking:
        if (request.content_length or 0) > self._max_upload_bytes + _MULTIPART_OVERHEAD_BYTES:
            raise _too_large(self._max_upload_bytes)
        try:
            return await self._read_parts(await request.multipart())
        except (ValueError, AssertionError, HttpProcessingError) as error:  # aiohttp's words for a broken form
            raise _bad_request() from error

    async def _read_parts(self, form: MultipartReader) -> Asking:
        text, pictures, left = b"", list[bytes](), self._max_upload_bytes
        for _ in range(_MULTIPART_MAX_PARTS):
            part = await form.next()
            if part is None:
                return Asking(_checked_text(partial(_Body, text=text.decode())), tuple(filter(None, pictures)))
            match part:
                case BodyPartReader(name="picture"):
                    pictures.append(await _read_part(part, left, _too_large(self._max_upload_bytes)))
                    left -= len(pictures[-1])
                case BodyPartReader(name="text"):
                    text = await _read_part(part, MAX_TEXT_BYTES, _bad_request())
                case _:
                    break
        raise _bad_request()


async def _read_part(part: BodyPartReader, max_bytes: int, otherwise: Exception) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk():
        content += chunk
        if len(content) > max_bytes:
            raise otherwise
    return bytes(content)


def _checked_text(read: Callable[[], _Body]) -> str:
    try:
        return read().text
    except ValidationError as error:
        raise _bad_request() from error


def _too_large(max_bytes: int) -> PictureTooLarge:
    return PictureTooLarge(megabytes(max_bytes))


def _bad_request() -> WebRefusal:
    message = f"Send a text of at most {MAX_TEXT_CHARS} characters, or a form with a picture."
    return WebRefusal(HTTPStatus.BAD_REQUEST, "bad_request", message)
