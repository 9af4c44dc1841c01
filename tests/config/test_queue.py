"""Where the queue is, and who serves it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.queue import NatsSettings, QueueSettings, Served

LIMITS = {"max_jobs": 1, "max_attempts": 1, "lease_s": 1, "cache_ttl_s": 0, "cache_mb": 0}


@pytest.mark.parametrize(
    ("text", "served"),
    [
        ("faces.example.org", Served(("faces.example.org",), 4222)),
        ("faces.example.org:4333", Served(("faces.example.org",), 4333)),
        ("203.0.113.7,faces.example.org:4333", Served(("203.0.113.7", "faces.example.org"), 4333)),
        ("[2001:db8::1]:4222", Served(("[2001:db8::1]",), 4222)),
    ],
)
def test_this_machine_may_have_several_names_at_one_port(text: str, served: Served) -> None:
    assert NatsSettings(serve=text).served == served


def test_workers_are_told_every_name_with_the_port() -> None:
    assert Served.of("a.example,[::1]:4333").url == "tls://a.example:4333,tls://[::1]:4333"


@pytest.mark.parametrize("text", ["", "a b", "nats://a.example", "a:0", "a:99999", "a:1,b:2", "user@a", "a,", "::1"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=r"machine's name"):
        NatsSettings(serve=text)


@pytest.mark.parametrize(
    ("url", "nats"),
    [
        ("nats://a:4222", {"serve": "a.example"}),
        ("nats://a:4222", {"join": "code"}),
        ("memory:", {"serve": "a.example", "join": "code"}),
    ],
)
def test_there_is_one_way_to_a_server(url: str, nats: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        QueueSettings.model_validate(LIMITS | {"url": url, "nats": nats})


def test_who_serves_has_no_embedded_queue() -> None:
    assert QueueSettings.model_validate(LIMITS | {"url": "memory:"}).embedded
    assert not QueueSettings.model_validate(LIMITS | {"url": "memory:", "nats": {"serve": "a.example"}}).embedded
