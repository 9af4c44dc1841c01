"""Addresses of what others run."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import AfterValidator
from yarl import URL


def _is_loopback(url: URL) -> bool:
    return url.host in {"localhost", "127.0.0.1", "::1"}


def _outside_url(scheme: str, value: str) -> str:
    """Encrypted, unless it names this very machine (a local fake or relay)."""
    url = URL(value)
    if not url.host or "@" in url.authority or url.query_string or url.fragment:
        raise ValueError("must be a plain URL with a host, without user, query or fragment")
    if url.scheme != f"{scheme}s" and not (url.scheme == scheme and _is_loopback(url)):
        raise ValueError(f"must be {scheme}s ({scheme} only for this machine)")
    return value.rstrip("/")


OutsideUrl = Annotated[str, AfterValidator(partial(_outside_url, "http"))]
OutsideSocketUrl = Annotated[str, AfterValidator(partial(_outside_url, "ws"))]
