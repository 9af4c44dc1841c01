"""`emoteface twitch …` against the fake, with a real database file."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from bot.models import twitch_scope
from bot.store.database import open_database
from bot.store.redemptions import OwnReward, Redeemed, Redemptions
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccount, TwitchAccounts
from bot.twitch import oauth
from bot.twitch.command import carry_out
from bot.twitch.oauth import DeviceCode
from bot.twitch.scopes import BOT_SCOPES
from config.settings import Settings, load_settings
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Redemption, Reward, User


@pytest.fixture
def settings(fake: FakeTwitch, tmp_path: Path) -> Callable[..., Settings]:
    def made(**twitch: str | None) -> Settings:
        return load_settings().model_copy(update={"data_dir": tmp_path, "twitch": fake.settings(**twitch)})

    return made


def typed(what: str, **options: object) -> argparse.Namespace:
    defaults = {"rewards": False, "followers": False, "bot": False, "login": ""}
    return argparse.Namespace(what=what, **defaults | options)


async def stored(settings: Settings) -> list[TwitchAccount]:
    async with open_database(settings.store_url) as engine:
        return list(await TwitchAccounts(engine, Sealer(settings.store.key)).all())


async def agreeing(fake: FakeTwitch, user: User | None, command: argparse.Namespace, settings: Settings) -> bool:
    """Somebody types the code in as soon as there is one."""
    working = asyncio.create_task(carry_out(command, settings))
    await fake.until(lambda: fake.identity.user_codes)
    fake.identity.approve(fake.identity.user_codes[0], user)
    return await working


def hasten(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    """Codes are asked about more often than Twitch wants."""
    monkeypatch.setattr(module, "DeviceCode", lambda *given: replace(DeviceCode(*given), interval_s=0.002))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch, oauth)


async def test_the_bot_logs_in_and_a_channel_connects_with_codes(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await agreeing(fake, fake.bot, typed("login"), settings())
    assert await agreeing(fake, fake.channel, typed("connect", rewards=True), settings())
    bot, channel = await stored(settings())
    assert (bot.key.role, bot.scopes) == (Role.BOT, BOT_SCOPES)
    assert channel.scopes == {"channel:bot", "channel:manage:redemptions"}
    said = capsys.readouterr().out
    assert "https://www.twitch.tv/activate" in said
    assert bot.access_token not in said
    assert await carry_out(typed("accounts"), settings())
    assert "streamer" in capsys.readouterr().out


async def test_a_public_application_needs_no_secret(fake: FakeTwitch, settings: Callable[..., Settings]) -> None:
    fake.is_public_client = True
    assert await agreeing(fake, fake.bot, typed("login"), settings(client_secret=None))


async def test_another_account_than_the_configured_one_is_not_taken(
    fake: FakeTwitch, settings: Callable[..., Settings]
) -> None:
    assert not await agreeing(fake, fake.channel, typed("login"), settings())
    assert await stored(settings()) == []
    assert fake.tokens == {}


async def test_who_says_no_is_not_connected(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not await agreeing(fake, None, typed("connect"), settings())
    assert "Nobody agreed" in capsys.readouterr().err


async def test_an_outage_while_waiting_is_waited_out(fake: FakeTwitch, settings: Callable[..., Settings]) -> None:
    fake.fail_next("/oauth2/token", 503, times=3)
    assert await agreeing(fake, fake.bot, typed("login"), settings())


async def test_an_account_leaves(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    await agreeing(fake, fake.channel, typed("connect"), settings())
    assert not await carry_out(typed("disconnect", login="streamer", bot=True), settings())
    assert await carry_out(typed("disconnect", login="Streamer"), settings())
    assert await stored(settings()) == []
    assert fake.tokens == {}
    assert "is disconnected" in capsys.readouterr().out


async def test_a_channel_that_leaves_gets_its_points_back(fake: FakeTwitch, settings: Callable[..., Settings]) -> None:
    await agreeing(fake, fake.bot, typed("login"), settings())
    await agreeing(fake, fake.channel, typed("connect", rewards=True), settings())
    reward = Reward(fake.client_id, {"title": "A face"})
    fake.channel.rewards[reward.id] = reward
    redemption = Redemption(fake.channel, reward, fake.user("Ada"), "Kappa")
    reward.redemptions[redemption.id] = redemption
    scope_id = twitch_scope(fake.channel.id)
    async with open_database(settings().store_url) as engine:
        redemptions = Redemptions(engine)
        await redemptions.set_reward(OwnReward(scope_id, reward.id, {}, paused=False))
        await redemptions.add(Redeemed(redemption.id, scope_id, reward.id, redemption.at))
    fake.expire_tokens(fake.channel)
    assert await carry_out(typed("disconnect", login="streamer"), settings())
    assert (redemption.status, fake.channel.rewards) == ("CANCELED", {})
    assert fake.refreshed
    assert [token for token in fake.tokens.values() if token.user is fake.channel] == []


async def test_a_reward_that_cannot_be_deleted_is_told(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    await agreeing(fake, fake.channel, typed("connect", rewards=True), settings())
    async with open_database(settings().store_url) as engine:
        await Redemptions(engine).set_reward(OwnReward(twitch_scope(fake.channel.id), "reward", {}, paused=False))
    await carry_out(typed("disconnect", login="streamer"), settings())
    assert await stored(settings()) == []
    assert "please do that on Twitch" in capsys.readouterr().err


async def test_an_account_can_leave_while_twitch_is_down(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    await agreeing(fake, fake.channel, typed("connect"), settings())
    fake.fail_next("/oauth2/revoke", 503)
    assert not await carry_out(typed("disconnect", login="streamer"), settings())
    assert await stored(settings()) == []
    assert "settings/connections" in capsys.readouterr().err


async def test_without_an_application_there_is_nothing_to_do(
    settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not await carry_out(typed("accounts"), settings(client_id=None))
    assert "Twitch is off" in capsys.readouterr().err


async def test_twitch_being_down_is_said(
    fake: FakeTwitch, settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    fake.fail_next("/oauth2/device", 503)
    assert not await carry_out(typed("login"), settings())
    assert "status 503" in capsys.readouterr().err
