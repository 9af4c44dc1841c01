"""What a broadcaster does, from an empty store to leaving again: the real program between the fake Twitch and the fake
Discord, in the order of docs/twitch.md."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.bot.discord.admin.asking import words_of
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message as Posted
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Message
from tests.program import NO_OUTSIDE, ROOT, running_program

pytestmark = pytest.mark.timeout(400)

SLOW_S = 150.0
SETTINGS = {
    "inference.runtime": "fakes.generators:instant",
    "servers.cooldown_s": "0",
    "servers.outstanding_per_user": "9",
}
_CODE = re.compile(r"!faceset mirror (\S+)`")


async def log_in(data_dir: Path, twitch: FakeTwitch) -> None:
    """`emoteface twitch login`, with the code typed in by the bot's own account."""
    given = NO_OUTSIDE | twitch.variables() | {"data_dir": str(data_dir)}
    variables = {f"EMOTEFACE_{name.replace('.', '__').upper()}": value for name, value in given.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EMOTEFACE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "twitch", "login",
        cwd=ROOT,
        env={**inherited, **variables},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await twitch.until(lambda: twitch.identity.user_codes, SLOW_S)
        twitch.identity.approve(twitch.identity.user_codes[0], twitch.bot)
        async with asyncio.timeout(SLOW_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    assert f"{twitch.bot.login} ({twitch.bot.id}) is connected." in said.decode()


class Browser:
    """The broadcaster's, in front of the program's site."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def visit(self, path: str) -> str:
        """Follow every redirect, through Twitch and back."""
        async with self._session.get(URL(self._url + path)) as response:
            assert response.status == 200
            return await response.text()

    async def click(self, page: str, address: str) -> str:
        """The link whose address is like this."""
        found = next(link for link in re.findall(r'href="([^"]*)"', page) if re.search(address, link))
        return await self.visit(found.replace("&amp;", "&"))


async def answer(twitch: FakeTwitch, text: str, user: str | None = None) -> str:
    """Say something and return what the bot says in its thread."""
    author = next((each for each in twitch.people.values() if each.name == user), None) or twitch.channel
    return await answer_to(twitch, twitch.say(author, text))


async def answer_to(twitch: FakeTwitch, message: Message) -> str:
    said = await twitch.until(lambda: next((each for each in twitch.sent if each.reply_to == message.id), None), SLOW_S)
    return said.text


def mirrored(discord: FakeDiscord) -> list[Posted]:
    return [each for each in discord.messages if each.pictures() and not each.deleted]


async def test_a_broadcaster_sets_everything_up_and_leaves_again(tmp_path: Path) -> None:
    data_dir = tmp_path / "var"
    async with FakeTwitch() as twitch, FakeDiscord() as discord:
        twitch.user("Ada")
        await log_in(data_dir, twitch)
        async with running_program(data_dir, SETTINGS | twitch.variables() | discord.variables()) as program:
            await program.logged("web_started")
            await program.logged("discord_commands_registered")
            site = program.url.replace("127.0.0.1", "localhost")  # of this machine Twitch takes the name only
            twitch.redirect_uris = {f"{site}/connect/twitch/callback"}
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
                browser = Browser(session, site)

                # connecting: only what is wished for
                page = await browser.click(await browser.visit("/connect/twitch"), "with=rewards")
                assert "is connected" in await browser.click(page, "/connect/twitch/go")
                assert twitch.channel.granted == {"channel:bot", "channel:manage:redemptions"}
                await twitch.until(lambda: twitch.carried("channel.chat.message"), SLOW_S)

                # chat
                assert "Drawn!" in await answer(twitch, "!face 😂", "Ada")
                assert "Cooldown" in await answer(twitch, "!faceset cooldown 0")

                # channel points
                assert "“A face for an emote” costs 500" in await answer(twitch, "!faceset reward on")
                assert "costs 300" in await answer(twitch, "!faceset reward 300")
                [reward] = twitch.channel.rewards.values()
                await twitch.until(
                    lambda: twitch.carried("channel.channel_points_custom_reward_redemption.add"), SLOW_S
                )
                ada = next(each for each in twitch.people.values() if each.name == "Ada")
                good, bad = (twitch.redeem(ada, reward, text) for text in ("🍕", "qqqqqqq"))
                await twitch.until(lambda: good.status == "FULFILLED" and bad.status == "CANCELED", SLOW_S)

                # the mirror: a code from Discord, given on Twitch
                admin = discord.user("Grace")
                admin.manages = True
                listed = await discord.response_to(discord.interact(discord.channel, admin, "emoteface mirror"))
                discord.press(listed, admin, "New code")
                await discord.until(lambda: _CODE.search(words_of(listed)), SLOW_S)
                code = _CODE.search(words_of(listed))
                assert code is not None
                assert "shows the faces of this chat now" in await answer(twitch, f"!faceset mirror {code[1]}")
                question = twitch.say(ada, "!face 😂")
                assert await answer_to(twitch, question) == "It is on our Discord now."
                await discord.until(lambda: mirrored(discord), SLOW_S)
                [shown] = mirrored(discord)
                assert shown.texts() == ["-# Ada on Twitch, in the chat of Streamer"]
                twitch.delete_message(question)
                await discord.until(lambda: not mirrored(discord), SLOW_S)
                assert "no Discord channel" in await answer(twitch, "!faceset mirror off")

                # leaving
                left = await browser.click(await browser.visit("/connect/twitch"), "/connect/twitch/leave")
                assert "is disconnected: the bot has left" in left
                assert not twitch.channel.rewards
                await twitch.until(lambda: not twitch.carried("channel.chat.message"), SLOW_S)
            assert await program.ended(signal.SIGTERM) == 0
        assert twitch.complaints == []
        assert discord.complaints == []
