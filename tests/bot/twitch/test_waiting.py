"""Who is next, by a clock of our own: never too much in a window, and nobody waits for ever."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.twitch.waiting import Ration, Turns
from tests.bot.twitch.chats import RATION, Chats, waiting


def test_two_hundred_channels_in_a_burst_are_all_answered_within_the_limit() -> None:
    chats = Chats()
    for number in range(200):
        for asker in range(10):
            chats.turns.add(waiting(f"{number}.{asker}", str(number)))
    chats.run()
    said = [key for _, _, keys in chats.said for key in keys]
    assert sorted(said) == sorted(f"{number}.{asker}" for number in range(200) for asker in range(10))
    assert chats.most_in(RATION.window_s) <= RATION.messages
    assert len(chats.said) == 200  # one message answers all ten of a channel
    assert chats.now < 10 * RATION.window_s + 10


def test_a_moderator_may_say_more() -> None:
    chats = Chats()
    for number in range(100):
        chats.turns.moderated[str(number)] = True
        chats.turns.add(waiting(str(number), str(number)))
    chats.run(until=RATION.window_s / 2)
    assert len(chats.said) == 100


def test_who_may_say_less_is_not_kept_waiting_by_who_may_say_more() -> None:
    chats = Chats(takes_s=0.01)
    chats.turns.add(waiting("plain", "plain", since=0.0))
    for number in range(20):
        chats.turns.moderated[str(number)] = True
    chats.turns.channel("plain").next_at = 1.0
    asked = 0
    for second in range(150):  # more is asked for in the moderated channels than may be said
        for number in range(20):
            chats.turns.add(waiting(str(asked), str(number), since=float(second)))
            asked += 1
        chats.run(until=float(second + 1))
        chats.now = max(chats.now, float(second + 1))
    moment = next(moment for moment, channel, _ in chats.said if channel == "plain")
    assert moment <= RATION.patience_s + 2 * RATION.window_s


def test_in_one_channel_messages_keep_their_distance() -> None:
    chats = Chats()
    for number in range(3):
        chats.turns.add(waiting(str(number), "1"))
    chats.run()
    moments = [moment for moment, _, _ in chats.said]
    assert [keys for _, _, keys in chats.said] == [("0",), ("1",), ("2",)]
    assert all(later - earlier >= RATION.gap_s for earlier, later in itertools.pairwise(moments))


def test_channels_in_which_nothing_happens_are_forgotten() -> None:
    turns = Turns(RATION)
    for number in range(2000):
        turns.channel(str(number))
    assert len(turns._channels) <= 512


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=60), st.floats(0.0, 3.0))
@settings(max_examples=50, deadline=None)
def test_nothing_is_lost_and_no_limit_is_passed(asked: list[tuple[int, bool]], takes_s: float) -> None:
    ration = Ration(messages=3, messages_as_moderator=9, window_s=10.0, gap_s=1.0, patience_s=10.0)
    chats = Chats(ration, takes_s)
    for number, (channel, moderates) in enumerate(asked):
        chats.turns.moderated[str(channel)] = moderates
        chats.turns.add(waiting(str(number), str(channel)))
    chats.run()
    assert sorted(key for _, _, keys in chats.said for key in keys) == sorted(str(n) for n in range(len(asked)))
    if chats.said:
        assert chats.most_in(ration.window_s) <= ration.messages_as_moderator
