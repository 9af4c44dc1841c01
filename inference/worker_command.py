"""`emoteface-worker`, which is `python -m inference worker`: what a worker is told, and its last words.

Any number of them run on a machine and on any number of machines, each with a child of its own. The settings are the
bot's, from the same places; what a worker needs of them is `queue` and `inference`.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import importlib.util
import logging
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
from pydantic import SecretStr

from config.queue import EMBEDDED
from config.settings import Settings, SettingsError, load_settings
from inference.queue.nats.access import join_code
from inference.queue.nats.join import MAX_CODE, CodeUnreadable
from inference.weights import WeightsMissing

OK, FAILED, USAGE = 0, 1, 2


class _Unusable(Exception):
    """The command cannot be carried out; the text says why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """`emoteface-worker …`."""
    parser = argparse.ArgumentParser(prog="emoteface-worker")
    add_arguments(parser)
    sys.exit(run(parser.parse_args(arguments)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What differs between the workers of one machine; everything else is in the settings."""
    parser.description = (
        "Draw faces for a bot: the one that printed the join code, or those on the NATS server of queue.url. SIGTERM "
        "finishes the batch in hand and ends; SIGUSR1 takes no more jobs until SIGUSR2."
    )
    parser.add_argument(
        "--join",
        metavar="CODE",
        help="what `emoteface join` printed, a secret; - asks for it; EMOTEFACE_QUEUE__NATS__JOIN_FILE=… reads a file",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--gpu", type=int, metavar="N", help="the number of the GPU to draw on (as nvidia-smi counts)")
    place.add_argument("--cpu", action="store_true", help="leave GPUs alone")
    parser.add_argument("--gpu-memory-mb", type=int, metavar="MB", help="take no more than this of the GPU's memory")
    parser.add_argument("--name", default=socket.gethostname(), help="shown to the operator; the machine's by default")
    parser.add_argument("--paused", action="store_true", help="take no jobs before SIGUSR2")
    parser.add_argument(
        "--heartbeat", type=Path, metavar="FILE", help="touch it every five seconds while connected and able to draw"
    )


def run(arguments: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    try:
        settings = _chosen(load_settings(), arguments)
        _check(settings)
        _log(settings)
        from inference.worker import work  # it needs the NATS library, which _check has looked for

        refused = asyncio.run(
            work(settings, name=arguments.name, paused=arguments.paused, heartbeat=arguments.heartbeat)
        )
    except SettingsError as error:
        return _said(f"The settings cannot be used:\n{error}", USAGE)
    except (_Unusable, CodeUnreadable) as error:
        return _said(f"emoteface-worker cannot start: {error}", USAGE)
    except WeightsMissing as error:
        return _said(f"There is nothing to draw with: {error}", USAGE)
    return _said(f"emoteface-worker ends: {refused}", FAILED) if refused else OK


def _chosen(settings: Settings, arguments: argparse.Namespace) -> Settings:
    """The settings with what the command line says; the GPU is chosen for the child by the driver's own variable."""
    changes: dict[str, object] = {}
    if arguments.cpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        if settings.inference.runtime == "auto":
            changes["runtime"] = "openvino"
    elif arguments.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(arguments.gpu)
    if arguments.gpu_memory_mb is not None:
        changes["gpu_memory_mb"] = arguments.gpu_memory_mb
    queue = settings.queue
    if arguments.join is not None:
        nats = queue.nats.model_copy(update={"join": SecretStr(_given(arguments.join)), "serve": None})
        queue = queue.model_copy(update={"url": EMBEDDED, "nats": nats})
    inference = settings.inference.model_copy(update=changes)
    return settings.model_copy(update={"inference": inference, "queue": queue})


def _given(code: str) -> str:
    """From the terminal it is not shown; a line of any length is read from a file or a pipe."""
    if code != "-":
        return code
    return getpass.getpass("Join code: ") if sys.stdin.isatty() else sys.stdin.readline(MAX_CODE)


def _check(settings: Settings) -> None:
    if importlib.util.find_spec("nats") is None:
        raise _Unusable("the NATS library is missing: pip install 'emoteface[scale]'")
    if join_code(settings.queue) is None and settings.queue.url == EMBEDDED:
        raise _Unusable("nobody to work for: give it --join, or queue.url (docs/deploy.md)")


def _log(settings: Settings) -> None:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every TLS connection whose other end closes it
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    on_terminal = settings.log.format == "console" or (settings.log.format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _said(words: str, code: int) -> int:
    print(words, file=sys.stderr)  # noqa: T201
    return code
