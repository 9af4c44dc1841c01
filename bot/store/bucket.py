"""Pictures in an S3-compatible bucket, through obstore: one wheel around Rust's object_store, with its own retries.

(aiobotocore would bring botocore, which takes 0.5 s and 40 MB to load for the four calls that are made here.)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from yarl import URL

from config.store import PicturesSettings

TRY_TIMEOUT_S = 10
ALL_TRIES_S = 30
_MAX_RETRIES = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5

T = TypeVar("T")


class BucketOutOfReach(OSError):
    """It does not answer, or not what it should; the text names the kind of the error and no address or key."""


class Bucket:
    """A folder in a bucket, which must exist."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    @classmethod
    def of(cls, settings: PicturesSettings) -> Bucket:
        """Without keys in the settings, AWS's own ways to find some are used (an instance's role)."""
        url = URL(settings.url or "")
        secret = settings.secret_access_key
        given = {
            "access_key_id": settings.access_key_id,
            "secret_access_key": secret.get_secret_value() if secret else None,
            "endpoint": settings.endpoint_url,
        }
        store = S3Store(
            str(url.host),
            prefix=url.path.strip("/") or None,
            region=settings.region,
            virtual_hosted_style_request=settings.endpoint_url is None,
            client_options={
                "allow_http": (settings.endpoint_url or "").startswith("http://"),
                "timeout": timedelta(seconds=TRY_TIMEOUT_S),
                "connect_timeout": timedelta(seconds=TRY_TIMEOUT_S),
            },
            retry_config={
                "max_retries": _MAX_RETRIES,
                "retry_timeout": timedelta(seconds=ALL_TRIES_S),
                "backoff": {
                    "init_backoff": timedelta(seconds=_FIRST_PAUSE_S),
                    "max_backoff": timedelta(seconds=_LONGEST_PAUSE_S),
                    "base": 2,
                },
            },
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )
        return cls(store)

    async def put(self, name: str, content: bytes) -> None:
        await _reached(obstore.put_async(self._store, name, content))

    async def get(self, name: str) -> bytes | None:
        try:
            found = await _reached(obstore.get_async(self._store, name))
            return bytes(await _reached(found.bytes_async()))
        except FileNotFoundError:
            return None

    async def delete(self, names: Sequence[str]) -> None:
        try:
            await _reached(obstore.delete_async(self._store, list(names)))
        except FileNotFoundError:  # servers differ in whether that is an error
            return

    async def delete_older(self, written_before: float) -> int:
        limit, gone = datetime.fromtimestamp(written_before, UTC), 0
        async with _errors_named():
            async for some in _pages(self._store):
                old = [each["path"] for each in some if each["last_modified"] < limit]
                if old:
                    await self.delete(old)
                    gone += len(old)
        return gone


async def _pages(store: S3Store) -> AsyncIterator[Sequence[obstore.ObjectMeta]]:
    pages = obstore.list(store).__aiter__()
    while True:
        try:
            async with asyncio.timeout(ALL_TRIES_S):
                page = await anext(pages)
        except StopAsyncIteration:
            return
        yield page


async def _reached(call: Awaitable[T]) -> T:
    async with _errors_named(), asyncio.timeout(ALL_TRIES_S):
        return await call


@asynccontextmanager
async def _errors_named() -> AsyncIterator[None]:
    """FileNotFoundError as it is, which obstore's error for a missing object is, too; all others by their kind."""
    try:
        yield
    except FileNotFoundError:
        raise
    except BaseError as error:
        raise BucketOutOfReach(type(error).__name__) from None
