"""How Twitch words what goes wrong, and the answers it sends."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """An answer that is an error, in the JSON that Helix and id share."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message

    @property
    def body(self) -> dict[str, Any]:
        return {"error": HTTPStatus(self.status).phrase, "status": self.status, "message": self.message}


def missing_scope(*scopes: str) -> ApiError:
    return ApiError(401, f"Missing scope: {' or '.join(scopes)}")


def answer(*data: Any, status: int = 200, **more: Any) -> web.Response:
    """What Helix wraps everything in."""
    return web.json_response({"data": list(data), **more}, status=status)


async def body_of(request: web.Request, required: dict[str, type], optional: dict[str, type]) -> dict[str, Any]:
    """The JSON of a request: all that is required, nothing unknown, everything of its type."""
    try:
        given = await request.json()
    except ValueError:
        raise ApiError(400, "The request body is not valid JSON.") from None
    if not isinstance(given, dict):
        raise ApiError(400, "The request body is not an object.")
    known = required | optional
    for name, value in given.items():
        if name not in known:
            raise ApiError(400, f"The field {name} is not known.")
        if type(value) is not known[name]:
            raise ApiError(400, f"The field {name} must be of type {known[name].__name__}.")
    for name in required:
        if name not in given:
            raise ApiError(400, f'The parameter "{name}" was missing.')
    return given


def required(request: web.Request, name: str) -> str:
    """One parameter of the query."""
    value = request.query.get(name, "")
    if not value:
        raise ApiError(400, f'Missing required parameter "{name}"')
    return value


def page(request: web.Request, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """As many as `first` says after the cursor, and the cursor for the rest."""
    first = int(request.query.get("first", 20))
    if not 1 <= first <= 100:
        raise ApiError(400, 'The parameter "first" was malformed: the value must be between 1 and 100')
    start = int(request.query.get("after") or 0)
    rest = start + first
    return items[start:rest], {"cursor": str(rest)} if rest < len(items) else {}
