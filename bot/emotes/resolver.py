"""From words to emotes. A word is Discord markup, emoji, `:name:` (any of them stuck together), a bare name, a link."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.emotes import discord_emoji
from bot.emotes.links import Links, is_link
from bot.emotes.unicode import UnicodeCatalogue, is_glue, visible
from bot.errors import NothingToDraw, TooManyEmotes, UnknownEmote
from bot.models import Emote

MAX_EMOTES = 4  # faces in one answer
MAX_WORD_CHARS = 2000  # as long as a chat message; what is longer is nobody's emote
_NAMED = re.compile(r":(?P<name>[^:<>\s]+):")


class Resolver:
    """Asks each source in turn what a word means."""

    def __init__(self, unicode: UnicodeCatalogue, links: Links) -> None:
        self._unicode = unicode
        self._links = links

    async def resolve(self, words: Sequence[str]) -> tuple[Emote, ...]:
        """All emotes of all words in order, repeated ones too.

        Raise UnknownEmote for the first word (or part of one) that no source knows, LinkNotAllowed, TooManyEmotes, or
        NothingToDraw.
        """
        emotes: list[Emote] = []
        for word in words:
            emotes += [self._links.read(word)] if is_link(word) else self._read(word)
            if len(emotes) > MAX_EMOTES:
                raise TooManyEmotes(MAX_EMOTES)
        if not emotes:
            raise NothingToDraw
        return tuple(emotes)

    def _read(self, word: str) -> list[Emote]:
        """The emotes of one word; stops soon after there are too many."""
        text = visible(word[:MAX_WORD_CHARS])
        if (key := self._unicode.key_of_alias(text)) is not None:
            return [self._drawable(key)]
        emotes: list[Emote] = []
        at = 0
        while at < len(text) and len(emotes) <= MAX_EMOTES:
            if is_glue(text[at]):
                at += 1
                continue
            emote, at = self._emote_at(text, at)
            emotes.append(emote)
        if len(word) > MAX_WORD_CHARS and len(emotes) <= MAX_EMOTES:
            raise UnknownEmote
        return emotes

    def _emote_at(self, text: str, at: int) -> tuple[Emote, int]:
        if markup := discord_emoji.markup_at(text, at):
            return markup
        if found := self._unicode.emoji_at(text, at):
            key, end = found
            return self._drawable(key), end
        if named := _NAMED.match(text, at):
            if (alias_key := self._unicode.key_of_alias(named["name"])) is not None:
                return self._drawable(alias_key), named.end()
            raise UnknownEmote(self._unicode.nearest(named["name"]))
        raise UnknownEmote(self._unicode.nearest(text[at:].strip(":<>")))

    def _drawable(self, key: str) -> Emote:
        """An emoji newer than the graphics is unknown here, but its name helps to find a neighbour."""
        if emote := self._unicode.emote(key):
            return emote
        raise UnknownEmote(self._unicode.nearest(self._unicode.name(key)))
