"""What `emoteface doctor` finds out about Twitch."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.discord.doctor import Finding
from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccount, TwitchAccounts
from bot.twitch.doctor import check
from bot.twitch.scopes import BOT_SCOPES, JOIN
from config.settings import Settings, load_settings
from tests.bot.twitch.conftest import account
from tests.fakes.twitch.server import FakeTwitch


def settings_of(fake: FakeTwitch, data_dir: Path, **twitch: str | None) -> Settings:
    return load_settings().model_copy(update={"data_dir": data_dir, "twitch": fake.settings(**twitch)})


async def findings(settings: Settings, *accounts: TwitchAccount) -> list[Finding]:
    async with open_database(settings.store_url) as engine:
        for each in accounts:
            await TwitchAccounts(engine, Sealer(settings.store.key)).save(each)
    return [finding async for finding in check(settings)]


def texts(found: list[Finding], *, problems: bool) -> str:
    return "\n".join(finding.text for finding in found if finding.is_problem is problems)


async def test_a_working_set_up_names_its_accounts(fake: FakeTwitch, tmp_path: Path) -> None:
    bot = account(fake, fake.bot, Role.BOT, *BOT_SCOPES)
    found = await findings(settings_of(fake, tmp_path), bot, account(fake, fake.channel, Role.CHANNEL, JOIN))
    assert texts(found, problems=True) == ""
    assert "emoteface_bot is connected as bot" in texts(found, problems=False)
    assert "streamer is connected as channel" in texts(found, problems=False)
    assert "store.key encrypts them" in texts(found, problems=False)
    assert bot.access_token not in texts(found, problems=False)


async def test_without_an_application_twitch_is_off(fake: FakeTwitch, tmp_path: Path) -> None:
    found = await findings(settings_of(fake, tmp_path, client_id=None))
    assert [finding.is_problem for finding in found] == [False]


async def test_a_channel_without_a_bot_is_a_problem(fake: FakeTwitch, tmp_path: Path) -> None:
    found = await findings(settings_of(fake, tmp_path), account(fake, fake.channel, Role.CHANNEL, JOIN))
    assert "emoteface twitch login" in texts(found, problems=True)


async def test_a_bot_that_is_not_the_configured_one_is_a_problem(fake: FakeTwitch, tmp_path: Path) -> None:
    found = await findings(settings_of(fake, tmp_path), account(fake, fake.channel, Role.BOT, *BOT_SCOPES))
    assert "another account" in texts(found, problems=True)


async def test_scopes_that_are_missing_are_named(fake: FakeTwitch, tmp_path: Path) -> None:
    found = await findings(settings_of(fake, tmp_path), account(fake, fake.bot, Role.BOT, "user:read:chat"))
    assert "user:bot user:write:chat" in texts(found, problems=True)


@pytest.mark.parametrize(("status", "is_problem"), [(503, True), (401, False)])
async def test_a_token_that_is_over_is_told_from_twitch_being_down(
    fake: FakeTwitch, tmp_path: Path, status: int, is_problem: bool
) -> None:
    fake.fail_next("/oauth2/validate", status)
    found = await findings(settings_of(fake, tmp_path), account(fake, fake.bot, Role.BOT, *BOT_SCOPES))
    assert bool(texts(found, problems=True)) is is_problem


async def test_tokens_under_a_key_are_read_with_it(fake: FakeTwitch, tmp_path: Path) -> None:
    settings = settings_of(fake, tmp_path, client_secret=None)
    sealed = settings.store.model_copy(update={"key": SecretStr("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")})
    settings = settings.model_copy(update={"store": sealed})
    found = await findings(settings, account(fake, fake.bot, Role.BOT, *BOT_SCOPES))
    assert "store.key" not in texts(found, problems=False)
    assert "no client secret" in texts(found, problems=False)
    assert "is connected as bot" in texts(found, problems=False)
