"""The face service over several runs: what was accepted is answered once, whatever ended the last run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from bot.delivery import Refusal
from bot.errors import Busy, DeadlineExceeded, NoWeights
from bot.models import FacePicture, FaceRequest, Origin, Platform, RequestState
from bot.replies import words_for
from bot.texts import say
from inference.protocol import FaceOptions, FaceResult
from tests.fakes.serving import JOY, ORIGIN, Serving, assembled, caps, face, serving_faces
from tests.polling import PATIENCE_S, until

ANSWERED, REFUSED = RequestState.ANSWERED, RequestState.REFUSED
UNDRAWN = [RequestState.ACCEPTED, RequestState.QUEUED]
DRAWN = [RequestState.READY, RequestState.SENDING]
RESULT = FaceResult("k" * 64, b"drawn before the crash", 256, 128, 1.0)


def left_over(state: RequestState, age_s: float = 1, **changes: Any) -> FaceRequest:
    """What a run that was killed leaves in the store."""
    accepted_at = time.time() - age_s
    values: dict[str, Any] = {
        "id": str(ULID()),
        "origin": ORIGIN,
        "emotes": (JOY,),
        "options": FaceOptions(),
        "accepted_at": accepted_at,
        "deadline_at": accepted_at + 0.1,
        "state": state,
    }
    return FaceRequest(**(values | changes))


@asynccontextmanager
async def restarted(folder: Path, *rows: FaceRequest, drawn: bool = False, **values: Any) -> AsyncIterator[Serving]:
    """The program, started on a store with these rows and, if `drawn`, their pictures."""
    async with assembled(folder, **values) as serving:
        for row in rows:
            await serving.requests.add(row)
            if drawn:
                await serving.pictures.save(row.id, RESULT, time.time())
        async with serving.service.running(grace_s=0):
            yield serving


# -- recovering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", UNDRAWN)
async def test_what_was_not_drawn_yet_is_drawn_and_answered_once(tmp_path: Path, state: RequestState) -> None:
    row = left_over(state)
    async with restarted(tmp_path, row) as serving:
        assert await serving.service.recover() == 1
        stored = await serving.finished(row)
        [job] = serving.worker.pulled
        assert (stored.state, stored.key) == (ANSWERED, job.key)
        assert job.deadline_at > time.time()
        [delivery] = serving.deliverer.tries
        assert not delivery.maybe_sent


@pytest.mark.parametrize("state", DRAWN)
async def test_what_was_drawn_is_delivered_without_drawing_it_again(tmp_path: Path, state: RequestState) -> None:
    row = left_over(state)
    async with restarted(tmp_path, row, drawn=True) as serving:
        await serving.service.recover()
        assert (await serving.finished(row)).state is ANSWERED
        [delivery] = serving.deliverer.tries
        assert delivery.answer == FacePicture(row.id, RESULT.picture, 256, 128)
        assert delivery.maybe_sent == (state is RequestState.SENDING)
        assert not serving.worker.pulled
        assert not serving.fetcher.fetched


async def test_a_picture_saved_just_before_the_crash_is_used(tmp_path: Path) -> None:
    row = left_over(RequestState.QUEUED)
    async with restarted(tmp_path, row, drawn=True) as serving:
        await serving.service.recover()
        assert (await serving.finished(row)).state is ANSWERED
        assert not serving.worker.pulled


async def test_a_picture_that_is_gone_is_drawn_again(tmp_path: Path) -> None:
    row = left_over(RequestState.READY)
    async with restarted(tmp_path, row) as serving:
        await serving.service.recover()
        assert (await serving.finished(row)).state is ANSWERED
        assert len(serving.worker.pulled) == 1


async def test_words_that_were_being_sent_stay_the_answer(tmp_path: Path) -> None:
    row = left_over(RequestState.SENDING, refusal="Words of the last run.")
    async with restarted(tmp_path, row) as serving:
        await serving.service.recover()
        stored = await serving.finished(row)
        assert (stored.state, stored.refusal) == (REFUSED, "Words of the last run.")
        [delivery] = serving.deliverer.tries
        assert (delivery.answer, delivery.maybe_sent) == (Refusal("Words of the last run."), True)
        assert not serving.worker.pulled


@pytest.mark.parametrize("state", UNDRAWN)
async def test_what_is_too_old_is_answered_in_words(tmp_path: Path, state: RequestState) -> None:
    row = left_over(state, age_s=901)
    async with restarted(tmp_path, row, settings=caps(recover_max_age_s=900)) as serving:
        await serving.service.recover()
        stored = await serving.finished(row)
        assert (stored.state, stored.refusal) == (REFUSED, say(words_for(DeadlineExceeded())))
        assert len(serving.deliverer.taken) == 1
        assert not serving.worker.pulled


async def test_an_old_face_that_is_drawn_is_still_delivered(tmp_path: Path) -> None:
    row = left_over(RequestState.READY, age_s=901)
    async with restarted(tmp_path, row, drawn=True) as serving:
        await serving.service.recover()
        assert (await serving.finished(row)).state is ANSWERED


async def test_without_weights_what_is_left_over_is_answered_in_words(tmp_path: Path) -> None:
    row = left_over(RequestState.QUEUED)
    async with restarted(tmp_path, row, model_ids={}) as serving:
        await serving.service.recover()
        stored = await serving.finished(row)
        assert (stored.state, stored.refusal) == (REFUSED, say(words_for(NoWeights())))


async def test_finished_requests_are_left_alone(tmp_path: Path) -> None:
    rows = [left_over(state) for state in RequestState if state.is_final]
    async with restarted(tmp_path, *rows) as serving:
        assert await serving.service.recover() == 0
        await serving.answered("joy")
        assert len(serving.deliverer.tries) == 1


async def test_what_came_over_a_platform_that_is_off_waits_for_it(tmp_path: Path) -> None:
    elsewhere = left_over(RequestState.QUEUED, origin=Origin(Platform.WEB, "web", "page", "visitor"))
    here = left_over(RequestState.QUEUED)
    async with restarted(tmp_path, elsewhere, here, platforms=(Platform.DISCORD,)) as serving:
        assert await serving.service.recover() == 1
        await serving.finished(here)
        assert await serving.state(elsewhere.id) is RequestState.QUEUED
    async with restarted(tmp_path) as serving:
        assert await serving.service.recover() == 1
        assert (await serving.finished(elsewhere)).state is ANSWERED


async def test_what_is_recovered_counts_as_outstanding_until_it_is_finished(tmp_path: Path) -> None:
    row = left_over(RequestState.QUEUED)
    async with restarted(tmp_path, row, settings=caps(max_outstanding=1)) as serving:
        serving.worker.rest()
        await serving.service.recover()
        with pytest.raises(Busy):
            await serving.service.ask(ORIGIN, face("pizza"))
        serving.worker.resume()
        await serving.finished(row)
        await serving.answered("pizza")


# -- starting -------------------------------------------------------------------------------------------------------


async def test_what_is_asked_before_serving_begins_is_served_then(tmp_path: Path) -> None:
    async with assembled(tmp_path, caps(max_outstanding=1)) as serving:
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert not serving.fetcher.fetched
        async with serving.service.running(grace_s=0):
            assert await serving.service.recover() == 1
            assert (await serving.finished(request)).state is ANSWERED
            await serving.answered("pizza")


async def test_what_is_asked_while_recovering_is_answered_once_and_counted_once(tmp_path: Path) -> None:
    settings = caps(max_outstanding=12)
    async with assembled(tmp_path, settings) as serving, asyncio.timeout(60):
        asking = [asyncio.ensure_future(serving.service.ask(ORIGIN, face("joy"))) for _ in range(12)]
        async with serving.service.running(grace_s=0):
            for _ in range(12):
                await serving.service.recover()
            asked = await asyncio.gather(*asking)
            for request in asked:
                assert (await serving.finished(request)).state is ANSWERED
                assert len(serving.deliverer.answers_to(request)) == 1
            await asyncio.gather(*(serving.answered("pizza") for _ in range(12)))


# -- stopping -------------------------------------------------------------------------------------------------------


async def test_what_finishes_within_the_grace_is_answered(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving, asyncio.timeout(PATIENCE_S):
        serving.deliverer.reached.clear()
        async with serving.service.running(grace_s=PATIENCE_S):
            request = await serving.service.ask(ORIGIN, face("joy"))
            await until(lambda: bool(serving.deliverer.tries))
            asyncio.get_running_loop().call_later(0.05, serving.deliverer.reached.set)
        assert await serving.state(request.id) is ANSWERED


async def test_what_does_not_finish_within_the_grace_is_left_for_the_next_start(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        drawing = await serving.service.ask(ORIGIN, face("joy"))
        await serving.at_work()
    async with assembled(tmp_path) as serving:
        assert await serving.state(drawing.id) is RequestState.QUEUED
        async with serving.service.running(grace_s=0):
            assert await serving.service.recover() == 1
            assert (await serving.finished(drawing)).state is ANSWERED


async def test_a_delivery_that_was_cut_off_looks_before_it_posts_again(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
    async with serving_faces(tmp_path) as serving:
        await serving.service.recover()
        assert (await serving.finished(request)).state is ANSWERED
        assert [delivery.maybe_sent for delivery in serving.deliverer.tries] == [True]
        assert not serving.worker.pulled


async def test_what_is_asked_while_stopping_is_accepted_for_the_next_start(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving:
        async with serving.service.running(grace_s=0):
            await serving.answered("joy")
        late = await serving.service.ask(ORIGIN, face("pizza"))
        assert await serving.state(late.id) is RequestState.ACCEPTED
    async with serving_faces(tmp_path) as serving:
        assert await serving.service.recover() == 1
        assert (await serving.finished(late)).state is ANSWERED


async def test_a_defect_of_a_deliverer_is_made_good_by_the_next_start(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.failures = [ZeroDivisionError()]
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries) and not serving.deliverer.failures)
    async with serving_faces(tmp_path) as serving:
        await serving.service.recover()
        stored = await serving.finished(request)
        assert replace(stored, key=None) == replace(request, state=ANSWERED, answer_ref=f"message for {request.id}")
        assert [delivery.maybe_sent for delivery in serving.deliverer.tries] == [True]
