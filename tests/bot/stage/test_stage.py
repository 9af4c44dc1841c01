"""Faces come onto the stage once, are approved or not, and leave it together with everything that shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Place, Platform, RequestState, Standing
from bot.operating.desk import OperatorDesk
from bot.stage.face import StagedFace, StageState
from bot.stage.stage import Stage
from bot.store.staged_faces import StagedFaces
from tests.fakes.serving import JOY, ORIGIN, PUBLIC_URL, Serving, face, serving_faces
from tests.polling import PATIENCE_S, until

PENDING, SHOWN, HIDDEN = StageState.PENDING, StageState.SHOWN, StageState.HIDDEN
ADMIN = "admin"


@dataclass(slots=True)
class Noting:
    """A listener that notes what it heard."""

    heard: list[tuple[str, StageState]] = field(default_factory=list)
    fails: bool = False

    async def shown(self, face: StagedFace) -> None:
        self._note(face)

    async def hidden(self, face: StagedFace) -> None:
        self._note(face)

    def _note(self, face: StagedFace) -> None:
        self.heard.append((face.request_id, face.state))
        if self.fails:
            raise OSError


@asynccontextmanager
async def on_stage(folder: Path, **settings: Any) -> AsyncIterator[Serving]:
    """Faces are served in a guild with these settings."""
    async with serving_faces(folder) as serving:
        for name, value in settings.items():
            await serving.policy.set(ORIGIN.scope_id, None, name, value, ADMIN)
        yield serving


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[None]:
    task = asyncio.ensure_future(stage.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def staged(serving: Serving, request: FaceRequest) -> StagedFace:
    found = await serving.stage.get(request.id)
    assert found is not None
    return found


async def asked(serving: Serving, origin: Origin = ORIGIN, **values: Any) -> FaceRequest:
    return await serving.finished(await serving.service.ask(origin, face("joy"), **values))


# -- coming ---------------------------------------------------------------------------------------------------------


async def test_a_finished_face_is_on_the_stage_with_its_asker(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving, reply_target={"asker_name": "Ada <b>"})
        shown = await staged(serving, request)
        assert (shown.origin, shown.emotes, shown.options) == (ORIGIN, request.emotes, request.options)
        assert (shown.asker_name, shown.state, shown.in_gallery) == ("Ada <b>", SHOWN, False)
        assert await serving.stage.last(ORIGIN.scope_id) == shown
        assert await serving.stage.recent(ORIGIN.scope_id, request.accepted_at) == [shown]
        assert await serving.stage.by_slug(shown.slug) == shown


async def test_it_is_there_even_when_the_answer_cannot_be_delivered(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        serving.deliverer.failures.append(RuntimeError("down"))
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
        assert (await staged(serving, request)).state is SHOWN


async def test_presenting_twice_changes_nothing(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        first = await staged(serving, request)
        picture = await serving.service.picture(request.id)
        assert picture is not None
        assert await serving.stage.hide(request.id, ADMIN)
        again = await serving.stage.present(request, picture)
        assert again is not None
        assert (again.state, again.slug) == (HIDDEN, first.slug)


@pytest.mark.parametrize(
    "target", [{"private": True}, {"spoiler": True}, {"emoji": "joy"}, {"round_id": "1"}, {"ends_at": 9e12}]
)
async def test_what_is_not_for_all_never_gets_there(tmp_path: Path, target: dict[str, Any]) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving, reply_target=target)
        assert request.state is RequestState.ANSWERED
        assert await serving.stage.get(request.id) is None
        assert not await serving.stage.hide(request.id, ADMIN)


@pytest.mark.parametrize("origin", [replace(ORIGIN, scope_id="dm:7"), replace(ORIGIN, platform=Platform.WEB)])
async def test_nor_does_what_was_asked_in_private(tmp_path: Path, origin: Origin) -> None:
    async with on_stage(tmp_path) as serving:
        assert await serving.stage.get((await asked(serving, origin)).id) is None


# -- approval -------------------------------------------------------------------------------------------------------


async def test_with_approval_a_face_waits_and_is_new_once_it_is_approved(tmp_path: Path) -> None:
    async with on_stage(tmp_path, approve_first=True) as serving:
        request = await asked(serving)
        waiting = await staged(serving, request)
        assert waiting.state is PENDING
        assert await serving.stage.pending(ORIGIN.scope_id) == [waiting]
        assert await serving.stage.last(ORIGIN.scope_id) is None
        assert await serving.stage.approve(request.id, ADMIN)
        assert not await serving.stage.approve(request.id, ADMIN)
        shown = await serving.stage.last(ORIGIN.scope_id)
        assert shown is not None
        assert shown.at > waiting.at
        assert await serving.stage.pending(ORIGIN.scope_id) == []
        assert "face_approved" in await audited(serving)


async def test_what_is_hidden_cannot_be_approved(tmp_path: Path) -> None:
    async with on_stage(tmp_path, approve_first=True) as serving:
        request = await asked(serving)
        assert await serving.stage.hide(request.id, ADMIN)
        assert not await serving.stage.approve(request.id, ADMIN)
        assert not await serving.stage.hide(request.id, ADMIN)


async def audited(serving: Serving) -> list[str]:
    entries = await serving.stage._parts.audit.recent(ORIGIN.scope_id, 10)
    return [entry.action for entry in entries]


# -- going ----------------------------------------------------------------------------------------------------------


async def test_hiding_takes_everything_away(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving, reply_target={"asker_name": "Ada"})
        assert await serving.stage.hide(request.id, ADMIN)
        gone = await staged(serving, request)
        assert (gone.state, gone.asker_name) == (HIDDEN, None)
        assert await serving.service.picture(request.id) is None
        assert [each.id for each in await serving.service.to_remove(Platform.DISCORD, 5)] == [request.id]
        assert serving.queue.stats().cached == 0
        assert await serving.stage.recent(ORIGIN.scope_id, 0) == []
        assert await audited(serving) == ["face_hidden"]


async def test_an_answer_that_is_being_posted_meanwhile_goes_as_well(tmp_path: Path) -> None:
    async with on_stage(tmp_path, auto_delete_s=600) as serving:
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
        assert await serving.stage.hide(request.id, ADMIN)
        serving.deliverer.reached.set()
        await serving.finished(request)
        assert [each.id for each in await serving.service.to_remove(Platform.DISCORD, 5)] == [request.id]


async def test_what_is_hidden_a_moment_before_it_comes_to_the_stage_is_never_shown(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        picture = await serving.service.picture(request.id)
        assert picture is not None
        coming = replace(request, id=str(ULID()), state=RequestState.SENDING)
        await serving.requests.add(coming)
        assert await serving.stage.hide(coming.id, ADMIN)
        presented = await serving.stage.present(coming, picture)
        assert presented is not None
        assert presented.state is HIDDEN


async def test_a_face_goes_with_its_answer(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        await serving.service.forget_answer(request.id)
        assert (await staged(serving, request)).state is HIDDEN


async def test_a_face_goes_when_its_place_is_purged(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        await serving.service.purge(Place(ORIGIN.platform, ORIGIN.scope_id), request.accepted_at)
        assert (await staged(serving, request)).state is HIDDEN


async def test_a_face_that_the_operator_takes_down_goes_everywhere_it_is(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        first = await asked(serving)
        second = await asked(serving, replace(ORIGIN, scope_id="another"))
        assert first.key == second.key
        desk = OperatorDesk(serving.requests._engine, serving.pictures, serving.policy)
        assert await desk.take_down(first.id, "operator", block=False) == 2
        assert {(await staged(serving, each)).state for each in (first, second)} == {HIDDEN}


# -- the gallery ----------------------------------------------------------------------------------------------------


async def test_there_is_a_link_where_the_gallery_is_open(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        before = await asked(serving)
        await serving.policy.set(ORIGIN.scope_id, None, "gallery", True, ADMIN)
        request = await asked(serving)
        assert await serving.stage.link(before.id) is None
        assert await serving.stage.link(request.id) == f"{PUBLIC_URL}/f/{(await staged(serving, request)).slug}"
        await serving.stage.hide(request.id, ADMIN)
        assert await serving.stage.link(request.id) is None


async def test_a_thread_follows_its_channel(tmp_path: Path) -> None:
    async with on_stage(tmp_path, gallery=True) as serving:
        await serving.policy.set(ORIGIN.scope_id, "quiet", "gallery", False, ADMIN)
        request = await asked(
            serving, replace(ORIGIN, channel_id="thread"), standing=Standing(parent_channel_id="quiet")
        )
        assert not (await staged(serving, request)).in_gallery


async def test_peoples_own_pictures_are_in_no_gallery(tmp_path: Path) -> None:
    async with on_stage(tmp_path, gallery=True) as serving:
        blended = replace(JOY, blended=Emote(EmoteSource.AVATAR, "https://cdn.example/1.png"))
        request = await serving.finished(await serving.service.ask(ORIGIN, face(), uploads=(blended,)))
        shown = await staged(serving, request)
        assert (shown.state, shown.in_gallery) == (SHOWN, False)


# -- who follows ----------------------------------------------------------------------------------------------------


async def test_a_watcher_sees_its_scope_and_no_other(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        with serving.stage.watching(ORIGIN.scope_id) as watch:
            await asked(serving, replace(ORIGIN, scope_id="another"))
            request = await asked(serving)
            await serving.stage.hide(request.id, ADMIN)
            async with asyncio.timeout(PATIENCE_S):
                change = await anext(watch)
        assert (change.request_id, change.state) == (request.id, HIDDEN)


async def test_listeners_hear_of_it_and_a_failing_one_disturbs_nobody(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        early, late = Noting(fails=True), Noting()
        serving.stage.add_listener(early)
        async with running(serving.stage):
            serving.stage.add_listener(late)
            request = await asked(serving)
            await serving.stage.hide(request.id, ADMIN)
            expected = [(request.id, SHOWN), (request.id, HIDDEN)]
            await until(lambda: early.heard == late.heard == expected)


async def test_what_is_pending_is_no_listeners_business(tmp_path: Path) -> None:
    async with on_stage(tmp_path, approve_first=True) as serving:
        listener = Noting()
        serving.stage.add_listener(listener)
        async with running(serving.stage):
            request = await asked(serving)
            await serving.stage.approve(request.id, ADMIN)
            await until(lambda: listener.heard == [(request.id, SHOWN)])


async def test_what_was_read_before_a_face_was_hidden_does_not_bring_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        read = serving.stage._parts.faces.changed_since

        async def late(moment: float, limit: int) -> list[StagedFace]:
            found = await read(moment, limit)
            monkeypatch.undo()
            await serving.stage.hide(request.id, ADMIN)
            return found

        with serving.stage.watching(ORIGIN.scope_id) as watch:
            monkeypatch.setattr(serving.stage._parts.faces, "changed_since", late)
            await serving.stage._follow()
            async with asyncio.timeout(PATIENCE_S):
                assert (await anext(watch)).state is HIDDEN


async def test_another_process_learns_of_it(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        parts = serving.stage._parts
        elsewhere, listener = Stage(parts, None), Noting()
        elsewhere.add_listener(listener)
        request = await asked(serving)
        with elsewhere.watching(ORIGIN.scope_id) as watch:
            async with running(elsewhere), asyncio.timeout(PATIENCE_S):
                assert (await anext(watch)).state is SHOWN
                await serving.stage.hide(request.id, ADMIN)
                assert (await anext(watch)).state is HIDDEN
                await until(lambda: listener.heard == [(request.id, SHOWN), (request.id, HIDDEN)])


async def test_a_slow_watcher_misses_no_face_that_goes(tmp_path: Path) -> None:
    async with on_stage(tmp_path) as serving:
        request = await asked(serving)
        shown = await staged(serving, request)
        with serving.stage.watching(ORIGIN.scope_id) as watch:
            watch.take(replace(shown, request_id="gone", state=HIDDEN))
            for number in range(200):
                watch.take(replace(shown, request_id=str(number)))
            async with asyncio.timeout(PATIENCE_S):
                assert (await anext(watch)).request_id == "gone"
                assert [(await anext(watch)).request_id for _ in range(63)] == [str(n) for n in range(137, 200)]


async def test_a_stage_that_fails_keeps_no_answer_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError

    async with on_stage(tmp_path) as serving:
        monkeypatch.setattr(StagedFaces, "add", broken)
        assert (await asked(serving)).state is RequestState.ANSWERED
