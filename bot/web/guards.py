"""What stands before and behind every handler: who may knock, what errors look like, which headers every answer has."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from bot.errors import FaceError
from bot.web.refusal import WebRefusal

log = structlog.get_logger(__name__)

_SAFE_METHODS = {"GET", "HEAD"}

# No inline script or style anywhere, nothing from elsewhere, no string ever becomes markup. `blob:` shows the visitor
# the picture that is being sent.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def harden(_: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on every answer. A signal, because a middleware sees event streams only when they are over."""
    response.headers.update(_HEADERS)
    # Files carry an ETag: asking whether they changed costs little and an update is seen at once.
    response.headers.setdefault("Cache-Control", "no-cache" if isinstance(response, web.FileResponse) else "no-store")


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


def only_from_here(bound_host: str) -> Middleware:
    """Refuse other sites that drive this server through a visitor's browser.

    They can do it by sending requests across origins, or, with a server bound to this machine, by resolving their own
    name to the loopback address (DNS rebinding), which makes them same-origin: the Host header still tells.
    """
    is_local = _is_loopback(bound_host)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_local and not _is_loopback(_host_name(request)):
            raise WebRefusal(HTTPStatus.MISDIRECTED_REQUEST, "wrong_host", "This server answers to localhost only.")
        if request.method not in _SAFE_METHODS and not _is_same_origin(request):
            raise WebRefusal(HTTPStatus.FORBIDDEN, "cross_origin", "Other sites cannot ask for faces here.")
        return await handler(request)

    return guard


def _is_same_origin(request: web.Request) -> bool:
    """Programs that are not browsers send neither header and are welcome."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2].lower() == request.host.lower()


def _host_name(request: web.Request) -> str:
    try:
        return URL(f"http://{request.host}").host or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
