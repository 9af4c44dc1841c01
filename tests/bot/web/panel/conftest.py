from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.web.panel.site import Browser, PanelSite, browser_on, panel_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[PanelSite]:
    async with panel_site(tmp_path) as site:
        yield site


@pytest.fixture
async def browser(site: PanelSite) -> AsyncIterator[Browser]:
    async with browser_on(site) as browser:
        yield browser
