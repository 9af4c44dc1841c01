"""A line of chat as a question: what of a message counts for the commands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.emotes.catalogue import EMPTY, Catalogue, Listed
from bot.models import EmoteSource, Origin, Platform, twitch_scope
from bot.twitch.events import ChatMessage, Person

MAX_NAME_CHARS = 25  # Twitch's own bound


@dataclass(frozen=True, slots=True)
class ChatLine:
    """`text` without the mention that Twitch puts before an answer in a thread. `emotes` are those of Twitch in it, by
    their spelling; `mentions` who is named with an @, login to id; `badges` what stands before the author's name."""

    id: str
    broadcaster_id: str
    broadcaster_name: str
    user_id: str
    user_name: str
    text: str
    badges: frozenset[str] = frozenset()
    emotes: Catalogue = EMPTY
    mentions: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        return Origin(Platform.TWITCH, twitch_scope(self.broadcaster_id), self.broadcaster_id, self.user_id)


def line_of(message: ChatMessage) -> ChatLine:
    """Of what was said in a channel."""
    return ChatLine(
        id=message.id,
        broadcaster_id=message.channel.id,
        broadcaster_name=name_of(message.channel),
        user_id=message.chatter.id,
        user_name=name_of(message.chatter),
        text=_said(message),
        badges=message.badges,
        emotes=emotes_in(message),
        mentions=dict(_mentions(message)),
    )


def emotes_in(message: ChatMessage) -> Catalogue:
    """Twitch's own in it: their ids come along, so that nobody has to be asked for them."""
    found = (each for each in message.fragments if each.emote_id is not None)
    return Catalogue(Listed(EmoteSource.TWITCH, each.emote_id or "", each.text, each.animated) for each in found)


def name_of(person: Person) -> str:
    """As chat shows it, fit to stand behind an @."""
    shown = "".join(c for c in person.name if c == "_" or unicodedata.category(c)[0] in "LNM")
    return shown[:MAX_NAME_CHARS] or person.login


def _said(message: ChatMessage) -> str:
    """Chat extensions add invisible characters to what is said twice."""
    text = "".join(c for c in message.text if not 0xE0000 <= ord(c) <= 0xE001F and ord(c) != 0x34F)
    if message.reply_to is not None:
        text = re.sub(r"^\s*@\S+\s+", "", text)
    return text.strip()


def _mentions(message: ChatMessage) -> Iterator[tuple[str, str]]:
    for fragment in message.fragments:
        if fragment.mentioned_id is not None:
            yield fragment.text.lstrip("@").lower(), fragment.mentioned_id
