"""Pictures from outside: only from the hosts named in the settings, only so large, only for so long.

The session must be built with `guarded_connector`: it refuses to connect where a name of the outside world suddenly
points inside, and it asks at the moment of connecting, so that a second DNS answer makes no difference.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.bounded import TooMuch, read_bounded
from bot.decode.decoder import megabytes
from bot.errors import DownloadFailed, DownloadTimedOut, PictureTooLarge
from config.settings import EmotesSettings

MAX_PER_HOST = 8  # downloads under way at once, for each base URL
_ACCEPT = "image/png, image/webp, image/gif, image/jpeg, application/json"
_UNTYPED = "application/octet-stream"
_LOTTIE = "application/json"

log = structlog.get_logger(__name__)


class Downloader:
    """Fetches from `base_urls` and nowhere else; redirects are not followed."""

    def __init__(self, session: aiohttp.ClientSession, settings: EmotesSettings, *, base_urls: Iterable[str]) -> None:
        self._session = session
        self._timeout_s = settings.download_timeout_s
        self._max_bytes = settings.max_download_bytes
        self._gates = {URL(base): asyncio.Semaphore(MAX_PER_HOST) for base in base_urls}

    async def fetch(self, url: str) -> bytes:
        """The decompressed body. Raise DownloadFailed, DownloadTimedOut, or PictureTooLarge."""
        target = URL(url)
        gate = next((gate for base, gate in self._gates.items() if is_below(target, base)), None)
        if gate is None:
            log.error("download_refused", host=target.host)
            raise DownloadFailed
        try:
            async with asyncio.timeout(self._timeout_s), gate:
                return await self._get(target)
        except TimeoutError:
            log.warning("download_timed_out", host=target.host)
            raise DownloadTimedOut from None
        except aiohttp.ClientError as error:
            log.warning("download_failed", host=target.host, error=type(error).__name__)
            raise DownloadFailed from error

    async def _get(self, target: URL) -> bytes:
        async with self._session.get(
            target,
            allow_redirects=False,
            headers={"Accept": _ACCEPT, "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),  # ours covers waiting for the gate as well
        ) as response:
            if response.status != 200 or not _may_be_picture(target, response.content_type):
                log.warning("download_failed", host=target.host, status=response.status)
                raise DownloadFailed
            if (response.content_length or 0) > self._max_bytes:
                raise PictureTooLarge(megabytes(self._max_bytes))
            try:
                return await read_bounded(response.content, self._max_bytes)
            except TooMuch:
                raise PictureTooLarge(megabytes(self._max_bytes)) from None


class GuardedResolver(AbstractResolver):
    """Hides addresses inside (loopback, private, link-local, …) from every name but `localhost`."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raise OSError when nothing is left."""
        found = await self._inner.resolve(host, port, family)
        if host == "localhost":
            return found
        public = [result for result in found if ip_address(result["host"].partition("%")[0]).is_global]
        if not public:
            log.error("address_refused", host=host)
            raise OSError("the name has no public address")
        return public

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._inner.close()


def guarded_connector(inner: AbstractResolver | None = None) -> aiohttp.TCPConnector:
    """For the one HTTP session of the process; call it with the event loop running."""
    return aiohttp.TCPConnector(resolver=GuardedResolver(inner or aiohttp.DefaultResolver()))


def is_below(target: URL, base: URL) -> bool:
    """Whether `target` lies in the folder `base` of the same host.

    Compared as written, not decoded: what the host makes of an escaped slash is its affair.
    """
    same_host = (target.scheme, target.raw_authority) == (base.scheme, base.raw_authority)
    return same_host and target.raw_path.startswith(base.raw_path.rstrip("/") + "/")


def _may_be_picture(target: URL, content_type: str) -> bool:
    """JSON only where the address says that it is a Lottie animation: elsewhere it is an error's text."""
    if content_type == _LOTTIE:
        return target.path.endswith(".json")
    return content_type.startswith("image/") or content_type == _UNTYPED
