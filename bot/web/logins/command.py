"""`emoteface panel`: a code, and a link with it, that logs in whoever has the command line of this instance."""

from __future__ import annotations

import secrets
import sys
import time

from yarl import URL

from bot.store.database import open_database
from bot.store.web_sessions import WebSessions
from bot.web.panel.parts import is_on
from config.settings import Settings

CODE_LIFE_S = 600.0


async def hand_out(settings: Settings) -> bool:
    """Print them; the running program takes the code once, within ten minutes. False where there is no panel."""
    if not is_on(settings):
        reason = "set web.public_url and an application of Discord's or Twitch's, or keep web.host on this machine"
        print(f"The panel is off: {reason} (docs/panel.md).", file=sys.stderr)
        return False
    code, now = secrets.token_urlsafe(32), time.time()
    async with open_database(settings.store_url) as engine:
        await WebSessions(engine).add_code(code, now, now + CODE_LIFE_S)
    print(f"Open this within ten minutes; it works once:\n\n  {_login_url(settings)}#{code}\n")
    return True


def _login_url(settings: Settings) -> str:
    """A port that the system chose is in the program's log."""
    web = settings.web
    site = URL(web.public_url) if web.public_url else URL.build(scheme="http", host=web.host, port=web.port or None)
    return str(site.with_path("/login"))
