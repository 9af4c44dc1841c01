from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.consent import Consent, Switch
from bot.errors import OptedOut, OthersPicturesOff, UnknownOwner
from bot.models import Origin, Platform
from bot.policy.policy import Policy
from bot.store.opt_outs import OptOuts
from tests.fakes.databases import fresh_database
from tests.fakes.policies import policy_on

HERE = Origin(Platform.DISCORD, "guild", "channel", "ada")


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    async with fresh_database() as opened:
        yield opened


@pytest.fixture
def policy(engine: AsyncEngine) -> Policy:
    return policy_on(engine)


@pytest.fixture
def consent(policy: Policy, engine: AsyncEngine) -> Consent:
    return Consent(policy, OptOuts(engine))


async def test_ones_own_pictures_are_always_fine(consent: Consent) -> None:
    await consent.check(HERE, "ada")
    await consent.opt_out(Platform.DISCORD, "ada", out=True)
    await consent.check(HERE, "ada")


async def test_somebody_elses_need_an_admins_word_in_that_very_server(consent: Consent, policy: Policy) -> None:
    await policy.set("another guild", None, Switch.OTHERS_PICTURES.value, True, "admin")
    await policy.set("guild", None, Switch.LAST_PICTURE.value, True, "admin")
    with pytest.raises(OthersPicturesOff):
        await consent.check(HERE, "bob")
    await policy.set("guild", None, Switch.OTHERS_PICTURES.value, True, "admin")
    await consent.check(HERE, "bob")
    await policy.set("guild", None, Switch.OTHERS_PICTURES.value, False, "admin")
    with pytest.raises(OthersPicturesOff):
        await consent.check(HERE, "bob")


async def test_whoever_opted_out_is_drawn_by_nobody_else_anywhere(consent: Consent, policy: Policy) -> None:
    await policy.set("guild", None, Switch.OTHERS_PICTURES.value, True, "admin")
    await consent.opt_out(Platform.DISCORD, "bob", out=True)
    with pytest.raises(OptedOut):
        await consent.check(HERE, "bob")
    await consent.opt_out(Platform.DISCORD, "bob", out=False)
    await consent.check(HERE, "bob")


async def test_what_belongs_to_nobody_knows_whom_is_refused_even_where_all_is_allowed(
    consent: Consent, policy: Policy
) -> None:
    await policy.set("guild", None, Switch.OTHERS_PICTURES.value, True, "admin")
    with pytest.raises(UnknownOwner):
        await consent.check(HERE, None)
