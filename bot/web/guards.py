"""What stands before and behind every handler: who may knock, what errors look like, which headers every answer has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from bot.errors import FaceError
from bot.web.refusal import WebRefusal
from bot.web.visitors import host_name
from config.web import WebSettings, is_loopback

log = structlog.get_logger(__name__)

_SAFE_METHODS = {"GET", "HEAD"}
_PROBED = "/health/"
_HTTPS_ONLY_S = 365 * 24 * 3600


def content_policy(
    *,
    img_src: str = "'self' blob:",
    form_action: str = "'none'",
    frame_src: str = "'none'",
    frame_ancestors: str = "'none'",
) -> str:
    """No inline script or style anywhere, nothing from elsewhere, no string ever becomes markup. `blob:` shows the
    visitor the picture that is being sent."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {img_src}; connect-src 'self'; "
        f"base-uri 'none'; form-action {form_action}; frame-src {frame_src}; frame-ancestors {frame_ancestors}; "
        "require-trusted-types-for 'script'"
    )


_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def hardening(settings: WebSettings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Puts the headers on every answer, where a handler has not chosen its own. A signal, because a middleware sees
    event streams only when they are over."""
    headers = dict(_HEADERS)
    if settings.is_public:
        headers["Strict-Transport-Security"] = f"max-age={_HTTPS_ONLY_S}"

    async def harden(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        # Files carry an ETag: asking whether they changed costs little and an update is seen at once.
        response.headers.setdefault(
            "Cache-Control", "no-cache" if isinstance(response, web.FileResponse) else "no-store"
        )

    return harden


@web.middleware
async def word_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and every crash becomes `{error, message}`; a crash also gets an id that the log knows."""
    try:
        return await handler(request)
    except FaceError as error:
        return WebRefusal.of(error).response()
    except WebRefusal as refusal:
        return refusal.response()
    except web.HTTPError as error:
        return _from_aiohttp(error)
    except (ConnectionError, web.HTTPException):  # the visitor is gone, or is sent elsewhere: aiohttp's business
        raise
    except Exception as error:
        request_id = uuid4().hex
        log.exception("web_request_crashed", request_id=request_id, method=request.method, route=_route(request))
        if request.writer.output_size:  # in the middle of an answer the only honest end is to hang up
            raise ConnectionResetError from error
        return _crash(request_id)


def only_from_here(settings: WebSettings) -> Middleware:
    """Refuse other sites that drive this server through a visitor's browser.

    They can do it by sending requests across origins, or by resolving their own name to the server's address (DNS
    rebinding), which makes them same-origin: the Host header still tells. A server bound to this machine answers to
    local names, one with a public URL to that name as well; only probes of health may come under any name.
    """
    public = URL(settings.public_url) if settings.public_url is not None and settings.is_public else None

    def is_known(host: str) -> bool:
        if public is None and not is_loopback(settings.host):
            return True
        return is_loopback(host) or (public is not None and host.lower() == public.host)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_known(host_name(request)) and not (public and request.path.startswith(_PROBED)):
            raise WebRefusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", "This server does not go by that name.")
        if request.method not in _SAFE_METHODS and not _is_same_origin(request, public):
            raise WebRefusal(HTTPStatus.FORBIDDEN, "cross_origin", "Other sites cannot ask for faces here.")
        return await handler(request)

    return guard


def _is_same_origin(request: web.Request, public: URL | None) -> bool:
    """Programs that are not browsers send neither header and are welcome."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    if public is not None and host_name(request).lower() == public.host:
        return origin.lower() == str(public.origin())
    return origin.partition("://")[2].lower() == request.host.lower()


def _from_aiohttp(error: web.HTTPError) -> web.Response:
    response = WebRefusal.of_status(error.status).response()
    if allowed := error.headers.get("Allow"):
        response.headers["Allow"] = allowed
    return response


def _crash(request_id: str) -> web.Response:
    message = "Something broke on my side. The log has the details under this request id."
    body = {"error": "internal_error", "message": message, "request_id": request_id}
    return web.json_response(body, status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _route(request: web.Request) -> str | None:
    """The route's pattern, not the path: a path is the visitor's text."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else None
