"""Forms as browsers send them; anybody else may send anything."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TypeAlias, cast

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from bot.web.refusal import WebRefusal

Form: TypeAlias = MultiDictProxy[str]

READ_TIMEOUT_S = 20.0
_TYPE, _CHARSET = "application/x-www-form-urlencoded", "utf-8"


async def read_form(request: web.Request, *, timeout_s: float = READ_TIMEOUT_S) -> Form:
    """What was filled in; nothing for a body of another kind, files included. Raise WebRefusal for a form that cannot
    be read, or that takes too long to arrive."""
    if request.content_type != _TYPE:
        return MultiDictProxy(MultiDict[str]())
    if (request.charset or _CHARSET).lower() != _CHARSET:
        raise WebRefusal.of_status(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        async with asyncio.timeout(timeout_s):
            return cast("Form", await request.post())
    except TimeoutError:
        raise WebRefusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "That took too long to arrive.") from None
    except UnicodeDecodeError:
        raise WebRefusal.of_status(HTTPStatus.BAD_REQUEST) from None
