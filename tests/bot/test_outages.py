"""The store fails for a while: what was accepted is answered once it works again, what was not is refused in words."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from bot.errors import StoreOutOfReach
from bot.models import RequestState
from bot.store.outage import is_outage, kind_of
from tests.fakes.disks import fill
from tests.fakes.serving import ORIGIN, Serving, face, serving_faces
from tests.polling import until

ANSWERED, CANCELLED = RequestState.ANSWERED, RequestState.CANCELLED


class Outage:
    """Of every database in this process. `hits` counts the statements it has stopped."""

    def __init__(self) -> None:
        self.hits = 0
        self.is_over = False

    def stop(self, *_: object) -> None:
        if not self.is_over:
            self.hits += 1
            raise OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))


@contextmanager
def outage(of: str = "before_cursor_execute") -> Iterator[Outage]:
    """Until the block ends, or it is said to be over."""
    happening = Outage()
    event.listen(Engine, of, happening.stop)
    try:
        yield happening
    finally:
        event.remove(Engine, of, happening.stop)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB, which only root can have."""
    path = tmp_path / "disk"
    path.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", path]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("nobody may mount a file system here")
    yield path
    subprocess.run(["umount", path], check=True)


async def asked_until_refused(serving: Serving) -> None:
    """SQLite may have a little room left in its log."""
    for _ in range(9):
        await serving.service.ask(ORIGIN, face("pizza"))


async def test_what_cannot_be_written_down_is_refused_in_words_and_logged(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        with outage(), capture_logs() as logs, pytest.raises(StoreOutOfReach) as refused:
            await serving.service.ask(ORIGIN, face("joy"))
        assert refused.value.retry_after_s > 0
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["request_not_accepted"]
        await serving.answered("joy")
        assert len(serving.deliverer.taken) == 1


async def test_a_face_in_work_is_answered_once_after_the_outage(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await serving.at_work()
        with outage() as happening:
            serving.worker.resume()
            await until(lambda: happening.hits > 0)
        assert (await serving.finished(request)).state is ANSWERED
        assert len(serving.deliverer.answers_to(request)) == 1


async def test_an_answer_that_was_posted_in_an_outage_is_looked_for_before_it_is_posted_again(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.deliverer.reached.clear()
        request = await serving.service.ask(ORIGIN, face("joy"))
        await until(lambda: bool(serving.deliverer.tries))
        with outage() as happening:
            serving.deliverer.reached.set()
            await until(lambda: happening.hits > 0)
        assert (await serving.finished(request)).state is ANSWERED
        assert [delivery.maybe_sent for delivery in serving.deliverer.tries] == [False, True]


async def test_what_was_refused_over_its_commit_is_never_answered(tmp_path: Path) -> None:
    async with serving_faces(tmp_path) as serving:
        serving.worker.rest()
        await serving.service.defaults("scope")  # whatever is read first
        with outage(of="commit") as happening, pytest.raises(StoreOutOfReach):
            await serving.service.ask(ORIGIN, face("joy"))
        assert happening.hits
        serving.worker.resume()
        await serving.answered("pizza")
        await until(lambda: not serving.service._serving)
        assert [delivery.request.emotes[0].id for delivery in serving.deliverer.taken] == ["pizza"]


async def test_a_full_disk_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    async with serving_faces(small_disk) as serving:
        serving.worker.rest()
        accepted = await serving.service.ask(ORIGIN, face("joy"))
        await serving.at_work()
        filler = await asyncio.to_thread(fill, small_disk)
        with capture_logs() as logs:
            serving.worker.resume()
            await until(lambda: any(line["event"] == "store_out_of_reach" for line in logs))
            with pytest.raises(StoreOutOfReach):
                await asked_until_refused(serving)
        assert {line["reason"] for line in logs if "reason" in line} <= {"ENOSPC", "SQLITE_FULL"}
        await asyncio.to_thread(filler.unlink)
        assert (await serving.finished(accepted)).state is ANSWERED
        assert len(serving.deliverer.answers_to(accepted)) == 1


def test_only_what_passes_is_an_outage() -> None:
    full = sqlite3.OperationalError("database or disk is full: INSERT secret")
    assert is_outage(OperationalError("INSERT", {"token": "secret"}, full))
    assert is_outage(TimeoutError())
    assert is_outage(PendingRollbackError("the connection broke under somebody else"))
    assert is_outage(NoConnectionFree("all are in use"))
    assert is_outage(OSError(28, "No space left on device"))
    assert not is_outage(IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE")))
    assert not is_outage(ValueError("x"))
    assert kind_of(OSError(28, "No space left on device: secret")) == "ENOSPC"
    assert "secret" not in kind_of(OperationalError("INSERT", {"token": "secret"}, full))
