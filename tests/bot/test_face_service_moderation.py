"""What the face service does for whoever moderates: blocking what a face was made of, and purging."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EmoteBlocked, PictureBlocked, UploadGone
from bot.models import Emote, EmoteSource, Place, RequestState
from bot.replies import words_for
from bot.texts import say
from tests.fakes.serving import JOY, ORIGIN, Serving, face, serving_faces

UPLOADED = Emote(EmoteSource.UPLOAD, "1")
HERE = Place(ORIGIN.platform, ORIGIN.scope_id)


async def answered(serving: Serving, **changes: str) -> str:
    request = await serving.service.ask(replace(ORIGIN, **changes), face("joy"))
    assert (await serving.finished(request)).state is RequestState.ANSWERED
    return request.id


def files(folder: Path) -> set[str]:
    return {path.stem for path in folder.rglob("*.webp")}


async def test_a_purge_deletes_pictures_at_once_and_makes_the_answers_due(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        gone = {await answered(serving, user_id=str(n)) for n in range(3)}
        elsewhere = await answered(serving, scope_id="another")
        assert files(tmp_path) == {*gone, elsewhere}
        assert await serving.service.purge(HERE, time.time() - 60) == 3
        assert files(tmp_path) == {elsewhere}
        assert await serving.service.to_purge(HERE) == 3
        due = await serving.service.to_remove(ORIGIN.platform, 10)
        assert {request.id for request in due} == gone
        for request in due:
            await serving.service.forget_answer(request.id)
        assert await serving.service.to_purge(HERE) == 0


async def test_a_purge_of_a_channel_or_of_the_last_minute_leaves_the_rest(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        kept, gone = await answered(serving, channel_id="a"), await answered(serving, channel_id="b")
        assert await serving.service.purge(HERE, time.time() + 60) == 0
        assert await serving.service.purge(replace(HERE, channel_id="b"), 0.0) == 1
        assert (files(tmp_path), gone in files(tmp_path)) == ({kept}, False)


async def test_what_is_purged_is_drawn_anew(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        request = await serving.service.request(await answered(serving))
        assert request is not None
        key = str(request.key)
        assert await serving.queue.finished(key) is not None
        await serving.service.purge(HERE, 0.0)
        assert await serving.queue.finished(key) is None


async def test_a_purge_calls_off_what_waits(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert await serving.service.purge(HERE, 0.0) == 0
        assert await serving.state(request.id) is RequestState.CANCELLED


async def test_a_deleted_answer_takes_its_picture_with_it(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        request_id = await answered(serving)
        await serving.service.forget_answer(request_id)
        assert await serving.service.picture(request_id) is None
        assert files(tmp_path) == set()


async def test_what_a_face_was_made_of_is_blocked(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        await serving.service.block((JOY, UPLOADED), ORIGIN.scope_id, "admin")
        request = await serving.service.ask(ORIGIN, face(), uploads=(UPLOADED,))
        assert (await serving.finished(request)).refusal == say(words_for(PictureBlocked()))
        with pytest.raises(EmoteBlocked):
            await serving.service.ask(ORIGIN, face(), uploads=(JOY,))


async def test_a_picture_that_is_gone_cannot_be_blocked(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.fetcher.error = UploadGone()
        with pytest.raises(UploadGone):
            await serving.service.block((UPLOADED,), ORIGIN.scope_id, "admin")
