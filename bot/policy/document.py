"""docs/settings.md, made of the settings themselves: `python -m bot.policy.document > docs/settings.md`."""

from __future__ import annotations

import sys

from bot.policy.settings import SETTINGS, Level, Setting
from bot.texts import say
from config.servers import ServerSettings
from config.settings import load_settings

HEAD = """# Settings of a server

Admins change these for their server, or for single channels; a thread has those of its channel. A Twitch channel is a
server of its own, its broadcaster and moderators change what there is on Twitch (`!faceset`). What nobody has changed
is the instance's: the section `servers` of [emoteface.yaml](../config/emoteface.yaml), whose comments say more. Changes
count at once; in other processes with the same database within a second, or with a NATS queue as soon as word of them
is there. They are written down (who, when, what) for 90 days.

| name | default | for | what it does |
|---|---|---|---|
"""
TAIL = """
People who manage the server have no cooldown, so that they can try things out; all other limits hold for them, too. A
server's limits count in that server alone. The instance's own caps (`requests.max_outstanding…`) count everywhere, and
are the only ones of the page and the terminal. Days begin at midnight UTC. A request that was refused or withdrawn
costs nothing of the daily quota.
"""


def document(defaults: ServerSettings) -> str:
    """The whole page."""
    rows = [
        f"| `{name}` | {_shown(getattr(defaults, name))} | {_where(setting)} "
        f"| {say(setting.title)}: {say(setting.description)} |"
        for name, setting in SETTINGS.items()
    ]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _where(setting: Setting) -> str:
    levels = ", ".join(level.value for level in Level if level in setting.levels)
    return levels if len(setting.platforms) > 1 else f"{levels} ({', '.join(setting.platforms)} only)"


if __name__ == "__main__":
    sys.stdout.write(document(load_settings().server_defaults))
