"""`make guide`: the pictures in docs/admin.md, of the bot on the fake Discord as an admin sees it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, async_playwright

from bot.policy.pages import Page
from tests.bot.discord.admin.asking import admin_of, command, scope_of, shows
from tests.bot.discord.admin.test_settings import id_of, panel
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.layout import Raw
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.transcript.page import Transcript, photograph
from tests.fakes.discord.world import Channel, Message, User

FOLDER = Path(__file__).parent.parent / "docs" / "admin"


class Camera:
    """Takes pictures of what one person sees."""

    def __init__(self, chat: Chat, viewer: User, browser: Browser) -> None:
        self._chat, self._viewer = chat, viewer
        self._browser = browser

    async def take(self, name: str, channel: Channel, since: Message, form: Raw | None = None) -> None:
        page = Transcript(self._chat.fake, viewer=self._viewer).page(channel, since=since, form=form)
        with Image.open(io.BytesIO(await photograph(self._browser, page))) as photo:
            photo.convert("RGB").quantize(64).save(FOLDER / f"{name}.png", optimize=True)


async def photographed(chat: Chat, browser: Browser) -> None:
    admin, mallory = admin_of(chat), chat.fake.user("Mallory")
    general, log = chat.fake.channel, chat.fake.add_channel("bot-log")
    camera = Camera(chat, admin, browser)
    await chat.policy.set(scope_of(chat), None, "log_channel_id", str(log.id), str(admin.id))

    limits = await panel(chat, admin, Page.LIMITS)
    opened = chat.fake.press(limits, admin, id_of(limits, "change", "cooldown_s"))
    form = await chat.fake.opened(opened)
    await camera.take("form", general, limits, form)
    chat.fake.submit(opened, admin, {"value": "30"})
    await shows(chat, limits, "**Cooldown**: 30")
    await camera.take("panel", general, limits)

    asking = await panel(chat, admin, channel=general)
    chat.fake.press(asking, admin, id_of(asking, "toggle", "prefix_enabled"))
    await shows(chat, asking, "set for this channel")
    await camera.take("channel", general, asking)

    await command(chat, admin, "block user", member=mallory)
    await chat.policy.blocking.block_role(scope_of(chat), str(chat.fake.add_role("New here").id), str(admin.id))
    blocked = await command(chat, admin, "blocks", kind="user")
    await command(chat, admin, "pause", minutes=30)
    await command(chat, admin, "purge", hours=2)
    await camera.take("blocks", general, blocked)

    await chat.fake.until(lambda: len(chat.fake.messages_in(log)) == 6)
    await camera.take("log", log, chat.fake.messages_in(log)[0])


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with FakeDiscord(interaction_limit_s=60) as fake, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        async with run_bot(fake, servers={"prefix_enabled": False, "cooldown_s": 10, "daily_cost": 50_000}) as chat:
            await photographed(chat, browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
