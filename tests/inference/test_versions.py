"""Bots and workers of two versions of the protocol on one NATS server, while an installation is brought up to date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from inference.wire import PROTOCOL_VERSION
from tests.program import Program, altered, running_program
from tests.servers.nats import NatsServer, nats_server

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]

OLD, NEW = PROTOCOL_VERSION, PROTOCOL_VERSION + 1
FACES = 5


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as running:
        yield running


class Fleet:
    """Programs of either version on one server."""

    def __init__(self, folder: Path, server: NatsServer) -> None:
        self._folder = folder
        self._server = server

    def worker(self, protocol: int) -> AbstractAsyncContextManager[Program]:
        return self._program(protocol, "inference", "worker")

    def bot(self, protocol: int) -> AbstractAsyncContextManager[Program]:
        """One that asks for the same faces, whatever its version."""
        return self._program(protocol, "tests.inference.asker", str(FACES))

    def _program(self, protocol: int, *command: str) -> AbstractAsyncContextManager[Program]:
        settings = {"inference.runtime": "fakes.generators:instant", "queue.url": self._server.url}
        folder = self._folder / f"{command[0]}-{protocol}"
        return running_program(folder, settings, command, altered(protocol=protocol))


@pytest.fixture
def fleet(tmp_path: Path, server: NatsServer) -> Fleet:
    return Fleet(tmp_path, server)


async def faces(bot: Program) -> list[str]:
    return list((await bot.logged("asker_answered"))["outcomes"])


@pytest.mark.parametrize(("bots", "others"), [(NEW, OLD), (OLD, NEW)])
async def test_a_bot_waits_for_a_worker_of_its_version_and_those_of_another_leave_its_jobs_alone(
    fleet: Fleet, bots: int, others: int
) -> None:
    async with fleet.worker(others) as other, fleet.bot(bots) as bot, fleet.bot(others) as its_own:
        assert await faces(its_own) == ["FaceResult"] * FACES
        assert (await bot.logged("asker_waiting"))["workers"] == 0
        assert not any(event.get("event") == "asker_answered" for event in bot.events)
        async with fleet.worker(bots):
            assert await faces(bot) == ["FaceResult"] * FACES
        assert {"nats_job_unreadable", "inference_child_lost"}.isdisjoint(each["event"] for each in other.events)


async def test_in_a_mixed_fleet_everybody_gets_their_faces_though_they_ask_for_the_same(fleet: Fleet) -> None:
    async with fleet.worker(OLD), fleet.worker(NEW), fleet.bot(OLD) as old, fleet.bot(NEW) as new:
        assert await faces(old) == ["FaceResult"] * FACES
        assert await faces(new) == ["FaceResult"] * FACES
    async with fleet.bot(OLD) as again:
        assert await faces(again) == ["FaceResult"] * FACES, "from the cache, which is each version's own"
