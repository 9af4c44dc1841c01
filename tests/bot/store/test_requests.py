from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.store.database import open_database
from bot.store.requests import RequestStore
from bot.store.tables import request as table
from inference.protocol import MAX_ITERATIONS, MAX_SEED, FaceOptions, Layout, Style

A, Q, RD, S = RequestState.ACCEPTED, RequestState.QUEUED, RequestState.READY, RequestState.SENDING
ANSWERED, REFUSED, CANCELLED = RequestState.ANSWERED, RequestState.REFUSED, RequestState.CANCELLED
STEPS = {Q: {A, Q}, RD: {A, Q}, S: {A, Q, RD, S}, ANSWERED: {S}, REFUSED: {S}, CANCELLED: {A, Q, RD}, A: set()}

numbers = itertools.count()
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
moments = st.floats(0, 4e9)
requests_with_any_values = st.builds(
    FaceRequest,
    id=st.just(""),
    origin=st.builds(Origin, st.sampled_from(Platform), texts, texts, texts),
    emotes=st.lists(st.builds(Emote, st.sampled_from(EmoteSource), texts, st.none() | texts), max_size=4).map(tuple),
    options=st.builds(
        FaceOptions,
        st.sampled_from(Style),
        st.floats(0, 1),
        st.integers(1, MAX_ITERATIONS),
        st.none() | st.integers(0, MAX_SEED),
        st.sampled_from(Layout),
    ),
    accepted_at=moments,
    deadline_at=moments,
    state=st.sampled_from(RequestState),
    reply_target=st.dictionaries(texts, json_values, max_size=3),
    key=st.none() | texts,
    answer_ref=st.none() | texts,
    refusal=st.none() | texts,
    keep_s=st.none() | moments,
    remove_at=st.none() | moments,
)


@pytest.fixture
def requests(engine: AsyncEngine) -> RequestStore:
    return RequestStore(engine)


def request(**changes: Any) -> FaceRequest:
    values: dict[str, Any] = {
        "id": f"{next(numbers):026}",
        "origin": Origin(Platform.DISCORD, "guild", "channel", "user"),
        "emotes": (Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy"),),
        "options": FaceOptions(),
        "accepted_at": 100.0,
        "deadline_at": 160.0,
    }
    return FaceRequest(**(values | changes))


async def added(requests: RequestStore, **changes: Any) -> str:
    new = request(**changes)
    await requests.add(new)
    return new.id


async def state_of(requests: RequestStore, request_id: str) -> RequestState:
    found = await requests.get(request_id)
    assert found is not None
    return found.state


@given(values=requests_with_any_values)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_a_request_comes_back_as_it_was_added(requests: RequestStore, values: FaceRequest) -> None:
    new = replace(values, id=f"{next(numbers):026}")
    await requests.add(new)
    assert await requests.get(new.id) == new


async def test_texts_with_the_one_character_that_no_server_stores_do_no_harm(requests: RequestStore) -> None:
    origin = Origin(Platform.DISCORD, "guild", "channel", "us\0er")
    target = {"name": "a\0b", "token": "secret", "literal": r"\u0000", "more": r"\\u0000" + "\0\0"}
    request_id = await added(requests, origin=origin, reply_target=target, state=ANSWERED)
    found = await requests.get(request_id)
    assert found is not None
    assert found.origin.user_id in {"us\0er", "us\ufffder"}
    assert found.reply_target in [
        target,
        {"name": "a\ufffdb", "token": "secret", "literal": r"\u0000", "more": r"\\u0000" + "\ufffd\ufffd"},
    ]
    assert await requests.get("01\0A") is None
    assert await requests.forget_secrets(0, 1e9) == 1


async def test_an_unknown_request_is_none(requests: RequestStore) -> None:
    assert await requests.get("01A") is None
    assert not await requests.advance("01A", Q)


async def test_an_added_request_is_on_disk_when_add_returns(requests: RequestStore, url: str) -> None:
    request_id = await added(requests)
    async with open_database(url) as other_program:
        assert await state_of(RequestStore(other_program), request_id) is A


async def test_an_id_is_accepted_once(requests: RequestStore) -> None:
    new = request()
    await requests.add(new)
    with pytest.raises(IntegrityError):
        await requests.add(new)


# -- steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [state for state in RequestState if state is not A])
async def test_a_step_starts_only_where_it_may(requests: RequestStore, step: RequestState) -> None:
    for state in RequestState:
        request_id = await added(requests, state=state)
        moved = await requests.advance(request_id, step)
        assert moved == (state in STEPS[step])
        assert await state_of(requests, request_id) == (step if moved else state)


@pytest.mark.parametrize("final", [state for state in RequestState if state.is_final])
async def test_a_final_state_never_changes(requests: RequestStore, final: RequestState) -> None:
    request_id = await added(requests, state=final)
    for step in RequestState:
        if step is not A:
            assert not await requests.advance(request_id, step)
    assert await state_of(requests, request_id) == final


async def test_a_step_sets_its_values_and_leaves_the_others(requests: RequestStore) -> None:
    new = request(reply_target={"message": 5})
    await requests.add(new)
    await requests.advance(new.id, Q, key="k" * 64)
    await requests.advance(new.id, S)
    await requests.advance(new.id, ANSWERED, answer_ref="77", refusal=None)
    assert await requests.get(new.id) == replace(new, state=ANSWERED, key="k" * 64, answer_ref="77")


async def test_a_step_that_is_not_taken_sets_nothing(requests: RequestStore) -> None:
    request_id = await added(requests)
    assert not await requests.advance(request_id, ANSWERED, answer_ref="77")
    found = await requests.get(request_id)
    assert found is not None
    assert found.answer_ref is None


async def test_of_a_cancel_and_a_send_exactly_one_wins(requests: RequestStore) -> None:
    for _ in range(5):
        ids = [await added(requests, state=RD) for _ in range(4)]
        async with asyncio.timeout(60):
            won = await asyncio.gather(*(requests.advance(each, step) for each in ids for step in (CANCELLED, S)))
        for each, cancelled, sent in zip(ids, won[::2], won[1::2], strict=True):
            assert cancelled != sent
            assert await state_of(requests, each) == (CANCELLED if cancelled else S)


async def test_many_writers_and_readers_lose_nothing(requests: RequestStore) -> None:
    new = [request() for _ in range(40)]

    async def carry(one: FaceRequest) -> bool:
        await requests.add(one)
        steps = [await requests.advance(one.id, step) for step in (Q, RD, S, ANSWERED)]
        return all(steps) and await state_of(requests, one.id) == ANSWERED

    async with asyncio.timeout(60):
        assert all(await asyncio.gather(*map(carry, new)))
    assert await requests.unfinished() == []


# -- after a restart ------------------------------------------------------------------------------------------------


async def test_what_is_unfinished_is_found_again_oldest_first(url: str) -> None:
    async with open_database(url) as engine:
        first_run = RequestStore(engine)
        new = [request(state=state) for state in RequestState]
        for one in reversed(new):
            await first_run.add(one)
    async with open_database(url) as engine:
        assert await RequestStore(engine).unfinished() == [one for one in new if not one.state.is_final]


async def test_a_row_of_another_version_does_not_hide_the_others(url: str) -> None:
    async with open_database(url) as engine:
        requests = RequestStore(engine)
        strange, known = request(), request()
        for one in (strange, known):
            await requests.add(one)
        async with engine.begin() as connection:
            await connection.execute(update(table).where(table.c.id == strange.id).values(platform="carrier pigeon"))
        assert await requests.unfinished() == [known]


async def test_the_reply_target_is_replaced(requests: RequestStore) -> None:
    request_id = await added(requests, reply_target={"message": 5, "channel": 6})
    await requests.set_reply_target(request_id, {"message": 5, "status": 7})
    found = await requests.get(request_id)
    assert found is not None
    assert found.reply_target == {"message": 5, "status": 7}


async def test_a_request_is_found_by_what_its_platform_calls_the_answer(requests: RequestStore) -> None:
    wanted = {await added(requests, answer_ref="77"), await added(requests, answer_ref="77")}
    await added(requests, answer_ref="78")
    await added(requests, answer_ref="77", origin=Origin(Platform.WEB, "guild", "channel", "user"))
    assert {found.id for found in await requests.answered_as(Platform.DISCORD, "77")} == wanted
    assert await requests.answered_as(Platform.DISCORD, "79") == []


async def test_requests_are_found_by_the_message_that_asked(requests: RequestStore) -> None:
    wanted = {await added(requests, reply_target={"message_id": number}) for number in (77, 78, 77)}
    await added(requests, reply_target={"message_id": 79})
    await added(requests, reply_target={})
    await added(requests, reply_target={"message_id": 77}, origin=Origin(Platform.WEB, "guild", "channel", "user"))
    assert {found.id for found in await requests.asked_as(Platform.DISCORD, {"77", "78"})} == wanted
    assert await requests.asked_as(Platform.DISCORD, set()) == []


async def test_answers_whose_time_has_come_are_found_and_forgotten(requests: RequestStore) -> None:
    second, first = [await added(requests, answer_ref="77", remove_at=moment) for moment in (11.0, 10.0)]
    await added(requests, answer_ref="77", remove_at=12.5)
    await added(requests, answer_ref="77")
    await added(requests, remove_at=1.0)
    due = await requests.to_remove(Platform.DISCORD, now=12.0, limit=9)
    assert [found.id for found in due] == [first, second]
    assert [found.id for found in await requests.to_remove(Platform.DISCORD, now=12.0, limit=1)] == [first]
    assert await requests.to_remove(Platform.WEB, now=12.0, limit=9) == []
    await requests.forget_answer(first)
    assert [found.id for found in await requests.to_remove(Platform.DISCORD, now=12.0, limit=9)] == [second]
    forgotten = await requests.get(first)
    assert forgotten is not None
    assert (forgotten.answer_ref, forgotten.remove_at) == (None, None)


async def test_old_requests_are_forgotten_whatever_became_of_them(requests: RequestStore) -> None:
    old = [await added(requests, state=state, accepted_at=99.0) for state in RequestState]
    new = [await added(requests, state=state, accepted_at=100.0) for state in RequestState]
    assert await requests.forget_old(accepted_before=100.0) == len(old)
    assert [await requests.get(request_id) for request_id in old] == [None] * len(old)
    assert None not in [await requests.get(request_id) for request_id in new]
