"""Each scope has one secret, until it is replaced."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.overlays import SECRET_CHARS, OverlaySecrets


@pytest.fixture
def secrets(engine: AsyncEngine) -> OverlaySecrets:
    return OverlaySecrets(engine)


async def test_a_scope_has_one_secret_whoever_asks_first(secrets: OverlaySecrets) -> None:
    async with asyncio.timeout(60):
        asked = await asyncio.gather(*(secrets.of("guild") for _ in range(8)))
    assert len({*asked}) == 1
    assert len(asked[0]) == SECRET_CHARS
    assert await secrets.of("other") != asked[0]


async def test_a_secret_leads_to_its_scope(secrets: OverlaySecrets) -> None:
    mine, yours = await secrets.of("twitch:1"), await secrets.of("2")
    assert (await secrets.scope_of(mine), await secrets.scope_of(yours)) == ("twitch:1", "2")


@pytest.mark.parametrize("secret", ["", "x" * SECRET_CHARS, "'; --", "\x00"])
async def test_what_is_nobodys_secret_leads_nowhere(secrets: OverlaySecrets, secret: str) -> None:
    await secrets.of("guild")
    assert await secrets.scope_of(secret) is None


async def test_after_a_change_the_old_secret_leads_nowhere(secrets: OverlaySecrets) -> None:
    old = await secrets.of("guild")
    new = await secrets.rotate("guild")
    assert new != old
    assert (await secrets.scope_of(old), await secrets.scope_of(new)) == (None, "guild")
    assert await secrets.of("guild") == new


async def test_a_first_secret_can_come_of_a_change(secrets: OverlaySecrets) -> None:
    assert await secrets.rotate("guild") == await secrets.of("guild")
