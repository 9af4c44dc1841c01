"""Reading a request's body the way Discord does: JSON, or `payload_json` with files beside it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.base_protocol import BaseProtocol

from tests.fakes.discord.checks import ApiError, require


async def read_json(request: web.Request) -> Any:
    """The body, which must say that it is JSON."""
    if request.headers.get("Content-Type") != "application/json":
        raise ApiError(400, 50109, "The request body contains invalid JSON.")
    try:
        return json.loads(await request.text())
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


async def read_form(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """The payload and the uploaded files by field name (`files[0]`)."""
    if request.content_type != "multipart/form-data":
        return await read_json(request), {}
    payload: Any = None
    files: dict[str, bytes] = {}
    async for part in MultipartReader(request.headers, _stream(await request.read())):
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            payload = json.loads(await part.text())
        else:
            name = part.name or ""
            require(name.startswith("files[") and name.endswith("]"), name or "_", "FIELD_UNKNOWN", "Unknown field.")
            require(part.filename, name, "FILE_NAME_REQUIRED", "An upload needs a filename.")
            files[name] = bytes(await part.read())
    require(payload is not None, "payload_json", "BASE_TYPE_REQUIRED", "This field is required.")
    return payload, files


def _stream(body: bytes) -> StreamReader:
    """The body once more: a client that has hung up takes the request's own stream with it."""
    loop = asyncio.get_running_loop()
    stream = StreamReader(BaseProtocol(loop), limit=max(1, len(body)), loop=loop)
    stream.feed_data(body)
    stream.feed_eof()
    return stream
