"""Names from catalogues are written by strangers: what of them an answer may show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_NEVER = frozenset("@#`")  # begin mentions, or end the marks that keep markup from working
_LOOKS_LIKE = str.maketrans("013457$!|l", "oieastsiii")  # and one cannot tell l from i


_TYPED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_' -]*")


def can_be_typed(name: str) -> bool:
    """On any keyboard, and not by accident: at least two letters."""
    return bool(_TYPED.fullmatch(name)) and sum(c.isalpha() for c in name) >= 2


class NameGuard:
    """Knows the words that are in no name we repeat, whatever is around them or stands in for their letters."""

    def __init__(self, blocked_words: Iterable[str]) -> None:
        self._blocked = tuple(filter(None, map(_skeleton, blocked_words)))

    def shown(self, name: str) -> str | None:
        """The name without control, bidi and mention characters; None when nothing fit to be shown is left."""
        clean = "".join(c for c in name if c not in _NEVER and unicodedata.category(c)[0] not in "CMZ")
        return clean if clean and not any(word in _skeleton(name) for word in self._blocked) else None


def _skeleton(text: str) -> str:
    """Only the letters, in their plainest form."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LOOKS_LIKE)
    return "".join(c for c in plain if c.isalpha())
