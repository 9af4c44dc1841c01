"""`make overlay`: how smooth the stream overlay is on a weak machine, and whether it grows over a long stream.

PYTHONPATH=tests:. python -m tests.bench.overlay --slower 6 --faces 1000

Chromium draws without a GPU, and its CPU is throttled (CDP `Emulation.setCPUThrottlingRate`), so that these are the
worst of machines. For the growth, time in the page runs faster; the heap is measured after a garbage collection.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from PIL import Image
from playwright.async_api import Browser, CDPSession, Page

from bot.logs import configure_logging
from config.servers import ServerSettings
from config.settings import load_settings
from tests.bot.web.overlay.screens import Screen, open_screen, staged
from tests.browser import running_browser
from tests.polling import until
from tests.printing import print_line

FRAME_MS = 1000 / 60
LATE_MS = 2 * FRAME_MS
FASTER = 40  # the page's time, for the growth
AT_ONCE = 10  # faces that wait: the page keeps twelve
THEMES = get_args(ServerSettings.model_fields["overlay_theme"].annotation)

_NOTE_FRAMES = """
window.frames_ms = [];
let before = 0;
const note = (now) => {
    if (before && document.querySelector(".act")) window.frames_ms.push(now - before);
    before = now;
    requestAnimationFrame(note);
};
requestAnimationFrame(note);
"""
_FASTER = f"""
const [later, now] = [window.setTimeout, performance.now.bind(performance)];
window.setTimeout = (act, ms, ...given) => later(act, (ms || 0) / {FASTER}, ...given);
performance.now = () => now() * {FASTER};
window.left = 0;
new MutationObserver((changes) => {{
    const gone = changes.flatMap((change) => [...change.removedNodes]);
    window.left += gone.filter((node) => node.classList?.contains("act")).length;
}}).observe(document, {{ childList: true, subtree: true }});
"""


@dataclass(frozen=True, slots=True)
class Frames:
    """Between frames while a face was on the screen; `busy_ms` is what the page has computed in all."""

    times_ms: Sequence[float]
    busy_ms: float

    def line(self, name: str) -> str:
        late = sum(time > LATE_MS for time in self.times_ms) / len(self.times_ms)
        p99 = statistics.quantiles(self.times_ms, n=100)[-1]
        median = statistics.median(self.times_ms)
        figures = f"{median:8.1f}{p99:8.1f}{max(self.times_ms):8.1f}{late:8.1%}{self.busy_ms:10.0f}"
        return f"{name:<8}{len(self.times_ms):8}{figures}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slower", type=float, default=6.0, help="than this machine's CPU")
    parser.add_argument("--faces", type=int, default=1000, help="for the growth; 0 leaves it out")
    given = parser.parse_args(arguments)
    configure_logging(load_settings().log.model_copy(update={"level": "error"}))
    asyncio.run(_measure(given.slower, given.faces))
    return 0


async def _measure(slower: float, faces: int) -> None:
    async with running_browser() as browser:
        print_line(f"one face, CPU {slower:g} times slower, no GPU; ms between frames, 16.7 is 60 a second")
        print_line(f"{'theme':<8}{'frames':>8}{'median':>8}{'99 %':>8}{'worst':>8}{'late':>8}{'busy ms':>10}")
        for theme in THEMES:
            print_line((await _frames(browser, theme, slower)).line(theme))
        if faces:
            print_line(f"\n{faces} faces, {FASTER} times faster")
            await _growth(browser, faces)


async def _frames(browser: Browser, theme: str, slower: float) -> Frames:
    async with open_screen() as screen, screen.site.serving():
        await screen.set("overlay_theme", theme)
        await screen.set("overlay_duration_s", 2)
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.add_init_script(_NOTE_FRAMES)
        await page.goto(screen.url)
        await until(lambda: screen.overlays.watched(screen.scope_id) > 0)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        before_ms = await _busy_ms(session)
        await screen.show(staged(), _picture(0))
        await page.locator(".act").wait_for(state="attached", timeout=120_000)
        await page.locator(".act").wait_for(state="detached", timeout=120_000)
        busy_ms = await _busy_ms(session) - before_ms
        frames = Frames(await page.evaluate("window.frames_ms"), busy_ms)
        await page.close()
        return frames


async def _growth(browser: Browser, faces: int) -> None:
    async with open_screen(beat_s=0.2) as screen, screen.site.serving():
        await screen.set("overlay_duration_s", 2)
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        await page.add_init_script(_FASTER)
        await page.goto(screen.url)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        await session.send("HeapProfiler.enable")
        print_line(f"{'faces':>8}{'heap kB':>10}{'nodes':>8}{'listeners':>11}")
        steps = sorted({*range(0, faces, max(1, faces // 5)), faces})
        for before, after in itertools.pairwise([0, *steps]):
            for first in range(before, after, AT_ONCE):
                await _play(screen, page, first, min(first + AT_ONCE, after))
            print_line(f"{after:8}{await _held(session)}")
        await page.close()


async def _play(screen: Screen, page: Page, first: int, end: int) -> None:
    for number in range(first, end):
        await screen.show(staged(asker_name=f"viewer {number}"), _picture(number))
    await page.wait_for_function("(count) => window.left >= count", arg=end, timeout=120_000)
    screen.faces.clear()
    screen.files.clear()


async def _held(session: CDPSession) -> str:
    """After a garbage collection."""
    await session.send("HeapProfiler.collectGarbage")
    held = await _metrics(session)
    return f"{held['JSHeapUsedSize'] / 1000:10.0f}{held['Nodes']:8.0f}{held['JSEventListeners']:11.0f}"


async def _busy_ms(session: CDPSession) -> float:
    return 1000 * (await _metrics(session))["TaskDuration"]


async def _metrics(session: CDPSession) -> dict[str, float]:
    answer: dict[str, Any] = await session.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in answer["metrics"]}


def _picture(number: int) -> bytes:
    """A pair of usual size, each different: a browser would keep equal ones."""
    image = Image.radial_gradient("L").resize((512, 512))
    pair = Image.new("RGB", (1056, 512), (number % 256, number // 256 % 256, 90))
    pair.paste(Image.merge("RGB", (image, image, image)), (544, 0))
    file = io.BytesIO()
    pair.save(file, "WEBP", quality=80, method=0)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
