"""Faces, overlay, statistics, reports and health in the panel."""

from __future__ import annotations

import time

import pytest
from ulid import ULID

from bot.models import Platform
from bot.stage.face import StageState
from bot.store.reports import Reason, Report
from tests.bot.web.panel.site import GUILD, OPERATOR_ID, OTHER, Browser, PanelSite

FACES, OVERLAY = f"/panel/{GUILD}/faces", f"/panel/{GUILD}/overlay"


@pytest.fixture
async def admin(site: PanelSite, browser: Browser) -> str:
    """Logged in, manages the first server; the id."""
    user_id = site.admin("Ada", GUILD)
    await browser.log_in()
    return user_id


@pytest.fixture
async def operator(site: PanelSite, browser: Browser) -> None:
    site.admin()
    assert site.discord.oauth.visitor is not None
    site.discord.oauth.visitor.id = int(OPERATOR_ID)
    await browser.log_in()


async def test_a_face_waits_is_approved_and_is_hidden(site: PanelSite, browser: Browser, admin: str) -> None:
    face = await site.face(approve_first=True)
    page = await browser.open(FACES)
    assert "Grace &lt;b&gt;" in page
    assert f"/pictures/{face.id}.webp" in page
    await browser.send(f"{FACES}/{face.id}/approve")
    staged = await site.stage.get(face.id)
    assert staged is not None
    assert staged.state is StageState.SHOWN
    await browser.send(f"{FACES}/{face.id}/approve")
    assert browser.status == 409
    await browser.open(FACES)
    await browser.send(f"{FACES}/{face.id}/hide")
    assert browser.at == FACES
    assert await site.stage.recent(GUILD, 0) == []


@pytest.mark.parametrize("what", ["approve", "hide"])
async def test_faces_of_other_places_are_not_ours(site: PanelSite, browser: Browser, admin: str, what: str) -> None:
    face = await site.face(OTHER, approve_first=True)
    await browser.open(FACES)
    await browser.send(f"{FACES}/{face.id}/{what}")
    assert browser.status == 404
    assert len(await site.stage.pending(OTHER)) == 1


async def test_the_overlays_secret_is_in_no_page(site: PanelSite, browser: Browser, admin: str) -> None:
    secret = await site.overlays.secret_of(GUILD)
    page = await browser.open(OVERLAY)
    assert browser.at == f"/panel/{GUILD}/settings/overlay"
    assert secret not in page
    assert (await browser.open(f"{OVERLAY}/address")).endswith(f"/overlay/{secret}")
    async with browser.session.get(f"{site.url}{OVERLAY}/preview", allow_redirects=False) as answer:
        assert answer.headers["Location"] == f"/overlay/{secret}"
    async with browser.session.get(f"{site.url}{OVERLAY}/file", allow_redirects=False) as answer:
        assert answer.headers["Location"] == f"/overlay/{secret}/local"


async def test_the_overlay_is_tested_and_gets_another_address(site: PanelSite, browser: Browser, admin: str) -> None:
    before = await site.overlays.secret_of(GUILD)
    await browser.open(OVERLAY)
    await browser.send(f"{OVERLAY}/test")
    assert site.overlays.tested(GUILD) is not None
    await browser.send(f"{OVERLAY}/rotate")
    assert await site.overlays.secret_of(GUILD) != before


async def test_the_plot_is_a_picture_and_a_table(site: PanelSite, browser: Browser, admin: str) -> None:
    await site.face()
    page = await browser.open(f"/panel/{GUILD}/statistics")
    assert "1 face in 30 days" in page
    assert "face with tears of joy" in page
    assert '<th scope="row">#general</th>' in page
    async with browser.session.get(f"{site.url}/panel/{GUILD}/statistics.png") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert (await answer.read()).startswith(b"\x89PNG")


async def test_the_operator_sees_reports_and_decides(site: PanelSite, browser: Browser, operator: None) -> None:
    wrong, fine = await site.face(), await site.face()
    for face in (wrong, fine):
        report = Report(str(ULID()), face.id, Platform.DISCORD, GUILD, "7", "9", Reason.HATE, time.time())
        await site.desk.reports.add(report)
    page = await browser.open("/panel/reports")
    assert page.count("It is hateful") == 2
    await browser.send(f"/panel/reports/{wrong.id}/take-down")
    await browser.send(f"/panel/reports/{fine.id}/dismiss")
    assert browser.at == "/panel/reports"
    assert await site.desk.reports.count_open() == 0
    await browser.send(f"/panel/reports/{fine.id}/dismiss")
    assert browser.status == 404


async def test_the_operator_sees_every_part_and_has_a_kill_switch(
    site: PanelSite, browser: Browser, operator: None
) -> None:
    page = await browser.open("/panel/health")
    assert "worker" in page
    assert "4711" in page
    await browser.send("/panel/pause")
    assert "everything is paused" in browser.page
    await browser.send("/panel/go-on")
    assert "faces are drawn" in browser.page


@pytest.mark.parametrize("path", ["/panel/reports", "/panel/health"])
async def test_nobody_but_the_operator_sees_the_instance(browser: Browser, admin: str, path: str) -> None:
    page = await browser.open(path)
    assert (browser.status, "Only the operator" in page) == (403, True)
    assert f'href="{path}"' not in await browser.open("/panel")


async def test_nobody_but_the_operator_can_pause(site: PanelSite, browser: Browser, admin: str) -> None:
    await browser.open("/panel")
    await browser.send("/panel/pause")
    assert browser.status == 403
    assert not (await site.desk.overview()).is_paused


async def test_a_streamer_without_the_bot_is_shown_how_to_connect(site: PanelSite, browser: Browser) -> None:
    site.twitch.browsing = site.twitch.user("Streamer")
    page = await browser.log_in("twitch")
    assert 'href="/connect/twitch"' in page
