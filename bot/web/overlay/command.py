"""`emoteface overlay SCOPE`: an overlay's address, for who runs the bot without its panel. Works while it runs, too."""

from __future__ import annotations

import re
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import twitch_scope
from bot.store.database import open_database
from bot.store.overlays import OverlaySecrets
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccounts
from bot.web.overlay.overlays import overlay_url
from config.settings import Settings

_SCOPE = re.compile(r"(twitch:)?[0-9]{1,20}")


async def print_address(named: str, settings: Settings, *, rotate: bool) -> bool:
    """Print it; False, with the reason on stderr, for a name that is nobody's."""
    async with open_database(settings.store_url) as engine:
        scope_id = await _scope_of(named, engine, settings)
        if scope_id is None:
            print("No channel of this name has let the bot in.", file=sys.stderr)
            return False
        secrets = OverlaySecrets(engine)
        secret = await (secrets.rotate(scope_id) if rotate else secrets.of(scope_id))
    print(overlay_url(_site_url(settings), secret))
    return True


async def _scope_of(named: str, engine: AsyncEngine, settings: Settings) -> str | None:
    """A Discord server's id, a scope id as it is, or the name of a connected Twitch channel."""
    if _SCOPE.fullmatch(named):
        return named
    accounts = await TwitchAccounts(engine, Sealer(settings.store.key)).all()
    login = named.lower().removeprefix("@")
    found = (each.key.user_id for each in accounts if each.login == login and each.key.role is Role.CHANNEL)
    user_id = next(found, None)
    return None if user_id is None else twitch_scope(user_id)


def _site_url(settings: Settings) -> str:
    """Where OBS finds the server: as people from outside do, or on this machine."""
    return settings.web.public_url or f"http://127.0.0.1:{settings.web.port}"
