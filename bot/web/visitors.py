"""Who is knocking: the address behind trusted proxies, and whether it is somebody at this very machine."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web
from yarl import URL

from config.web import WebSettings, is_loopback

_MAX_HOPS = 10
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "Via")
_SHARED_V6_BITS = 64  # one household or server has at least as many addresses
UNKNOWN = "unknown"


class Visitors:
    """Reads what proxies say only when they are trusted: anybody can write such headers."""

    def __init__(self, settings: WebSettings) -> None:
        self._trusted: Sequence[IPv4Network | IPv6Network] = settings.trusted_proxies

    def address(self, request: web.Request) -> str:
        """Whose request it is, for counting: an IPv4 address, or an IPv6 network of /64."""
        peer = _address(request.remote or "")
        if peer is None:
            return UNKNOWN
        hops = [hop for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")]
        for hop in reversed(hops[-_MAX_HOPS:]):
            if not self._is_trusted(peer):
                break
            address = _address(hop.strip())
            if address is None:
                break
            peer = address
        return _counted(peer)

    def is_unknown_proxy(self, request: web.Request) -> bool:
        """Whether the request came through a proxy that is not among the trusted: all its visitors count as one."""
        peer = _address(request.remote or "")
        return peer is not None and "X-Forwarded-For" in request.headers and not self._is_trusted(peer)

    def is_at_this_machine(self, request: web.Request) -> bool:
        """Straight from this machine, to a name of this machine, and through no proxy. A page of another site cannot
        look like it (its name would be in Host), nor can a visitor of a proxy on this machine."""
        is_direct = not any(name in request.headers for name in _FORWARDED)
        return is_direct and is_loopback(request.remote or "") and is_loopback(host_name(request))

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def host_name(request: web.Request) -> str:
    """The name in the Host header, without the port; empty when there is none."""
    try:
        return URL(f"http://{request.host}").host or ""
    except ValueError:
        return ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _counted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, _SHARED_V6_BITS), strict=False))
