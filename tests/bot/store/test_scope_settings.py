from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import Audit, AuditEntry
from bot.store.scope_settings import WHOLE_SCOPE, ScopeSettings, StoredSetting

ENTRY = AuditEntry("guild", "admin", 5.0, "setting_set", {"setting": "realism"})


def realism(value: Any, scope_id: str = "guild", channel_id: str = WHOLE_SCOPE) -> StoredSetting:
    return StoredSetting(scope_id, channel_id, "realism", value)


async def test_an_unknown_scope_has_no_settings_of_its_own(engine: AsyncEngine) -> None:
    assert await ScopeSettings(engine).all("guild") == []
    assert await ScopeSettings(engine).find(["guild"], ["channel"]) == []


@pytest.mark.parametrize("value", ["classic", 0.35, 5, False, ["a", 1], {"deep": None}, "", 0, None])
async def test_a_value_comes_back_as_it_was_set(engine: AsyncEngine, value: Any) -> None:
    settings = ScopeSettings(engine)
    await settings.set(realism(value), ENTRY)
    assert await settings.all("guild") == [realism(value)]


async def test_the_last_value_counts_until_it_is_removed(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    await settings.set(realism(0.1), ENTRY)
    await settings.set(realism(0.2), ENTRY)
    await settings.set(realism(0.3, channel_id="channel"), ENTRY)
    assert await settings.all("guild") == [realism(0.2), realism(0.3, channel_id="channel")]
    await settings.remove(realism(None), ENTRY)
    assert await settings.all("guild") == [realism(0.3, channel_id="channel")]


async def test_scopes_and_channels_do_not_see_each_other(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    here, elsewhere = realism(0.1, channel_id="channel"), realism(0.2, channel_id="other channel")
    whole, other_scope = realism(0.3), realism(0.4, scope_id="other guild")
    for setting in (here, elsewhere, whole, other_scope):
        await settings.set(setting, ENTRY)
    assert set(await settings.find(["guild"], ["channel"])) == {here, whole}
    assert set(await settings.find(["guild", "other guild"], [])) == {whole, other_scope}
    await settings.remove(here, ENTRY)
    assert await settings.find(["guild"], ["channel", "other channel"]) == [whole, elsewhere]


async def test_every_change_is_written_down_with_it(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    taken_back = AuditEntry("guild", "other admin", 6.0, "setting_reset", {"setting": "realism"})
    await settings.set(realism(0.1), ENTRY)
    await settings.remove(realism(None), taken_back)
    assert await Audit(engine).recent("guild", 10) == [taken_back, ENTRY]
