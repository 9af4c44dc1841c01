"""Reading a request's body the way Discord does: JSON, or `payload_json` with files beside it."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import BodyPartReader, web

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
    async for part in await request.multipart():
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
