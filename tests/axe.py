"""axe-core, which finds what keeps people with a keyboard, a screen reader or poor sight from using a page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.async_api import Frame, Page

_AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_GRAVE = {"serious", "critical"}


async def grave_faults(page: Page | Frame) -> list[str]:
    """The serious and critical ones, each with the elements that have it."""
    await page.evaluate(_AXE)
    found: dict[str, Any] = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{fault['id']}: {fault['help']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found["violations"]
        if fault["impact"] in _GRAVE
    ]
