"""No heartbeat outlives its bot."""

from __future__ import annotations

import threading

import pytest
from discord.gateway import KeepAliveHandler

from tests.bot.discord.conftest import NEVER_S, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.polling import until


@pytest.fixture
def before() -> set[threading.Thread]:
    """What other tests left behind is theirs."""
    return _heartbeats()


async def test_a_bot_stopped_before_a_session_begins_leaves_no_heartbeat(
    fake: FakeDiscord, before: set[threading.Thread]
) -> None:
    fake.gateway.rules.shards = 2
    async with run_bot(fake, wait=False, identify_every_s=NEVER_S):
        await until(lambda: len(_heartbeats() - before) == 2)  # the second shard waits for its turn
        assert len(fake.gateway.identified) == 1
    assert not _heartbeats() - before


def _heartbeats() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)}
