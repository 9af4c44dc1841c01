"""What a broadcaster does to have the bot, from an empty store, with the program as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import TwitchAccounts
from bot.twitch import oauth
from bot.twitch.command import carry_out
from config.settings import Settings, load_settings
from tests.bot.twitch.test_command import hasten
from tests.fakes.twitch.server import FakeTwitch
from tests.program import Program, running_program

pytestmark = pytest.mark.timeout(600)

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def settings_of(fake: FakeTwitch, data_dir: Path) -> Settings:
    settings = load_settings()
    store = settings.store.model_copy(update={"key": SecretStr(KEY)})
    return settings.model_copy(update={"data_dir": data_dir, "twitch": fake.settings(), "store": store})


async def log_the_bot_in(fake: FakeTwitch, settings: Settings) -> None:
    """The operator, on the command line."""
    working = asyncio.create_task(carry_out(argparse.Namespace(what="login"), settings))
    await fake.until(lambda: fake.identity.user_codes)
    fake.identity.approve(fake.identity.user_codes[0], fake.bot)
    assert await working


async def visit(http: aiohttp.ClientSession, program: Program, path: str) -> str:
    """The broadcaster, in a browser, through Twitch and back."""
    async with http.get(f"{program.url}{path}") as response:
        assert response.status == 200
        return await response.text()


async def test_a_channel_is_connected_served_and_left(
    fake: FakeTwitch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(monkeypatch, oauth)
    await log_the_bot_in(fake, settings_of(fake, tmp_path))
    variables = {"inference.runtime": "fakes.generators:instant", "store.key": KEY, **fake.variables()}
    async with (
        running_program(tmp_path, variables) as program,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        await program.logged("program_started")
        assert "streamer is connected" in await visit(http, program, "/connect/twitch/go")
        await fake.until(lambda: fake.carried("channel.chat.message"))
        question = fake.say(fake.user("Ada"), "!face 😂")
        (answer, *_) = await fake.until(lambda: fake.sent)
        assert answer.reply_to == question.id
        assert "127.0.0.1" not in answer.text
        async with http.get(f"{program.url}/health/ready") as response:
            assert (await response.json())["parts"]["twitch"]["ok"]
        async with http.get(f"{program.url}/metrics") as response:
            assert "emoteface_twitch_up 1.0" in await response.text()
        secrets = {fake.client_secret, *fake.tokens, *fake.refreshes}
        assert "is disconnected: the bot has left" in await visit(http, program, "/connect/twitch/leave")
        await fake.until(lambda: not fake.sockets.open)
        assert await program.ended(signal.SIGTERM) == 0
    async with open_database(settings_of(fake, tmp_path).store_url) as engine:
        accounts = await TwitchAccounts(engine, Sealer(SecretStr(KEY))).all()
    assert [account.key.user_id for account in accounts] == [fake.bot.id]
    assert fake.channel.granted == set()
    assert fake.complaints == []
    assert not any(secret in str(program.events) for secret in secrets)
    written = b"".join(path.read_bytes() for path in tmp_path.glob("emoteface.db*"))
    assert not any(secret.encode() in written for secret in secrets)
