"""Events are handed on once, and what cannot be read or held harms nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.twitch import feed as feed_module
from bot.twitch.events import STREAM_ONLINE, StreamChanged, Unreadable, read_notification
from bot.twitch.feed import Feed

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def frame(message_id: str = "m", kind: str = STREAM_ONLINE, **event: Any) -> dict[str, Any]:
    metadata = {
        "message_id": message_id,
        "message_type": "notification",
        "message_timestamp": "2024-05-14T12:31:47.995298776Z",
        "subscription_type": kind,
        "subscription_version": "1",
    }
    channel = {"broadcaster_user_id": "1", "broadcaster_user_login": "ada", "broadcaster_user_name": "Ada"}
    return {"metadata": metadata, "payload": {"event": channel | event}}


def counting() -> tuple[Feed, Counter[str]]:
    counted: Counter[str] = Counter()
    return Feed(lambda what: counted.update([what])), counted


async def test_a_frame_that_comes_again_is_noticed() -> None:
    feed, counted = counting()
    for message_id in ("a", "a", "b"):
        feed.take(frame(message_id))
    assert counted == {"StreamChanged": 2, "repeated": 1}


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REMEMBERED", 2)
    feed, counted = counting()
    for message_id in ("a", "b", "c", "a"):
        feed.take(frame(message_id))
    assert counted["repeated"] == 0


async def test_a_flood_that_nobody_takes_up_is_cut_off_and_counted() -> None:
    feed, counted = counting()
    for n in range(feed_module.WAITING + 3):
        feed.take(frame(str(n)))
    assert counted["overflow"] == 3


async def test_a_slow_event_holds_no_other_up() -> None:
    feed, _ = counting()
    first, second = asyncio.Event(), asyncio.Event()

    async def handle(event: StreamChanged) -> None:
        if not first.is_set():
            first.set()
            await asyncio.Event().wait()
        second.set()

    feed.on(StreamChanged, handle)
    feed.take(frame("a"))
    feed.take(frame("b"))
    running = asyncio.create_task(feed.run())
    await asyncio.wait_for(second.wait(), 60)
    running.cancel()
    await asyncio.wait([running])


async def test_events_of_other_kinds_pass() -> None:
    feed, counted = counting()
    feed.take(frame(kind="channel.raid"))
    assert counted == {}


@given(ANYTHING)
def test_anything_at_all_is_read_or_unreadable(given_: Any) -> None:
    for value in (given_, {"metadata": given_, "payload": given_}, frame() | {"payload": given_}):
        with suppress(Unreadable):
            read_notification(value)


@given(st.dictionaries(st.sampled_from(["message", "badges", "fragments", "text", "reply", "cheer"]), ANYTHING))
def test_any_message_is_read_or_unreadable(event: dict[str, Any]) -> None:
    chatter = {"chatter_user_id": "2", "chatter_user_login": "bob", "chatter_user_name": "Bob", "message_id": "x"}
    with suppress(Unreadable):
        read_notification(frame(kind="channel.chat.message", **(chatter | event)))


def test_what_cannot_be_read_is_not_repeated_in_the_error() -> None:
    with pytest.raises(Unreadable) as unreadable:
        read_notification(frame(broadcaster_user_id=["a secret"]))
    assert "secret" not in str(unreadable.value)
    assert unreadable.value.__cause__ is None
