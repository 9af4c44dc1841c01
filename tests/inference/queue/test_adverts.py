from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol import Style
from inference.queue.nats.adverts import MAX_WORKERS, SILENT_S, WorkerAdvert, Workers
from inference.wire import ProtocolError

FAST = WorkerAdvert(
    id="fast", name="a PC", version="1", runtime="torch", models={"real": "m1"}, seconds_per_cost=0.001, max_batch=32
)
SLOW = replace(FAST, id="slow", seconds_per_cost=0.1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def workers(*adverts: WorkerAdvert, clock: Clock | None = None) -> Workers:
    heard = Workers(clock or Clock())
    for advert in adverts:
        heard.heard(advert)
    return heard


def test_an_advert_arrives_as_it_was_sent() -> None:
    assert WorkerAdvert.from_bytes(FAST.to_bytes()) == FAST


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda value: repr(value).encode()))
def test_whatever_somebody_sends_is_an_advert_or_an_error_of_ours(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        WorkerAdvert.from_bytes(message)


@pytest.mark.parametrize("pace", ["nan", "inf", "-1", "0", '"fast"', "null", "[]"])
def test_a_pace_is_a_measure(pace: str) -> None:
    with pytest.raises(ProtocolError):
        WorkerAdvert.from_bytes(FAST.to_bytes().replace(b"0.001", pace.encode()))


def test_an_advert_of_another_protocol_is_none_of_ours() -> None:
    with pytest.raises(ProtocolError):
        WorkerAdvert.from_bytes(FAST.to_bytes().replace(b'"protocol": 1', b'"protocol": 2'))


def test_a_silent_worker_is_gone_and_so_is_one_that_said_goodbye() -> None:
    clock = Clock()
    heard = workers(FAST, SLOW, clock=clock)
    heard.left("slow")
    assert heard.present() == [FAST]
    clock.now += SILENT_S
    assert heard.present() == []


def test_as_many_workers_are_known_as_there_may_be() -> None:
    heard = workers(*(replace(FAST, id=str(number)) for number in range(MAX_WORKERS + 1)))
    assert len(heard.present()) == MAX_WORKERS


def test_workers_are_as_fast_as_all_of_them_together() -> None:
    assert workers(FAST, replace(FAST, id="another")).seconds_per_cost() == pytest.approx(0.0005)
    assert workers(replace(FAST, paused=True)).seconds_per_cost() is None


def test_jobs_ask_for_the_model_that_most_can_be_drawn_with_and_keep_it_when_everybody_leaves() -> None:
    clock = Clock()
    newer = replace(FAST, id="newer", models={"real": "m2", "a style of tomorrow": "m3"})
    heard = workers(SLOW, newer, clock=clock)
    assert heard.models() == {Style.REAL: "m2"}
    clock.now += SILENT_S
    assert heard.models() == {Style.REAL: "m2"}


def test_a_slow_worker_is_of_use_when_it_would_be_done_before_the_fast_ones() -> None:
    heard = workers(FAST, SLOW)
    assert heard.enough_waiting("m1", 0.1, own_id="slow") == 100
    assert heard.enough_waiting("m1", 0.001, own_id="fast") == 1
    assert heard.enough_waiting("another model", 0.1, own_id="slow") == 1
