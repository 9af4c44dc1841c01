from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import IN_MEMORY_URL, open_database


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    async with open_database(IN_MEMORY_URL) as engine:
        yield engine
