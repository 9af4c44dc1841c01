"""What a page is told, from what it knows and what there is to see."""

from __future__ import annotations

from typing import Any

from bot.web.event_streams import Event
from bot.web.overlay.feed import OVERLAP_S, REPLAY_S, Feed, Item, Scene

NOW = 1_000_000.0
LOOK = {"theme": "plain"}


def item(id_: str, age_s: float = 0.0, event: str = "face") -> Item:
    return Item(id_, NOW - age_s, event, {"picture": id_})


def scene(*items: Item, look: dict[str, Any] = LOOK, complete_for_s: float = 600.0) -> Scene:
    return Scene(look, items, NOW - complete_for_s)


def names(events: list[Event]) -> list[tuple[str | None, Any]]:
    return [(event.name, event.data.get("id")) for event in events if event.name not in {"kept", "look"}]


def told(feed: Feed, *items: Item, **values: Any) -> list[tuple[str | None, Any]]:
    return names(list(feed.events(scene(*items, **values))))


def test_a_page_that_opens_is_told_the_look_and_what_is_left() -> None:
    kept, look = Feed(NOW).events(scene(item("old", age_s=300)))
    assert (kept.name, kept.data) == ("kept", {"ids": ["old"]})
    assert (look.name, look.data) == ("look", LOOK)


def test_after_a_reload_only_faces_of_the_last_minute_come() -> None:
    assert told(Feed(NOW), item("old", REPLAY_S + 1), item("new", REPLAY_S - 1)) == [("face", "new")]


def test_whoever_reconnects_is_told_what_came_since() -> None:
    seen_until = NOW - 20
    feed = Feed(NOW, seen_until)
    assert told(feed, item("long seen", 20 + OVERLAP_S + 1), item("missed", 10)) == [("face", "missed")]


def test_a_moment_of_another_world_hides_nothing() -> None:
    assert told(Feed(NOW, seen_until=-1e18), item("new")) == [("face", "new")]
    assert told(Feed(NOW, seen_until=1e18), item("new")) == []


def test_each_face_comes_once_and_its_id_says_since_when() -> None:
    feed = Feed(NOW)
    [*_, event] = feed.events(scene(item("a", 5)))
    assert (event.id, event.data) == (f"{NOW - 5:.3f}", {"id": "a", "picture": "a"})
    assert told(feed, item("a", 5), item("b")) == [("face", "b")]


def test_what_is_hidden_goes_and_what_gets_old_does_not() -> None:
    feed = Feed(NOW)
    told(feed, item("hidden", 10), item("old", 50))
    assert told(feed, complete_for_s=30) == [("hide", "hidden")]


def test_a_face_that_is_shown_again_comes_again() -> None:
    feed = Feed(NOW)
    told(feed, item("a"))
    told(feed)
    assert told(feed, item("a")) == [("face", "a")]


def test_a_round_comes_and_then_its_end() -> None:
    feed = Feed(NOW)
    assert told(feed, item("r", event="round")) == [("round", "r")]
    assert told(feed, item("r", event="reveal")) == [("reveal", "r")]
    assert told(feed, item("r", event="reveal")) == []


def test_another_look_is_told() -> None:
    feed = Feed(NOW)
    list(feed.events(scene()))
    assert [event.data for event in feed.events(scene(look={"theme": "neon"}))] == [{"theme": "neon"}]
    assert list(feed.events(scene(look={"theme": "neon"}))) == []
