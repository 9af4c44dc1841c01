"""Delivering, withdrawing and watching requests of the face service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot import errors
from bot.delivery import DeliveryDelayed, Undeliverable
from bot.models import Platform, Progress, RequestState
from bot.replies import words_for
from bot.texts import say
from tests.fakes.serving import ORIGIN, Serving, assembled, caps, face, serving_faces
from tests.polling import PATIENCE_S, until

ANSWERED, REFUSED, CANCELLED = RequestState.ANSWERED, RequestState.REFUSED, RequestState.CANCELLED


# -- delivery -------------------------------------------------------------------------------------------------------


async def test_a_delayed_answer_is_tried_again_looking_first(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.failures = [DeliveryDelayed(), TimeoutError()]
        stored = await serving.answered("joy")
        assert stored.state is ANSWERED
        assert [delivery.maybe_sent for delivery in serving.deliverer.tries] == [False, True, True]
        assert len(serving.deliverer.taken) == 1
        assert serving.counted('emoteface_delivery_retries_total{platform="discord"} 2.0')


async def test_another_try_knows_what_has_been_remembered_meanwhile(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.failures = [DeliveryDelayed()]
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"), reply_target={"status": None})
        await until(lambda: bool(serving.deliverer.tries))
        await serving.service.remember(request.id, {"status": 9})
        serving.deliverer.reached.set()
        await serving.finished(request)
        assert [dict(each.request.reply_target) for each in serving.deliverer.tries] == [
            {"status": None},
            {"status": 9},
        ]


async def test_an_answer_that_cannot_be_delivered_ends_as_refused(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.failures = [Undeliverable("gone")]
        stored = await serving.answered("joy")
        assert (stored.state, stored.refusal) == (REFUSED, "The answer could not be delivered.")
        assert len(serving.deliverer.tries) == 1


async def test_a_refusal_that_cannot_be_delivered_keeps_its_words(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.error = errors.DownloadFailed()
        serving.deliverer.failures = [Undeliverable("gone")]
        stored = await serving.answered("joy")
        assert (stored.state, stored.refusal) == (REFUSED, say(words_for(errors.DownloadFailed())))


@pytest.mark.parametrize("failure", [DeliveryDelayed, TimeoutError])
async def test_delivery_is_not_tried_for_ever(tmp_path: Path, failure: type[Exception]) -> None:
    async with serving_faces(tmp_path, caps(recover_max_age_s=0.001)) as serving:
        serving.deliverer.failures = [failure() for _ in range(1000)]
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert (await serving.finished(request)).state is REFUSED
        assert not serving.deliverer.taken


async def test_a_defect_of_a_deliverer_leaves_the_request_unfinished_and_the_others_untouched(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, caps(max_outstanding=1)) as serving:
        serving.deliverer.failures = [ZeroDivisionError()]
        broken = await serving.service.ask(ORIGIN, face("joy"))
        async with asyncio.timeout(PATIENCE_S):
            while True:  # until it counts no more as outstanding
                try:
                    other = await serving.service.ask(ORIGIN, face("pizza"))
                except errors.Busy:
                    await asyncio.sleep(0.01)
                else:
                    break
        assert (await serving.finished(other)).state is ANSWERED
        assert await serving.state(broken.id) is RequestState.SENDING


# -- cancelling -----------------------------------------------------------------------------------------------------


async def fetching(serving: Serving) -> None:
    await until(lambda: bool(serving.fetcher.fetched))


@pytest.mark.parametrize("stage", [fetching, Serving.at_work], ids=["while fetching", "while drawing"])
async def test_a_request_is_withdrawn(tmp_path: Path, stage: Callable[[Serving], Any]) -> None:
    async with serving_faces(tmp_path, caps(max_outstanding=1)) as serving:
        serving.worker.rest()
        if stage is fetching:
            serving.fetcher.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await stage(serving)
        assert await serving.service.cancel(request.id)
        assert await serving.state(request.id) is CANCELLED
        assert not await serving.service.cancel(request.id)
        serving.worker.resume()
        serving.fetcher.reached.set()
        await serving.answered("pizza")
        assert serving.deliverer.answers_to(request) == []
        assert await serving.state(request.id) is CANCELLED
        assert serving.counted('emoteface_requests_total{outcome="cancelled",platform="discord"} 1.0')


async def test_a_withdrawn_request_leaves_the_queue(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        first = await serving.service.ask(ORIGIN, face("joy"))
        await serving.at_work()
        second = await serving.service.ask(ORIGIN, face("pizza"))
        await until(lambda: serving.queue.stats().waiting == 1)
        assert await serving.service.cancel(second.id)
        await until(lambda: serving.queue.stats().waiting == 0)
        serving.worker.resume()
        assert (await serving.finished(first)).state is ANSWERED
        assert len(serving.worker.pulled) == 1


async def test_two_who_wait_for_one_drawing_are_withdrawn_one_by_one(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        first, second = [await serving.service.ask(ORIGIN, face("joy")) for _ in range(2)]
        await serving.at_work()
        assert await serving.service.cancel(first.id)
        serving.worker.resume()
        assert (await serving.finished(second)).state is ANSWERED
        assert len(serving.worker.pulled) == 1


async def test_what_is_being_sent_or_finished_is_not_withdrawn(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
        assert not await serving.service.cancel(request.id)
        serving.deliverer.reached.set()
        assert (await serving.finished(request)).state is ANSWERED
        assert not await serving.service.cancel(request.id)
        assert not await serving.service.cancel("01UNKNOWN")


async def test_what_was_withdrawn_elsewhere_is_not_sent(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await serving.at_work()
        assert await serving.requests.advance(request.id, CANCELLED)
        serving.worker.resume()
        await serving.answered("pizza")
        assert serving.deliverer.answers_to(request) == []
        assert await serving.state(request.id) is CANCELLED


async def test_what_is_not_served_yet_is_withdrawn_as_well(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving:
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert await serving.service.cancel(request.id)
        async with serving.service.running(grace_s=0):
            assert await serving.service.recover() == 0


# -- cached ---------------------------------------------------------------------------------------------------------


async def test_a_cached_face_is_answered_while_nothing_can_be_drawn(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        first = await serving.answered("joy")
        serving.worker.rest()
        waiting = await serving.service.ask(ORIGIN, face("pizza"))
        again = await serving.answered("joy")
        assert (again.state, again.key) == (ANSWERED, first.key)
        assert await serving.state(waiting.id) is RequestState.QUEUED
        serving.worker.resume()
        await serving.finished(waiting)
        assert len(serving.worker.pulled) == 2


# -- answers that do not stay ---------------------------------------------------------------------------------------


async def test_where_answers_are_deleted_after_a_while_it_is_known_when_each_should_go(tmp_path: Path) -> None:
    now = [1000.0]
    async with serving_faces(tmp_path, clock=lambda: now[0]) as serving:
        await serving.policy.set("guild", None, "auto_delete_s", 60, by_user_id="1")
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
        now[0] = 1010.0  # the time counts from the answer on
        serving.deliverer.reached.set()
        assert (await serving.finished(request)).remove_at == 1070.0
        assert await serving.service.to_remove(Platform.DISCORD, limit=9) == []
        now[0] = 1070.0
        [due] = await serving.service.to_remove(Platform.DISCORD, limit=9)
        assert due.id == request.id
        await serving.service.forget_answer(request.id)
        assert await serving.service.to_remove(Platform.DISCORD, limit=9) == []


async def test_elsewhere_answers_stay(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        assert (await serving.answered("joy")).remove_at is None


# -- progress -------------------------------------------------------------------------------------------------------


async def test_a_watcher_sees_each_state_and_the_end(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        request = await serving.service.ask(ORIGIN, face("joy"))
        seen: list[Progress] = []
        async with asyncio.timeout(PATIENCE_S):
            async for progress in serving.service.watch(request.id):
                seen.append(progress)
                if progress.state is RequestState.QUEUED:
                    serving.worker.resume()
        states = [progress.state for progress in seen]
        assert states[-1] is ANSWERED
        assert states == sorted(states, key=list(RequestState).index)
        assert RequestState.QUEUED in states
        assert all(one != other for one, other in pairwise(seen))
        assert seen[-1] == Progress(request.id, ANSWERED)


async def test_every_watcher_hears_of_a_withdrawal(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving, asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        serving.worker.rest()
        request = await serving.service.ask(ORIGIN, face("joy"))
        watching = [tasks.create_task(serving.finished(request)) for _ in range(5)]
        await serving.at_work()
        await serving.service.cancel(request.id)
        assert [(await task).state for task in watching] == [CANCELLED] * 5


async def test_an_unknown_request_has_no_progress_and_nothing_to_watch(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        assert await serving.service.progress("01UNKNOWN") is None
        assert await serving.service.request("01UNKNOWN") is None
        assert await serving.service.picture("01UNKNOWN") is None
        assert [progress async for progress in serving.service.watch("01UNKNOWN")] == []


async def test_the_place_in_the_queue_is_told(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        asked = [await serving.service.ask(ORIGIN, face(f"emote {number}")) for number in range(6)]
        await until(lambda: serving.admission.backlog == 2)
        places = [await serving.service.progress(request.id) for request in asked]
        assert sorted(place.position or 0 for place in places if place) == [1, 1, 1, 1, 5, 6]
        assert all(place and place.eta_s is not None and place.eta_s >= 0 for place in places)
        serving.worker.resume()
        await serving.finished(asked[-1])
        assert await serving.service.progress(asked[-1].id) == Progress(asked[-1].id, ANSWERED)
