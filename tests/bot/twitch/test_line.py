"""Where Twitch may move a session to."""

from __future__ import annotations

import pytest

from bot.twitch.line import is_same_service

OURS = "wss://eventsub.wss.twitch.tv/ws"


@pytest.mark.parametrize(
    ("url", "follows"),
    [
        ("wss://eventsub.wss.twitch.tv/ws?id=1", True),
        ("wss://cell-b.eventsub.wss.twitch.tv/ws?id=1", True),
        ("ws://eventsub.wss.twitch.tv/ws", False),
        ("wss://eventsub.wss.twitch.tv.evil.example/ws", False),
        ("wss://eviltwitch.tv/ws", False),
        ("wss://127.0.0.1/ws", False),
        ("https://eventsub.wss.twitch.tv/", False),
        ("not an address", False),
        ("wss://[", False),
        ("", False),
    ],
)
def test_only_to_servers_of_the_same_service(url: str, follows: bool) -> None:
    assert is_same_service(url, OURS) is follows


def test_a_relay_on_an_address_is_followed_to_itself_only() -> None:
    assert is_same_service("ws://127.0.0.1:81/ws?x", "ws://127.0.0.1:80/ws")
    assert not is_same_service("ws://127.1.0.1/ws", "ws://127.0.0.1/ws")
