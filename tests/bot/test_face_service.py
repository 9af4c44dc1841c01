"""From asking to an accepted request and its words; see also `test_answering` and `test_recovery`."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from bot import errors
from bot.delivery import Refusal
from bot.errors import ERROR_OF_CODE, FaceError
from bot.models import Emote, EmoteSource, FacePicture, Origin, Platform, RequestState
from bot.replies import words_for
from bot.texts import say
from inference.protocol import FaceOptions, FailureCode, Layout, Style
from tests.fakes.errors import leaves, sample_of
from tests.fakes.serving import JOY, ORIGIN, assembled, caps, face, serving_faces
from tests.fakes.worker import drawing_of

UPLOADED, STICKER = Emote(EmoteSource.UPLOAD, "1"), Emote(EmoteSource.STICKER, "749.png")
ANSWERED, REFUSED, CANCELLED = RequestState.ANSWERED, RequestState.REFUSED, RequestState.CANCELLED


def rows(folder: Path) -> list[tuple[str, str]]:
    """What another program sees of the requests."""
    connection = sqlite3.connect(f"file:{folder / 'emoteface.db'}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT id, state FROM request").fetchall()
    finally:
        connection.close()


# -- accepted -------------------------------------------------------------------------------------------------------


async def test_a_request_is_drawn_and_delivered_once(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        request = await serving.service.ask(ORIGIN, face("joy", "pizza"), reply_target={"message": 5})
        stored = await serving.finished(request)
        [job] = serving.worker.pulled
        drawing = drawing_of(job)
        picture = FacePicture(request.id, drawing.picture, drawing.width_px, drawing.height_px)
        [delivery] = serving.deliverer.tries
        assert (delivery.answer, delivery.maybe_sent) == (picture, False)
        assert delivery.request.reply_target == {"message": 5}
        assert await serving.service.picture(request.id) == picture
        assert await serving.service.request(request.id) == stored
        assert stored == replace(request, state=ANSWERED, key=job.key, answer_ref=f"message for {request.id}")
        assert len(job.pictures) == 2
        assert serving.counted('emoteface_requests_total{outcome="answered",platform="discord"} 1.0')


async def test_accepted_means_committed(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert rows(tmp_path) == [(request.id, "accepted")]


async def test_a_place_is_known_from_the_first_moment(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        progress = await serving.service.progress(request.id)
        assert progress is not None
        assert (progress.state, progress.position) == (RequestState.ACCEPTED, 1)
        assert progress.eta_s is not None
        assert progress.eta_s > 0


async def test_many_requests_get_each_their_own_answer(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving, asyncio.timeout(60):
        asked = await asyncio.gather(
            *(
                serving.service.ask(replace(ORIGIN, scope_id=f"guild {n % 5}"), face("joy" if n % 3 else f"emote {n}"))
                for n in range(30)
            )
        )
        finished = await asyncio.gather(*map(serving.finished, asked))
        assert {request.state for request in finished} == {ANSWERED}
        for request in finished:
            [answer] = serving.deliverer.answers_to(request)
            assert isinstance(answer, FacePicture)
            assert answer.content == f"drawing {request.key}".encode()


async def test_options_and_uploads_reach_the_network(tmp_path: Path) -> None:
    options = FaceOptions(realism=0.25, iterations=5, seed=7, layout=Layout.GRID)
    async with serving_faces(tmp_path) as serving:
        request = await serving.service.ask(ORIGIN, face(options=options), uploads=(JOY,))
        await serving.finished(request)
        assert request.emotes == (JOY,)
        assert serving.worker.pulled[0].options == options


async def test_of_peoples_own_pictures_answers_show_pixels_only(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        mixed = replace(JOY, overlays=(UPLOADED,))
        request = await serving.service.ask(ORIGIN, face(), uploads=(JOY, UPLOADED, STICKER, mixed))
        await serving.finished(request)
        [job] = serving.worker.pulled
        assert [picture.pixelated for picture in job.pictures] == [False, True, True, True]


# -- refused before it is accepted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "uploads", "refusal"),
    [
        ((), 0, errors.NothingToDraw),
        (("joy", "unknown"), 0, errors.UnknownEmote),
        (("joy",), 4, errors.TooManyEmotes),
        ((), 12, errors.TooManyEmotes),
    ],
)
async def test_what_is_not_accepted_leaves_no_row(
    tmp_path: Path, words: tuple[str, ...], uploads: int, refusal: type[FaceError]
) -> None:
    async with serving_faces(tmp_path) as serving:
        with pytest.raises(refusal) as caught:
            await serving.service.ask(ORIGIN, face(*words), uploads=(JOY,) * uploads)
        assert rows(tmp_path) == []
        assert not serving.deliverer.tries
        assert serving.counted(f'emoteface_requests_total{{outcome="{caught.value.code}",platform="discord"}} 1.0')


async def test_without_weights_nothing_is_accepted(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, model_ids={}) as serving:
        with pytest.raises(errors.NoWeights):
            await serving.service.ask(ORIGIN, face("joy"))
        assert rows(tmp_path) == []


async def test_a_style_without_weights_is_not_accepted(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, model_ids={Style.CLASSIC: "classic-1"}) as serving:
        asked = replace(face("joy"), options=FaceOptions(Style.REAL))
        with pytest.raises(errors.StyleNotServed) as refused:
            await serving.service.ask(ORIGIN, asked)
        assert refused.value.served == (Style.CLASSIC,)
        assert rows(tmp_path) == []


@pytest.mark.parametrize(
    ("cap", "refusal"),
    [
        ("max_outstanding", errors.Busy),
        ("max_outstanding_per_scope", errors.Busy),
        ("max_outstanding_per_user", errors.TooManyRequests),
    ],
)
async def test_beyond_a_cap_nothing_is_accepted_until_one_has_finished(
    tmp_path: Path, cap: str, refusal: type[FaceError]
) -> None:
    async with serving_faces(tmp_path, caps(**{cap: 2})) as serving:
        serving.worker.rest()
        asked = [await serving.service.ask(ORIGIN, face(word)) for word in ("one", "two")]
        with pytest.raises(refusal):
            await serving.service.ask(ORIGIN, face("three"))
        assert len(rows(tmp_path)) == 2
        serving.worker.resume()
        for request in asked:
            await serving.finished(request)
        await serving.answered("three")


async def test_what_the_store_does_not_take_is_not_accepted_and_not_counted(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, caps(max_outstanding=1)) as serving:
        with pytest.raises(StatementError):
            await serving.service.ask(ORIGIN, face("joy"), reply_target={"not": object()})
        assert rows(tmp_path) == []
        await serving.answered("joy")


# -- refused in words -----------------------------------------------------------------------------------------------


async def test_every_error_on_the_way_becomes_words(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        for leaf in leaves():
            serving.fetcher.error = error = sample_of(leaf)
            stored = await serving.answered("joy")
            assert (stored.state, stored.refusal) == (REFUSED, say(words_for(error)))
            assert serving.deliverer.answers_to(stored) == [Refusal(say(words_for(error)))]
            assert await serving.service.picture(stored.id) is None


async def test_every_failure_of_the_worker_becomes_words(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        for code in FailureCode:
            serving.worker.fails_with = code
            stored = await serving.answered(code)
            assert (stored.state, stored.refusal) == (REFUSED, say(words_for(ERROR_OF_CODE[code]())))


async def test_a_defect_on_the_way_becomes_words_without_its_text(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.error = ZeroDivisionError("secret detail")
        stored = await serving.answered("joy")
        assert (stored.state, stored.refusal) == (REFUSED, say(words_for(errors.GeneratorFailed())))


async def test_who_waits_too_long_is_told_so(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, caps(deadline_s=0.2)) as serving:
        serving.worker.rest()
        stored = await serving.answered("joy")
        assert (stored.state, stored.refusal) == (REFUSED, say(words_for(errors.DeadlineExceeded())))


# -- defaults of a scope --------------------------------------------------------------------------------------------


async def test_a_server_changes_the_defaults_it_has_set_and_no_others(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving:
        await serving.policy.set("guild", None, "layout", "strip", "admin")
        assert await serving.service.defaults("guild") == FaceOptions(realism=0.5, layout=Layout.STRIP)
        assert await serving.service.defaults("elsewhere") == FaceOptions(realism=0.5)


async def test_a_thread_starts_from_the_defaults_of_its_channel(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving:
        await serving.policy.set("guild", "channel", "layout", "strip", "admin")
        assert (await serving.service.defaults("guild", "thread", "channel")).layout is Layout.STRIP
        assert (await serving.service.defaults("guild", "thread")).layout is Layout.PAIR


async def test_a_place_is_counted_by_its_platform(tmp_path: Path) -> None:
    async with serving_faces(tmp_path, caps(max_outstanding_per_scope=1)) as serving:
        serving.worker.rest()
        await serving.service.ask(ORIGIN, face("joy"))
        await serving.service.ask(Origin(Platform.WEB, "guild", "channel", "user"), face("joy"))
        with pytest.raises(errors.Busy):
            await serving.service.ask(ORIGIN, face("joy"))


# -- what it costs and how long it may take -------------------------------------------------------------------------


async def test_a_request_costs_an_estimate_until_its_pictures_are_read(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        request = await serving.service.ask(ORIGIN, face("joy", "pizza", options=FaceOptions(iterations=3)))
        assert request.cost == 6
        serving.fetcher.frames = 4
        request = await serving.service.ask(ORIGIN, face("sun", "moon", options=FaceOptions(iterations=3)))
        assert request.cost == 6
        assert (await serving.finished(request)).cost == 24


async def test_the_estimate_of_a_request_counts_the_cost_of_those_before_it(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.reached.clear()
        pace_s = serving.queue.stats().seconds_per_cost
        request = await serving.service.ask(ORIGIN, face("joy", options=FaceOptions(iterations=10)))
        progress = await serving.service.progress(request.id)
        assert progress is not None
        assert progress.eta_s == pytest.approx(10 * pace_s)
        serving.fetcher.reached.set()
        await serving.finished(request)


@pytest.mark.parametrize(("ends_in_s", "time_s"), [(900, 120), (140, 110), (60, 30)])
async def test_where_the_way_to_the_asker_ends_the_deadline_is_before_it(
    tmp_path: Path, ends_in_s: float, time_s: float
) -> None:
    now = time.time()
    async with assembled(tmp_path, caps(deadline_s=120), clock=lambda: now) as serving:
        request = await serving.service.ask(ORIGIN, face("joy"), reply_target={"ends_at": now + ends_in_s})
        assert request.deadline_at == pytest.approx(now + time_s)
