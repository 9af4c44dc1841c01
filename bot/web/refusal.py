"""What the web answers when it does not do what it was asked: one JSON shape, `{error, message}`."""

from __future__ import annotations

import math
from http import HTTPStatus

from aiohttp import web

from bot import errors
from bot.replies import words_for
from bot.texts import say

_STATUS_OF: dict[type[errors.FaceError], HTTPStatus] = {
    errors.RequestRefused: HTTPStatus.BAD_REQUEST,
    errors.UnknownEmote: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooSoon: HTTPStatus.TOO_MANY_REQUESTS,
    errors.EmoteUnavailable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PictureTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedPicture: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UploadGone: HTTPStatus.GONE,
    errors.GeneratorUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_PASSES = (errors.Busy, errors.StoreOutOfReach, errors.TooSoon)  # they say when


class WebRefusal(Exception):
    """The HTTP request itself cannot be served; `message` is for people, `code` for programs."""

    def __init__(self, status: HTTPStatus, code: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s

    @classmethod
    def of(cls, error: errors.FaceError) -> WebRefusal:
        """The refusal of a face, with the same words as everywhere else."""
        status = next(_STATUS_OF[base] for base in type(error).__mro__ if base in _STATUS_OF)
        retry_after_s = error.retry_after_s if isinstance(error, _PASSES) else None
        return cls(status, error.code, say(words_for(error)), retry_after_s=retry_after_s)

    @classmethod
    def of_status(cls, number: int) -> WebRefusal:
        """The refusal behind one of aiohttp's own HTTP errors."""
        status = HTTPStatus(number)
        return cls(status, status.name.lower(), f"{status.phrase}.")

    def response(self) -> web.Response:
        """The answer, with `Retry-After` where asking again makes sense."""
        response = web.json_response({"error": self.code, "message": self.message}, status=self.status)
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        return response
