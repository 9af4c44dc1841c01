"""A running pool of real decoder children."""

from collections.abc import AsyncIterator

import pytest

from bot.decode.decoder import Decoder
from config.settings import EmotesSettings, load_settings

MAX_BYTES = 8_000_000


@pytest.fixture
def settings() -> EmotesSettings:
    return load_settings().emotes.model_copy(update={"decode_timeout_s": 30, "decoders": 1})


@pytest.fixture
async def decoder(settings: EmotesSettings) -> AsyncIterator[Decoder]:
    async with Decoder(settings, max_bytes=MAX_BYTES) as running:
        yield running
