from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.consent import Consent, Switch
from bot.errors import OptedOut, OthersPicturesOff, UnknownOwner
from bot.models import Origin, Platform
from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.opt_outs import OptOuts
from bot.store.scope_settings import ScopeSettings

HERE = Origin(Platform.DISCORD, "guild", "channel", "ada")


@pytest.fixture
async def consent() -> AsyncIterator[Consent]:
    async with open_database(IN_MEMORY_URL) as engine:
        yield Consent(ScopeSettings(engine), OptOuts(engine))


async def test_ones_own_pictures_are_always_fine(consent: Consent) -> None:
    await consent.check(HERE, "ada")
    await consent.opt_out(Platform.DISCORD, "ada", out=True)
    await consent.check(HERE, "ada")


async def test_somebody_elses_need_an_admins_word_in_that_very_server(consent: Consent) -> None:
    await consent.turn("another guild", Switch.OTHERS_PICTURES, on=True)
    await consent.turn("guild", Switch.LAST_PICTURE, on=True)
    with pytest.raises(OthersPicturesOff):
        await consent.check(HERE, "bob")
    await consent.turn("guild", Switch.OTHERS_PICTURES, on=True)
    await consent.check(HERE, "bob")
    await consent.turn("guild", Switch.OTHERS_PICTURES, on=False)
    with pytest.raises(OthersPicturesOff):
        await consent.check(HERE, "bob")


async def test_whoever_opted_out_is_drawn_by_nobody_else_anywhere(consent: Consent) -> None:
    await consent.turn("guild", Switch.OTHERS_PICTURES, on=True)
    await consent.opt_out(Platform.DISCORD, "bob", out=True)
    with pytest.raises(OptedOut):
        await consent.check(HERE, "bob")
    await consent.opt_out(Platform.DISCORD, "bob", out=False)
    await consent.check(HERE, "bob")


async def test_what_belongs_to_nobody_knows_whom_is_refused_even_where_all_is_allowed(consent: Consent) -> None:
    await consent.turn("guild", Switch.OTHERS_PICTURES, on=True)
    with pytest.raises(UnknownOwner):
        await consent.check(HERE, None)
