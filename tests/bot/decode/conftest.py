"""A running pool of real decoder children."""

from collections.abc import AsyncIterator

import pytest

from bot.decode.decoder import Decoder
from config.settings import EmotesSettings

MAX_BYTES = 8_000_000


@pytest.fixture
def settings() -> EmotesSettings:
    return EmotesSettings(
        download_timeout_s=10,
        max_download_bytes=2_000_000,
        decode_timeout_s=30,
        decode_memory_mb=512,
        decoders=1,
        crop="pad",
        matte="grey",
        cache_mb=1,
    )


@pytest.fixture
async def decoder(settings: EmotesSettings) -> AsyncIterator[Decoder]:
    async with Decoder(settings, max_bytes=MAX_BYTES) as running:
        yield running
