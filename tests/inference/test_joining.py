"""A bot that runs the NATS server itself, and workers that join it, as processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.nats_server.identity import identity_for
from config.queue import Served
from inference.queue.nats.join import JoinCode
from tests.fakes.generators import GATE_VARIABLE
from tests.polling import until
from tests.program import PATIENCE_S, ROOT, Program, running_program
from tests.servers.nats import server_binary
from tests.servers.ports import free_port

pytestmark = [pytest.mark.scale, pytest.mark.timeout(600)]

LEASE_S = "3"
EMOTES = ("😂", "🍕", "🐸", "👻", "🤖", "🦊", "🌵", "🎃")


@pytest.fixture
def settings() -> Mapping[str, str]:
    server_binary()
    return {
        "queue.nats.serve": f"localhost:{free_port()}",
        "queue.lease_s": LEASE_S,
        "requests.max_outstanding_per_user": "100",
    }


@asynccontextmanager
async def bot(tmp_path: Path, settings: Mapping[str, str], generator: str = "instant") -> AsyncIterator[Program]:
    """Ended in good order: one that is killed leaves its server behind."""
    runtime = {"inference.runtime": f"fakes.generators:{generator}"}
    async with running_program(tmp_path / "bot", {**settings, **runtime}) as program:
        try:
            yield program
        finally:
            if program.process.returncode is None:
                await program.ended(signal.SIGTERM)


def worker(tmp_path: Path, code: str, generator: str = "instant") -> AbstractAsyncContextManager[Program]:
    """On another machine, as far as it can tell: all it has is the code, in a file."""
    tmp_path.mkdir(exist_ok=True)
    file = tmp_path / "join"
    file.write_text(code)
    runtime = {"inference.runtime": f"fakes.generators:{generator}", "inference.max_batch": "1"}
    joining = {"queue.lease_s": LEASE_S, "queue.nats.join_file": str(file)}
    return running_program(
        tmp_path / "worker", runtime | joining, ("inference", "worker", "--cpu", "--name", "at home")
    )


def join_line(tmp_path: Path) -> str:
    """`emoteface join`, which needs to know no more than where the data is."""
    joined = subprocess.run(
        [sys.executable, "-m", "bot", "join"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "EMOTEFACE_DATA_DIR": str(tmp_path / "bot")},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    (line,) = joined.stdout.splitlines()
    return line


async def ask(http: aiohttp.ClientSession, program: Program, emote: str) -> str:
    async with http.post(f"{program.url}/api/faces", json={"text": f"!face {emote}"}) as answer:
        assert answer.status == 202, await answer.text()
        return str((await answer.json())["id"])


async def assert_answered(http: aiohttp.ClientSession, program: Program, request_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(f"{program.url}/api/faces/{request_id}") as answer:
                state = await answer.json()
            if state["state"] == "answered":
                return
            assert state["state"] not in {"refused", "cancelled"}, state
            await asyncio.sleep(0.05)


def server_of(program: Program) -> psutil.Process:
    (server,) = [child for child in psutil.Process(program.pid).children() if child.name() == "nats-server"]
    return server


def has_ended(process: psutil.Process) -> bool:
    """Also when whoever inherited it has not asked for its exit code yet."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_one_line_brings_a_machine_that_draws_and_when_it_is_gone_the_bot_does(
    tmp_path: Path, settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with bot(tmp_path, settings, "unstartable") as program, aiohttp.ClientSession() as http:
        await program.logged("web_started")
        line = join_line(tmp_path)
        command, option, code = line.split()
        assert (command, option) == ("emoteface-worker", "--join")
        monkeypatch.setenv(GATE_VARIABLE, str(Path(__file__)))
        async with worker(tmp_path / "home", code, "unstartable") as at_home:
            first = await ask(http, program, "🎉")
            await assert_answered(http, program, first)  # by nobody else: the bot's own network does not start yet
            gate.touch()
            await program.logged("inference_child_started")
            asked = [await ask(http, program, emote) for emote in EMOTES]
            at_home.process.kill()
            await at_home.ended()
            for request_id in asked:
                await assert_answered(http, program, request_id)
        for events in (at_home.events, program.events):
            assert code not in str(events)
            assert JoinCode.from_text(code).password not in str(events)
        assert await program.ended(signal.SIGTERM) == 0
    assert join_line(tmp_path) == line
    async with bot(tmp_path, settings) as again:
        await again.logged("web_started")
        assert join_line(tmp_path) == line, "the machine at home need not be told anything"


async def test_what_was_accepted_survives_the_end_of_the_server_which_the_bot_starts_again(
    tmp_path: Path, settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(GATE_VARIABLE, str(gate))
    async with bot(tmp_path, settings, "gated") as program, aiohttp.ClientSession() as http:
        await program.logged("inference_child_started")
        await program.logged("web_started")
        asked = [await ask(http, program, emote) for emote in EMOTES]
        await until(gate.with_name("gate.waiting").exists)
        server_of(program).kill()
        await program.logged("nats_server_lost")
        await until(lambda: len([each for each in program.events if each["event"] == "nats_server_started"]) == 2)
        asked.append(await ask(http, program, "🎉"))
        gate.touch()
        for request_id in asked:
            await assert_answered(http, program, request_id)
        server = server_of(program)
        assert await program.ended(signal.SIGTERM) == 0
        assert has_ended(server)


async def test_a_bot_that_was_killed_takes_its_place_again(tmp_path: Path, settings: Mapping[str, str]) -> None:
    async with bot(tmp_path, settings) as program:
        await program.logged("web_started")
        line, left_behind = join_line(tmp_path), server_of(program)
        program.process.kill()
        await program.ended()
        async with bot(tmp_path, settings) as again, aiohttp.ClientSession() as http:
            await again.logged("web_started")
            await assert_answered(http, again, await ask(http, again, "🎉"))
            assert has_ended(left_behind)
            assert join_line(tmp_path) == line
            assert await again.ended(signal.SIGTERM) == 0


async def test_whoever_is_not_meant_is_told_so_kindly(tmp_path: Path, settings: Mapping[str, str]) -> None:
    strangers = identity_for(Served.of(settings["queue.nats.serve"]), tmp_path / "stranger")
    async with bot(tmp_path, settings) as program:
        await program.logged("web_started")
        ours = JoinCode.from_text(join_line(tmp_path))
        for code, words in (
            (replace(ours, password="a wrong one"), "refuses this join code"),
            (replace(ours, certificate=strangers.certificate.read_text()), "shows another certificate"),
        ):
            async with worker(tmp_path / "home", code.to_text()) as refused:
                assert await refused.ended() == 1
                await until(lambda: any("emoteface-worker ends" in event["event"] for event in refused.events))
            last = refused.events[-1]["event"]
            assert words in last
            assert code.password not in str(refused.events)
