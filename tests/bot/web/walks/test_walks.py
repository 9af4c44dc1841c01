"""A streamer and an admin do what they came for, in a browser, with the whole program behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.web.walks.walking import Camera, admins_walk, on_discord, on_twitch, streamers_walk
from tests.browser import running_browser

pytestmark = pytest.mark.timeout(900)

INSTANT = {"inference.runtime": "fakes.generators:instant", "servers.cooldown_s": "0"}


async def test_a_streamer_connects_makes_a_reward_shows_the_first_face_and_hides_it(tmp_path: Path) -> None:
    async with running_browser() as browser, on_twitch(tmp_path, INSTANT) as (program, twitch):
        await streamers_walk(browser, program, twitch, Camera())
        assert twitch.complaints == []
        assert not [event for event in program.events if event.get("level") == "error"]


async def test_an_admin_changes_settings_and_decides_about_a_face(tmp_path: Path) -> None:
    async with running_browser() as browser, on_discord(tmp_path, INSTANT) as (program, discord):
        await admins_walk(browser, program, discord, Camera())
        assert discord.complaints == []
        assert not [event for event in program.events if event.get("level") == "error"]
