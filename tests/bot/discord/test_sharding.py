"""Which process has which servers."""

from __future__ import annotations

import pytest

from bot.discord.sharding import ShardRange, shard_of
from bot.models import Origin, Platform
from config.settings import SettingsError, load_settings
from tests.fakes.discord.server import FakeDiscord

GUILD = 881_207_955_029_110_855  # (GUILD >> 22) is 210_096_348_531 = 3 modulo 4


def asked_in(scope_id: str, platform: Platform = Platform.DISCORD) -> Origin:
    return Origin(platform, scope_id, "2", "3")


def test_a_server_belongs_to_the_shard_that_discord_computes() -> None:
    assert shard_of(str(GUILD), 4) == (GUILD >> 22) % 4
    assert shard_of(str(GUILD), 1) == 0


def test_direct_conversations_belong_to_the_first_shard() -> None:
    assert shard_of("dm:881207955029110855", 4) == 0


def test_every_origin_belongs_to_exactly_one_process() -> None:
    processes = [ShardRange(4, (0, 1)), ShardRange(4, (2,)), ShardRange(4, (3,))]
    origins = [asked_in(str(GUILD + (n << 22))) for n in range(20)]
    origins += [asked_in("dm:5"), asked_in("page", Platform.WEB)]
    for origin in origins:
        assert sum(process.owns(origin) for process in processes) == 1


def test_what_is_no_shards_business_belongs_to_the_first_process() -> None:
    assert ShardRange(4, (0, 1)).owns(asked_in("page", Platform.WEB))
    assert ShardRange(4, (0, 1)).owns(asked_in("dm:5"))


async def test_all_ids_are_the_same_as_none() -> None:
    async with FakeDiscord() as fake:
        for given in ({}, {"shard_count": 2}, {"shard_count": 2, "shard_ids": (1, 0)}):
            shards = ShardRange.of(fake.settings(**given))
            assert not shards.is_part
            assert shards.is_first
            assert shards.owns(asked_in(str(GUILD)))


@pytest.mark.parametrize(
    ("count", "ids"),
    [("", "[0]"), ("2", "[2]"), ("2", "[0, 0]"), ("2", "[]"), ("2", "[-1]"), ("0", "")],
    ids=["no count", "beyond", "twice", "none", "negative", "nothing"],
)
def test_impossible_ranges_stop_the_program(monkeypatch: pytest.MonkeyPatch, count: str, ids: str) -> None:
    for name, value in {"COUNT": count, "IDS": ids}.items():
        if value:
            monkeypatch.setenv(f"EMOTEFACE_DISCORD__SHARD_{name}", value)
    with pytest.raises(SettingsError, match="shard_"):
        load_settings()
