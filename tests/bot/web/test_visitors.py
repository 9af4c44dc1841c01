"""Whose request it is: what proxies say counts when they are trusted, and only then."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.web.visitors import UNKNOWN, Visitors
from tests.bot.web.conftest import web_settings


def request(peer: str | None, *headers: tuple[str, str], host: str = "faces.example") -> Any:
    transport = Mock()
    transport.get_extra_info = lambda name, default=None: (peer, 5) if name == "peername" and peer else default
    return make_mocked_request("GET", "/", CIMultiDict([("Host", host), *headers]), transport=transport)


def forwarded(*hops: str) -> tuple[str, str]:
    return "X-Forwarded-For", ", ".join(hops)


TRUSTING = Visitors(web_settings(trusted_proxies=["127.0.0.1", "10.0.0.0/8", "fd00::/8"]))


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", [forwarded("198.51.100.7")], "192.0.2.1"),  # nobody's word
        ("127.0.0.1", [forwarded("198.51.100.7")], "198.51.100.7"),
        ("127.0.0.1", [forwarded("6.6.6.6", "198.51.100.7")], "198.51.100.7"),  # what the visitor wrote comes before
        ("127.0.0.1", [forwarded("6.6.6.6"), forwarded("198.51.100.7")], "198.51.100.7"),
        ("127.0.0.1", [forwarded("198.51.100.7", "10.1.2.3")], "198.51.100.7"),
        ("127.0.0.1", [forwarded("10.1.2.3")], "10.1.2.3"),
        ("127.0.0.1", [forwarded("unknown")], "127.0.0.1"),
        ("127.0.0.1", [forwarded("198.51.100.7", "<script>")], "127.0.0.1"),
        ("127.0.0.1", [forwarded(*["6.6.6.6"] * 5000)], "6.6.6.6"),
        ("127.0.0.1", [forwarded(*["10.0.0.1"] * 5000)], "10.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:127.0.0.1", [forwarded("::ffff:198.51.100.7")], "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("fd00::1", [forwarded("2001:db8:1:2::9")], "2001:db8:1:2::/64"),
        (None, [forwarded("198.51.100.7")], UNKNOWN),
    ],
)
def test_the_address_is_the_first_that_is_not_a_trusted_proxys(
    peer: str | None, headers: list[tuple[str, str]], address: str
) -> None:
    assert TRUSTING.address(request(peer, *headers)) == address


@pytest.mark.parametrize(
    ("peer", "headers", "host", "here"),
    [
        ("127.0.0.1", [], "localhost:8080", True),
        ("::1", [], "[::1]:8080", True),
        ("127.0.0.1", [], "faces.example", False),  # another site's page, or a proxy that says nothing
        ("127.0.0.1", [forwarded("198.51.100.7")], "localhost", False),
        ("127.0.0.1", [("CF-Connecting-IP", "198.51.100.7")], "localhost", False),
        ("127.0.0.1", [("Via", "1.1 caddy")], "localhost", False),
        ("192.0.2.1", [], "localhost", False),
        (None, [], "localhost", False),
    ],
)
def test_this_machine_is_known_by_everything_together(
    peer: str | None, headers: list[tuple[str, str]], host: str, here: bool
) -> None:
    assert TRUSTING.is_at_this_machine(request(peer, *headers, host=host)) is here


def test_a_proxy_nobody_named_is_noticed() -> None:
    assert TRUSTING.is_unknown_proxy(request("192.0.2.1", forwarded("198.51.100.7")))
    assert not TRUSTING.is_unknown_proxy(request("127.0.0.1", forwarded("198.51.100.7")))
    assert not TRUSTING.is_unknown_proxy(request("192.0.2.1"))
