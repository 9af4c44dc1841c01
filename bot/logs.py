"""Logging: structlog over the standard library, so that library lines join in. No token and no message text, ever."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.settings import LogSettings

_QUIET = {
    "discord": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.ERROR,  # warns of every TLS connection whose other end closes it
    "alembic": logging.WARNING,
    "twitchio": logging.WARNING,
    "twitchio.eventsub.websockets": logging.ERROR,  # warns of every connection that it is used without its client
}
_TOLD = "client_secret|access_token|refresh_token|device_code|token"  # in answers
_SENT = f"{_TOLD}|code|state"  # in addresses, too; as names of values these two are our own
_TOKENS = (
    re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]+"),  # Discord puts them into addresses
    re.compile(r"(/overlay/)[\w-]+"),  # and so do we
    re.compile(rf"((?<=[?&])(?:{_SENT})=)[^&\s\"'\\]+"),  # twitchio does, too
    re.compile(r"(\b(?:Bearer|OAuth) )[\w.~+/-]{8,}"),
    re.compile(rf"(\\?[\"'](?:{_TOLD})\\?[\"']: ?\\?[\"'])[^\"'\\]+"),  # an answer's JSON
    re.compile(r"(with token: \\?[\"'])[^\"'\\]+"),  # twitchio's words about a token that is over
)


def configure_logging(settings: LogSettings, secrets: Iterable[str] = ()) -> None:
    """Send every log line to stderr, as console text on a terminal or as JSON; `secrets` are masked wherever they
    turn up, and so are tokens in addresses, headers and answers of Discord's and Twitch's."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.StackInfoRenderer(),
    ]
    traceback: list[Processor] = [] if console else [structlog.processors.format_exc_info]
    renderer: Processor = _console() if console else structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *traceback, renderer, _Mask(secrets)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _console() -> Processor:
    """Plain tracebacks: richer ones show local variables, which hold tokens and what people wrote."""
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


class _Mask:
    """The last processor: works on the finished line, so that no field and no traceback escapes it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if secret]

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict | str) -> str:
        text = str(line)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for pattern in _TOKENS:
            text = pattern.sub(r"\1***", text)
        return text
