"""Two walks through the real program in a real browser, against the fakes: a streamer's and an admin's.

Tests walk them, and `python -m tests.bot.web.walks.walking docs/panel` takes the pictures of docs/panel.md on the way.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, expect

from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.twitch.scopes import BOT_SCOPES
from tests.axe import grave_faults
from tests.browser import running_browser
from tests.fakes.discord.oauth import SECRET
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Reward
from tests.program import Program, running_program

PATIENCE_MS = 120_000
FACE = "A face made from face with tears of joy, AI-generated"
STREAM = (1280, 720)

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, slots=True)
class Camera:
    """Looks at pages on the way: none may have a serious fault. With a `folder` it keeps pictures, too."""

    folder: Path | None = None

    async def look(self, page: Page) -> None:
        """Without a picture."""
        assert await grave_faults(page) == [], page.url

    async def take(self, name: str, page: Page) -> None:
        """As small as it gets without looking bad."""
        await self.look(page)
        if self.folder is None:
            return
        with Image.open(io.BytesIO(await page.screenshot())) as photo:
            photo.convert("RGB").save(self.folder / f"{name}.webp", quality=80, method=6)


# -- the streamer


async def streamers_walk(browser: Browser, program: Program, twitch: FakeTwitch, camera: Camera) -> None:
    """Connect, make the reward, put the overlay up, get the first face, hide it."""
    async with _profile(browser) as page, _profile(browser, size=STREAM) as obs:
        await _connect(page, program, twitch, camera)
        reward = await _make_reward(page, twitch, camera)
        await _put_up_overlay(page, obs, camera)
        viewer = twitch.user("Viewer")
        twitch.redeem(viewer, reward, "😂")
        await expect(obs.get_by_role("img", name=FACE)).to_be_visible()
        await camera.take("first-face", obs)
        await _hide_face(page, camera)
        await expect(obs.get_by_role("img", name=FACE)).to_have_count(0)
        await obs.reload()
        await expect(obs.locator("#screen")).to_be_attached()
        assert await obs.get_by_role("img", name=FACE).count() == 0


async def _connect(page: Page, program: Program, twitch: FakeTwitch, camera: Camera) -> None:
    await page.goto(f"{program.url}/login")
    await camera.take("login", page)
    await page.get_by_role("link", name="Log in with Twitch").click()
    await expect(page).to_have_url(f"{program.url}/panel")
    await page.get_by_role("link", name="Connect your Twitch channel").click()
    await page.get_by_role("listitem").filter(has_text="Channel points").get_by_role("link", name="choose").click()
    await expect(page.get_by_role("link", name="leave out")).to_be_visible()
    await camera.take("connect", page)
    await page.get_by_role("link", name="Go to Twitch").click()
    await expect(page.get_by_text("is connected")).to_be_visible()
    await camera.look(page)
    await twitch.until(lambda: twitch.carried("channel.chat.message"))
    await page.goto(f"{program.url}/panel")
    await page.get_by_role("link", name=twitch.channel.login).click()


async def _make_reward(page: Page, twitch: FakeTwitch, camera: Camera) -> Reward:
    await page.get_by_role("link", name="Channel points").click()
    await page.get_by_label("Price").fill("250")
    await page.get_by_role("switch").first.check()
    await _saved(page)
    await camera.take("reward", page)
    kind = "channel.channel_points_custom_reward_redemption.add"
    await twitch.until(lambda: twitch.channel.rewards and twitch.carried(kind))
    [reward] = twitch.channel.rewards.values()
    assert reward.fields["cost"] == 250
    return reward


async def _put_up_overlay(page: Page, obs: Page, camera: Camera) -> None:
    await page.get_by_role("link", name="Overlay", exact=True).click()
    await page.get_by_label("Overlay: size").fill("70")
    await _saved(page)
    address = page.get_by_role("textbox", name="Address for OBS")
    await expect(address).to_have_value("")
    await page.get_by_role("button", name="Show a test face").click()
    preview = page.frame_locator("iframe").locator(".frame > img.seen")
    await expect(preview).to_be_visible()
    await camera.take("overlay", page)
    await page.get_by_role("button", name="Show the address").click()
    await expect(address).not_to_have_value("")
    await obs.goto(await address.input_value())
    await expect(obs.locator("html")).to_have_attribute("data-theme", "plain")  # it listens
    await page.get_by_role("button", name="Show a test face").click()
    await expect(obs.locator(".frame > img.seen")).to_be_visible()
    await expect(obs.locator(".act")).to_have_count(0)
    await page.get_by_label("Overlay: duration").fill("30")
    await _saved(page)


async def _hide_face(page: Page, camera: Camera) -> None:
    await page.get_by_role("link", name="Faces", exact=True).click()
    await expect(page.get_by_role("figure").get_by_role("img", name=FACE)).to_be_visible()
    await camera.take("faces", page)
    await page.get_by_role("button", name=f"Hide: {FACE}").click()
    await expect(page.get_by_text("No faces yet.")).to_be_visible()


# -- the admin


async def admins_walk(browser: Browser, program: Program, discord: FakeDiscord, camera: Camera) -> None:
    """Log in, change settings, approve a face and take it away again, look at what happened, log out."""
    member = discord.user("Ben")
    async with _profile(browser) as page:
        await page.goto(f"{program.url}/login")
        await page.get_by_role("link", name="Log in with Discord").click()
        await page.get_by_role("link", name=discord.guild.name).click()
        await camera.take("settings", page)
        await page.get_by_role("switch", name="Prefix command").check()
        await _saved(page)
        await page.get_by_role("link", name="Limits").click()
        await page.get_by_label("Cooldown").fill("2.5")
        await _saved(page)
        await page.get_by_role("link", name="Safety").click()
        await page.get_by_role("switch", name="Approve").check()
        await _saved(page)
        question = discord.say(discord.channel, member, "!face 😂")
        answer = await discord.answer_to(question, picture=True)
        await _approve_and_hide(page, camera)
        await discord.until(lambda: answer.deleted)
        await page.get_by_role("link", name="Statistics").click()
        await expect(page.get_by_role("img", name="1 face in 30 days")).to_be_visible()
        await page.locator(".plot").evaluate("image => image.decode()")
        await camera.take("statistics", page)
        await page.get_by_role("link", name="Changes").click()
        await expect(page.get_by_role("row").filter(has_text="Cooldown: 2.5")).to_be_visible()
        await page.get_by_role("button", name="Log out").click()
        await page.goto(f"{program.url}/panel")
        await expect(page).to_have_url(f"{program.url}/login")


async def _saved(page: Page) -> None:
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


async def _approve_and_hide(page: Page, camera: Camera) -> None:
    await page.get_by_role("link", name="Faces", exact=True).click()
    await page.get_by_role("button", name=f"Show it: {FACE}").click()
    await expect(page.get_by_text("Nothing waits.")).to_be_visible()
    await page.get_by_role("button", name=f"Hide: {FACE}").click()
    await expect(page.get_by_text("No faces yet.")).to_be_visible()


# -- both


@asynccontextmanager
async def on_discord(data_dir: Path, settings: Mapping[str, str]) -> AsyncIterator[tuple[Program, FakeDiscord]]:
    """The program as a bot on the fake Discord that people can log in with."""
    async with FakeDiscord() as discord:
        discord.oauth.visitor = admin = discord.user("Ada")
        admin.roles.append(discord.add_role("Moderators", "manage_guild"))
        application = {"discord.client_id": str(discord.application_id), "discord.client_secret": SECRET}
        urls = {"discord.authorize_url": f"{discord.api_url}/oauth2/authorize"}
        async with running_program(data_dir, {**discord.variables(), **application, **urls, **settings}) as program:
            await program.logged("web_started")
            await discord.until(lambda: discord.commands)
            await program.logged("discord_servers_compared")
            yield program, discord


@asynccontextmanager
async def on_twitch(data_dir: Path, settings: Mapping[str, str]) -> AsyncIterator[tuple[Program, FakeTwitch]]:
    """The program with the bot's account on the fake Twitch, and no channel connected."""
    async with FakeTwitch() as twitch:
        await _log_bot_in(data_dir, twitch)
        async with running_program(data_dir, {**twitch.variables(), **settings}) as program:
            await program.logged("web_started")
            yield program, twitch


async def _log_bot_in(data_dir: Path, twitch: FakeTwitch) -> None:
    """What `emoteface twitch login` does."""
    token = twitch.grant(twitch.bot, *BOT_SCOPES)
    assert token.refresh is not None
    key = AccountKey(twitch.bot.id, Role.BOT)
    account = TwitchAccount(key, twitch.bot.login, token.value, token.refresh, BOT_SCOPES, 9e12, 0)
    async with open_database(f"sqlite+aiosqlite:///{data_dir / 'emoteface.db'}") as engine:
        await TwitchAccounts(engine, Sealer(None)).save(account)


@asynccontextmanager
async def _profile(browser: Browser, size: tuple[int, int] = (1100, 800), **details: Any) -> AsyncIterator[Page]:
    viewport: Any = {"width": size[0], "height": size[1]}
    context = await browser.new_context(viewport=viewport, **details)
    context.set_default_timeout(PATIENCE_MS)
    yield await context.new_page()
    await context.close()


async def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    camera = Camera(folder)
    async with running_browser() as browser:
        with tempfile.TemporaryDirectory() as data:
            async with on_twitch(Path(data), {}) as (program, twitch):
                await streamers_walk(browser, program, twitch, camera)
        with tempfile.TemporaryDirectory() as data:
            async with on_discord(Path(data), {}) as (program, discord):
                await admins_walk(browser, program, discord, camera)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
