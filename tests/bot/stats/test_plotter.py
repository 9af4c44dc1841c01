"""Drawing charts in a process of their own, with the real library."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

import pytest
from PIL import Image

from bot.stats import plotter as module
from bot.stats.chart import Chart, Panel
from bot.stats.plotter import PlotFailed, Plotter
from tests.program import ROOT

CACHE = Path(gettempdir()) / "emoteface-test-fonts"
HOSTILE = ["$\\frac{1$", "\x00\x1b[31m", "@everyone", "💀" * 300, "ねこ", "\ud800".encode("utf-8", "replace").decode()]


def chart(labels: list[str]) -> Chart:
    bars = [(label, number + 1) for number, label in enumerate(labels)]
    days = [(str(day), day) for day in range(30)]
    return Chart("Faces", Panel("Days", days), Panel("E", bars), Panel("C", bars), "-")


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture), formats=["PNG"])


async def test_a_chart_becomes_a_picture() -> None:
    picture = opened(await Plotter(CACHE).draw(chart(["Kappa", "LUL"])))
    assert picture.size == (1200, 900)


def test_the_bot_itself_does_not_load_the_library() -> None:
    code = "import sys, bot.app, bot.discord.statistics; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, cwd=ROOT)


async def test_whatever_names_contain_they_are_drawn_or_left_out() -> None:
    assert opened(await Plotter(CACHE).draw(chart(HOSTILE))).size == (1200, 900)


async def test_without_anything_to_show_it_says_so() -> None:
    nothing = Panel("Days", [("1", 0)])
    empty = Chart("No faces", nothing, Panel("E", []), Panel("C", []), "Nothing yet")
    assert opened(await Plotter(CACHE).draw(empty)).size == (1200, 900)


async def test_a_broken_process_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    with pytest.raises(PlotFailed):
        await Plotter(CACHE).draw(chart(["Kappa"]))


async def test_a_process_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(hanging))
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
    with pytest.raises(PlotFailed):
        await Plotter(CACHE).draw(chart(["Kappa"]))


async def test_more_than_a_few_at_once_are_refused() -> None:
    plotter = Plotter(CACHE)
    drawings = [asyncio.create_task(plotter.draw(chart(["Kappa"]))) for _ in range(9)]
    outcomes = await asyncio.gather(*drawings[-1:], return_exceptions=True)
    assert isinstance(outcomes[0], PlotFailed)
    for drawing in drawings[:-1]:
        drawing.cancel()
    await asyncio.gather(*drawings, return_exceptions=True)
