"""Where the parts of the server are, and how it answers."""

from __future__ import annotations

import json

from aiohttp import web

API, GATEWAY, CDN, MEDIA = "/api/v10", "/gateway", "/cdn", "/media"


def json_answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """An answer with exactly the content type that Discord sends, and generous rate limits."""
    limits = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "49", "X-RateLimit-Reset-After": "1.0"}
    all_headers = {"Content-Type": "application/json"} | limits | (headers or {})
    return web.Response(body=json.dumps(value).encode(), status=status, headers=all_headers)
