"""What other sites show of a face's page: oEmbed (https://oembed.com)."""

from __future__ import annotations

import re
from typing import Any

from yarl import URL

SLUG = r"[1-9A-HJ-NP-Za-km-z]{11}"
CACHE_S = 3600


def slug_in(url: str, base: URL) -> str | None:
    """The face that a page of ours shows; None for every other address. Nothing is ever fetched."""
    match = re.fullmatch(rf"{re.escape(str(base.origin()))}/f/({SLUG})", url)
    return match[1] if match else None


def oembed(title: str, picture_url: str, size_px: tuple[int, int], base: URL) -> dict[str, Any]:
    """The answer, of type `photo`."""
    width_px, height_px = size_px
    return {
        "version": "1.0",
        "type": "photo",
        "title": title,
        "url": picture_url,
        "width": width_px,
        "height": height_px,
        "provider_name": "emoteface",
        "provider_url": str(base),
        "cache_age": CACHE_S,
    }
