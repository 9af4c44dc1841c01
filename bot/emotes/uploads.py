"""Pictures that people sent along. In memory only: nobody's photo outlives the process."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bot.decode.decoder import megabytes
from bot.errors import PictureTooLarge, UploadGone
from bot.models import Emote, EmoteSource


class Uploads:
    """Keeps the newest `max_count` files of at most `max_bytes` together; the oldest make room."""

    def __init__(
        self,
        *,
        max_file_bytes: int,
        max_count: int = 1000,
        max_bytes: int = 64_000_000,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._max_file_bytes = min(max_file_bytes, max_bytes)
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._new_id = new_id
        self._files: dict[str, bytes] = {}
        self._size_bytes = 0

    def add(self, content: bytes) -> Emote:
        """Keep a file, of whatever kind, until it is pushed out. Raise PictureTooLarge."""
        if len(content) > self._max_file_bytes:
            raise PictureTooLarge(megabytes(self._max_file_bytes))
        upload_id = self._new_id()
        self._files[upload_id] = content
        self._size_bytes += len(content)
        while len(self._files) > self._max_count or self._size_bytes > self._max_bytes:
            self._size_bytes -= len(self._files.pop(next(iter(self._files))))
        return Emote(EmoteSource.UPLOAD, upload_id)

    def get(self, upload_id: str) -> bytes:
        """Raise UploadGone when it was pushed out, or belongs to an earlier process."""
        try:
            return self._files[upload_id]
        except KeyError:
            raise UploadGone from None
