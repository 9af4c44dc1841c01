"""The panel and its logins, put together: all of it, or nothing where nobody could log in safely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
import structlog
from aiohttp import web
from yarl import URL

from bot.health import Health
from bot.operating.desk import OperatorDesk
from bot.policy.changing import Changing, LinksChannels
from bot.policy.policy import Policy
from bot.stage.stage import Stage
from bot.stats.records import Records
from bot.store.audit import Audit
from bot.store.web_sessions import WebSessions
from bot.web.app import Pages
from bot.web.logins.discord_oauth import DiscordOAuth
from bot.web.logins.pages import LoginPages
from bot.web.logins.sessions import Sessions
from bot.web.logins.twitch_oauth import TwitchLogin
from bot.web.logins.way import LoginWay
from bot.web.oauth_state import OAuthStates
from bot.web.overlay.overlays import Overlays
from bot.web.panel.faces import FacesPages
from bot.web.panel.home import HomePages
from bot.web.panel.operating import OperatingPages
from bot.web.panel.overlay import OverlaySetupPages
from bot.web.panel.pages import Doors
from bot.web.panel.places import Places
from bot.web.panel.settings import SettingsPages
from bot.web.panel.statistics import StatisticsPages
from bot.web.signing import Signer, signing_key
from config.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PanelParts:
    """What the panel shows and changes."""

    store: WebSessions
    policy: Policy
    emotes: LinksChannels
    stage: Stage
    records: Records
    audit: Audit
    desk: OperatorDesk
    health: Health
    overlays: Overlays


@dataclass(frozen=True, slots=True)
class Panel:
    """Its pages, and `places` to which platforms add what they know."""

    pages: Sequence[Pages]
    places: Places
    sessions: Sessions

    async def is_logged_in(self, request: web.Request) -> bool:
        """Whether it is somebody's whom the panel knows."""
        return await self.sessions.current(request) is not None


def open_panel(settings: Settings, session: aiohttp.ClientSession, parts: PanelParts) -> Panel | None:
    """None where others than this machine could reach it and nobody could log in: without an application of Discord's
    or Twitch's, and without a public URL."""
    if not is_on(settings):
        log.info("panel_off", reason="for others it takes web.public_url and an application at Discord or Twitch")
        return None
    public_url = settings.web.public_url
    secure = public_url is not None and URL(public_url).scheme == "https"
    ways = login_ways(settings, session)
    signer = Signer(signing_key(settings.data_dir, settings.store.key))
    sessions = Sessions(parts.store, signer, secure=secure)
    places = Places(settings.operator.discord_user_ids)
    doors = Doors(sessions, places)
    logins = LoginPages(sessions, parts.store, OAuthStates(signer, secure=secure), ways, public_url=public_url)
    pages: list[Pages] = [
        logins,
        HomePages(doors),
        OperatingPages(doors, parts.desk, parts.health),
        SettingsPages(doors, parts.policy, Changing(parts.policy, parts.emotes)),
        OverlaySetupPages(doors, parts.overlays, public_url=public_url),
        FacesPages(doors, parts.stage),
        StatisticsPages(doors, parts.records, parts.audit),
    ]
    return Panel(pages, places, sessions)


def is_on(settings: Settings) -> bool:
    """Whether there is a panel with these settings."""
    has_ways = _has_discord(settings) or _has_twitch(settings)
    return not settings.web.is_for_others or (settings.web.is_public and has_ways)


def login_ways(settings: Settings, session: aiohttp.ClientSession) -> Mapping[str, LoginWay]:
    """By the word in their addresses."""
    ways: dict[str, LoginWay] = {}
    if _has_discord(settings):
        ways["discord"] = DiscordOAuth(session, settings.discord)
    if _has_twitch(settings):
        ways["twitch"] = TwitchLogin(session, settings.twitch)
    return ways


def _has_discord(settings: Settings) -> bool:
    return bool(settings.discord.client_id and settings.discord.client_secret)


def _has_twitch(settings: Settings) -> bool:
    return bool(settings.twitch.client_id and settings.twitch.client_secret)
