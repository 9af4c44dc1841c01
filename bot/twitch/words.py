"""What the bot says in chats on Twitch, where there is neither markup nor a second line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.command import GUESS_COMMAND
from bot.policy.settings import EffectiveSettings
from bot.policy.wording import Naming
from bot.texts import SOURCE_LOCALE, Text, joined, say

FACESET = "faceset"
_AUTOMATIC = "auto"  # Twitch does not say which language a chat speaks

ON_SCREEN = Text("On screen now!")
UNSEEN = Text("Drawn! But the stream's overlay is not open right now, so nobody sees it.")
POINTS_BACK = Text("Your points are back.")
PENDING = Text("Drawn! It shows once a moderator has approved it.")


@dataclass(frozen=True, slots=True)
class Called:
    """How commands are written in a channel."""

    prefix: str
    command: str

    @classmethod
    def of(cls, here: EffectiveSettings) -> Called:
        """As its moderators want them."""
        return cls(here.prefix or "!", here.command)


def plain(text: Text, locale: str) -> str:
    """The words without the marks that only Discord shows as what they mean."""
    return unmarked(say(text, locale))


def unmarked(words: str) -> str:
    """The same of what has been said already."""
    words = re.sub(r"<(https?://[^>\s]+)>", r"\1", words)
    return " ".join(re.sub(r"\*\*|`", "", words).split())


def locale_of(here: EffectiveSettings) -> str:
    """The language that is spoken in a channel."""
    return SOURCE_LOCALE if here.language == _AUTOMATIC else here.language


def with_link(where: Text, link: str) -> Text:
    """Where to look, and the face's own page."""
    return joined([where, link])


def links_blocked(broadcaster: str, bot: str) -> Text:
    """To whoever can do something about it."""
    return Text(
        "@{broadcaster} Links are blocked in this chat. To let me post links to the faces, make me a moderator: "
        "/mod {bot}",
        {"broadcaster": broadcaster, "bot": bot},
    )


def help_text(called: Called) -> Text:
    """All there is to know, below 500 characters in every language."""
    command = f"{called.prefix}{called.command}"
    return Text(
        "I turn emotes into almost-real faces: {command} Kappa or {command} 😂, up to four; 😂+🍕 is one of both. "
        "Options: style:real style:cursed style:classic, realism:0.8, x:5 (drawn over five times), seed:7 (the same "
        "face again), layout:strip. An emote called help: {command} :help:. {guess}: guess the emote.",
        {"command": command, "guess": f"{called.prefix}{GUESS_COMMAND}"},
    )


class _Naming:
    """Implements `bot.policy.wording.Naming` for plain text."""

    def person(self, user_id: str) -> str:
        return user_id

    def role(self, role_id: str) -> str:
        return role_id

    def channel(self, channel_id: str) -> str:
        return channel_id

    def moment(self, at: float) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")

    def code(self, text: str) -> str:
        return text

    def typed(self, text: str) -> str:
        return text


NAMING: Naming = _Naming()
