from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.scope_settings import ScopeSettings


async def test_an_unknown_scope_has_no_settings_of_its_own(engine: AsyncEngine) -> None:
    assert await ScopeSettings(engine).all("guild") == {}


@pytest.mark.parametrize("value", ["classic", 0.35, 5, False, ["a", 1], {"deep": None}, "", 0])
async def test_a_value_comes_back_as_it_was_set(engine: AsyncEngine, value: Any) -> None:
    settings = ScopeSettings(engine)
    await settings.set("guild", "name", value)
    assert await settings.all("guild") == {"name": value}


async def test_the_last_value_counts_and_none_takes_it_back(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    await settings.set("guild", "realism", 0.1)
    await settings.set("guild", "realism", 0.2)
    await settings.set("guild", "style", "classic")
    assert await settings.all("guild") == {"realism": 0.2, "style": "classic"}
    await settings.set("guild", "realism", None)
    await settings.set("guild", "never set", None)
    assert await settings.all("guild") == {"style": "classic"}


async def test_scopes_do_not_see_each_other(engine: AsyncEngine) -> None:
    settings = ScopeSettings(engine)
    await settings.set("one", "realism", 0.1)
    await settings.set("two", "realism", 0.2)
    await settings.set("two", "realism", None)
    assert await settings.all("one") == {"realism": 0.1}
    assert await settings.all("two") == {}
