"""The composition root: the core, and the platforms that are configured, run together and ended in order.

It and `bot.core` alone know everybody; everybody else gets what they need by constructor.
"""

from __future__ import annotations

import asyncio
import math
import signal
from typing import TYPE_CHECKING, Protocol

import structlog
from aiohttp.web import Application

from bot.core import Core, open_core
from bot.discord.sharding import ShardRange, locks_of
from bot.exclusive import exclusive
from bot.health import HealthPart
from bot.models import Platform
from bot.twitch.directory import TwitchDirectory
from bot.web.app import Pages, WebServer, build_app
from bot.web.connecting import connect_pages, connect_url
from bot.web.insiders import nobody_is_logged_in
from bot.web.legal import LegalPages
from bot.web.panel.parts import Panel, PanelParts, open_panel
from config.settings import Settings

if TYPE_CHECKING:
    from bot.discord.bot import DiscordBot
    from bot.twitch.client import TwitchBot

log = structlog.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Everything that is configured, until SIGINT or SIGTERM; a second signal ends it at once.

    Raise AlreadyRunning when the data directory is in use, OSError (in a group) when the web address is.
    """
    with exclusive(settings.data_dir, locks_of(ShardRange.of(settings.discord))):
        async with open_core(settings) as core, asyncio.TaskGroup() as platforms:
            panel = _panel(settings, core)
            is_first = ShardRange.of(settings.discord).is_first  # of several processes one hears Twitch
            twitch = _twitch_bot(settings, core) if settings.twitch.client_id and is_first else None
            web = WebServer(_web_app(settings, core, panel, twitch), settings.web)
            serving = [platforms.create_task(web.run(), name="web")]
            if settings.discord.token:
                bot = _discord(settings, core)
                if panel is not None:
                    panel.places.add(Platform.DISCORD, bot.directory)
                serving.append(platforms.create_task(bot.run(), name="discord"))
            if twitch is not None:
                if panel is not None:
                    panel.places.add(Platform.TWITCH, TwitchDirectory(core.accounts))
                serving.append(platforms.create_task(_twitch(settings, core, twitch).run(), name="twitch"))
            async with core.service.running(settings.shutdown.grace_s):
                log.info("program_started", recovered=await core.service.recover())
                await _stop_signal()
                log.info("program_stopping", grace_s=settings.shutdown.grace_s)
            for task in serving:
                task.cancel()


def _web_app(settings: Settings, core: Core, panel: Panel | None, twitch: TwitchBot | None) -> Application:
    legal = LegalPages(settings.operator, settings.requests)
    pages: list[Pages] = [
        legal,
        core.gallery,
        core.overlay.pages,
        *(panel.pages if panel else ()),
        *connect_pages(settings, twitch),
    ]
    app = build_app(
        core.service,
        core.uploads,
        core.health,
        core.metrics,
        web_settings=settings.web,
        pages=pages,
        is_logged_in=panel.is_logged_in if panel else nobody_is_logged_in,
    )
    app.on_shutdown.append(core.overlay.pages.close)
    return app


def _panel(settings: Settings, core: Core) -> Panel | None:
    parts = PanelParts(
        core.web_sessions,
        core.policy,
        core.emotes,
        core.stage,
        core.records,
        core.audit,
        core.desk,
        core.health,
        core.overlay.overlays,
    )
    return open_panel(settings, core.session, parts)


def _discord(settings: Settings, core: Core) -> DiscordBot:
    from bot.discord.bot import DiscordBot  # only who uses Discord pays for loading it
    from bot.discord.features import Services
    from bot.discord.presence import Outlook
    from bot.discord.shown import Showing

    showing = Showing(core.links, max_bytes=settings.emotes.max_download_bytes)
    services = Services(
        core.service,
        core.emotes,
        showing,
        core.consent,
        core.policy,
        core.votes,
        core.game,
        core.records,
        core.servers,
        core.forgetting,
        core.server_data,
        settings.requests,
        core.desk,
        core.cache,
        settings.operator.discord_user_ids,
        audit=core.audit,
        outlook=lambda: Outlook(core.workforce.ready, core.service.newcomers_wait_s()),
        public_url=settings.web.public_url,
        mirror=core.mirror if settings.twitch.client_id else None,
        stage=core.stage,
    )
    bot = DiscordBot(settings.discord, services, data_dir=settings.data_dir)
    core.service.add_deliverer(Platform.DISCORD, bot.deliverer)
    core.metrics.watch_gateway(lambda: math.nan if bot.latency_s is None else bot.latency_s)

    async def check() -> HealthPart:
        return HealthPart("discord", bot.ready, {"problem": bot.problem, "latency_s": bot.latency_s})

    core.health.add("discord", check)
    return bot


def _twitch_bot(settings: Settings, core: Core) -> TwitchBot:
    from bot.twitch.client import TwitchBot  # only who uses Twitch pays for loading it
    from bot.twitch.membership import Membership

    bot = TwitchBot(
        settings.twitch,
        core.accounts,
        core.session,
        count=core.metrics.twitch_happened,
        membership=Membership(core.servers),
    )
    core.metrics.watch_twitch(lambda: len(bot.channels), lambda: bot.is_up)
    return bot


def _twitch(settings: Settings, core: Core, bot: TwitchBot) -> Service:
    from bot.twitch.parts import TwitchChat, TwitchNeeds

    needs = TwitchNeeds(
        core.service,
        core.emotes,
        core.policy,
        core.game,
        core.stage,
        core.audit,
        core.redemptions,
        core.mirror,
        lambda: core.workforce.ready,
        core.overlay.overlays.watched,
        (core.mirror.mirror.sight,),
        connect_url=connect_url(settings),
    )
    chat = TwitchChat(bot, needs)
    core.service.add_deliverer(Platform.TWITCH, chat.deliverer)

    async def check() -> HealthPart:
        shown = {
            "problem": bot.problem,
            "channels": len(bot.channels),
            "refused_channels": len(bot.refused),
            "answers_waiting": chat.outbox.waiting,
        }
        return HealthPart("twitch", bot.problem is None, shown)

    core.health.add("twitch", check)
    return chat


class Service(Protocol):
    """Something that runs until it is cancelled."""

    async def run(self) -> None: ...


async def _stop_signal() -> None:
    """Wait for SIGINT or SIGTERM; afterwards both do what they always do, so that a second one ends at once."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
