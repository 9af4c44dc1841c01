"""Links that people type: to emotes on the sites we know, and nowhere else.

Discord's CDN has everybody's avatars and attachments, too. A link to one of these would go round the question whether
its owner minds, so that of Discord only emoji and stickers count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from yarl import URL

from bot.emotes.download import is_below
from bot.errors import LinkNotAllowed
from bot.models import Emote, EmoteSource

MAX_LINK_CHARS: Final = 500
_LINK = re.compile(r"<?(?P<url>https?://[^\s<>]+)>?", re.IGNORECASE)
_OF_DISCORD = ("emojis", "stickers")


def is_link(word: str) -> bool:
    """Whether somebody means the picture behind it; `<…>` around it keeps chats from showing a preview."""
    return _LINK.fullmatch(word) is not None


class Links:
    """Knows which links may be followed: below one of `base_urls`."""

    def __init__(self, base_urls: Iterable[str]) -> None:
        self._bases = tuple(map(URL, base_urls))

    def read(self, word: str) -> Emote:
        """What a link shows. Raise LinkNotAllowed."""
        link = _LINK.fullmatch(word[: MAX_LINK_CHARS + 1])
        if link is None or len(word) > MAX_LINK_CHARS:
            raise LinkNotAllowed
        try:
            url = URL(link["url"]).with_fragment(None)
        except ValueError:
            raise LinkNotAllowed from None
        if not any(is_below(url, base) for base in self._bases):
            raise LinkNotAllowed
        return Emote(EmoteSource.LINK, str(url))


def followed(discord_urls: Iterable[str], catalogue_urls: Iterable[str]) -> Links:
    """Links to Discord's emoji and stickers, and to anything on the catalogues' picture hosts."""
    return Links([*(f"{base}/{kind}" for base in discord_urls for kind in _OF_DISCORD), *catalogue_urls])
