"""An empty database for a test that may cancel a statement.

A database in memory is its only connection, and that goes with a statement that is cancelled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.database import open_database


@asynccontextmanager
async def fresh_database() -> AsyncIterator[AsyncEngine]:
    """A file that is gone afterwards."""
    with TemporaryDirectory() as folder:
        async with open_database(f"sqlite+aiosqlite:///{Path(folder) / 'emoteface.db'}") as engine:
            yield engine
