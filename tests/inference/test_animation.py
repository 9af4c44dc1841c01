from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inference.animation import timeline
from inference.protocol import Picture
from tests.inference.drawing import disc
from tests.inference.films import rolling_ball

LASTING = st.lists(st.integers(20, 1000), min_size=2, max_size=60)


@given(LASTING, st.integers(0, 3))
def test_one_animation_among_stills_keeps_its_frames_and_times(lasting: list[int], stills: int) -> None:
    moments = timeline([rolling_ball(lasting, 24), *[disc(side_px=8)] * stills])
    assert [moment.duration_ms for moment in moments] == lasting
    assert [moment.frames for moment in moments] == [(at, *[0] * stills) for at in range(len(lasting))]


@given(st.lists(LASTING, min_size=2, max_size=4))
def test_several_animations_share_the_time_of_the_longest_in_few_moments(each: list[list[int]]) -> None:
    moments = timeline([rolling_ball(lasting, 24) for lasting in each])
    assert sum(moment.duration_ms for moment in moments) == max(map(sum, each))
    assert 1 <= len(moments) <= 60
    assert min(moment.duration_ms for moment in moments) >= 20
    assert all(at < len(lasting) for moment in moments for at, lasting in zip(moment.frames, each, strict=True))
    assert all(before.duration_ms > 0 for before in moments)


def test_a_shorter_animation_comes_round_a_whole_number_of_times() -> None:
    moments = timeline([rolling_ball([100] * 10), rolling_ball([100] * 3)])
    assert sum(moment.duration_ms for moment in moments) == 1000
    second = [moment.frames[1] for moment in moments]
    rounds = [frame for at, frame in enumerate(second) if at == 0 or frame != second[at - 1]]
    assert rounds == [0, 1, 2] * 3


def test_frames_that_say_no_duration_last_a_tenth_of_a_second() -> None:
    assert [moment.duration_ms for moment in timeline([rolling_ball([0, 30])])] == [100, 30]


def test_a_still_picture_is_one_moment() -> None:
    still: Picture = disc()
    assert [moment.frames for moment in timeline([still, still])] == [(0, 0)]


def test_moments_follow_each_other_without_repeating() -> None:
    moments = timeline([rolling_ball([40] * 7), rolling_ball([70] * 5)])
    assert all(one.frames != other.frames for one, other in pairwise(moments))
