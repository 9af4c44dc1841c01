"""How long the program takes until it can draw, and the memory of its processes after a first face."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tests.bench.answers import ready
from tests.program import Program, running_program


async def measure(starts: int, progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Medians over `starts` runs; one more goes before them, so that all find the files in the page cache."""
    page_s, face_s, memory_mb = [], [], []
    async with aiohttp.ClientSession() as session:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(starts + 1):
                progress(f"start {number} of {starts}")
                began = time.perf_counter()
                async with running_program(Path(folder), {}) as program:
                    await program.logged("web_started")
                    page_s.append(time.perf_counter() - began)
                    await ready(session, program)
                    await _first_face(session, program)
                    face_s.append(time.perf_counter() - began)
                    memory_mb.append(_memory_mb(program.pid))
    return {
        "starts": starts,
        "page_s": round(statistics.median(page_s[1:]), 2),
        "first_face_s": round(statistics.median(face_s[1:]), 2),
        "memory_mb": {role: round(statistics.median(m[role] for m in memory_mb)) for role in memory_mb[0]},
    }


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    memory = ", ".join(f"{role} {mb} MB" for role, mb in measured["memory_mb"].items())
    return (
        f"Start, medians of {measured['starts']}: page after {measured['page_s']} s, first face after "
        f"{measured['first_face_s']} s\n"
        f"Memory after a face (proportional set size): {memory}\n"
    )


async def _first_face(session: aiohttp.ClientSession, program: Program) -> None:
    async with session.post(f"{program.url}/api/faces", json={"text": "!face 😂"}) as answer:
        location = answer.headers["Location"]
    async with session.get(f"{program.url}{location}/events") as events:
        await events.read()  # the stream ends with the answer


def _memory_mb(pid: int) -> dict[str, float]:
    """Shared pages count in equal parts for all who share them, so that the sum is what the program takes."""
    bot = psutil.Process(pid)
    memory = {"bot": 0.0, "inference child": 0.0, "decoders": 0.0}
    for process in [bot, *bot.children(recursive=True)]:
        words = process.cmdline()
        role = "inference child" if "inference" in words else "decoders" if "bot.decode" in words else "bot"
        memory[role] += process.memory_full_info().pss / 1e6
    return memory
