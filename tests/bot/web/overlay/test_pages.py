"""The overlay over HTTP: who gets in, what is told, and which pictures there are."""

from __future__ import annotations

import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.guessing.round import RoundState
from bot.web.overlay import pages
from inference.protocol import Layout
from tests.bot.web.conftest import refusal
from tests.bot.web.overlay.hearing import Stream, hearing
from tests.bot.web.overlay.screens import (
    AVATAR,
    DISCORD,
    EMOTE_COLOUR,
    FACE_COLOUR,
    GUILD,
    JOY,
    KAPPA,
    SCOPE,
    Screen,
    opened_round,
    serving_screen,
    staged,
)
from tests.polling import PATIENCE_S, until

NOBODYS = "x" * 32


@pytest.fixture
async def screen() -> AsyncIterator[Screen]:
    async with serving_screen() as screen:
        yield screen


@pytest.fixture
async def client(screen: Screen) -> AsyncIterator[aiohttp.ClientSession]:
    async with connected(screen) as client:
        yield client


@asynccontextmanager
async def connected(screen: Screen) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(screen.site.url, timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as client:
        yield client


@asynccontextmanager
async def listening(client: aiohttp.ClientSession, screen: Screen, **options: Any) -> AsyncIterator[Stream]:
    async with hearing(client, screen.path, **options) as stream:
        yield stream


async def picture(client: aiohttp.ClientSession, path: str) -> Image.Image:
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in response.headers["Cache-Control"]
        return Image.open(io.BytesIO(await response.read()))


async def status(client: aiohttp.ClientSession, path: str) -> int:
    async with client.get(path) as response:
        return response.status


# -- getting in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/local", "/events", "/faces/abc", "/emotes/abc/0", f"/rounds/{'0' * 26}"])
async def test_without_the_secret_there_is_nothing(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(f"/overlay/{NOBODYS}{path}") as response:
        assert await refusal(response) == (404, "no_such_overlay")


async def test_the_page_may_be_framed_and_loads_emotes_from_their_sites() -> None:
    async with (
        serving_screen(cdn_url="https://cdn.example/emotes/") as screen,
        connected(screen) as client,
        client.get(screen.path) as response,
    ):
        assert (response.status, response.content_type) == (200, "text/html")
        policy = response.headers["Content-Security-Policy"]
        assert "img-src 'self' https://cdn.example;" in policy
        assert "frame-ancestors 'self' file:" in policy
        assert "script-src 'self';" in policy
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"


async def test_only_the_page_itself_may_be_framed(client: aiohttp.ClientSession, screen: Screen) -> None:
    async with client.get(f"{screen.path}/local") as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_the_file_for_obs_knows_the_address(client: aiohttp.ClientSession, screen: Screen) -> None:
    async with client.get(f"{screen.path}/local") as response:
        assert response.headers["Content-Disposition"] == 'attachment; filename="emoteface-overlay.html"'
        assert f'<body data-address="{screen.url}">' in await response.text()


async def test_after_a_change_of_the_secret_the_old_one_is_cut_off(
    client: aiohttp.ClientSession, screen: Screen
) -> None:
    async with listening(client, screen) as stream:
        await stream.next("look")
        new = await screen.overlays.rotate(SCOPE)
        await stream.ended()
    assert await status(client, screen.path) == 404
    assert await status(client, f"/overlay/{new}") == 200


async def test_an_overlay_is_open_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_OPEN_OF_SCOPE", 1)
    async with serving_screen(beat_s=0.05) as screen, connected(screen) as client:
        async with listening(client, screen) as stream:
            await stream.next("look")
            async with client.get(f"{screen.path}/events") as response:
                assert await refusal(response) == (503, "too_many_listeners")
        await until(lambda: screen.overlays.watched(SCOPE) == 0)
        async with listening(client, screen) as stream:
            await stream.next("look")


# -- what is told ---------------------------------------------------------------------------------------------------


async def test_a_new_face_is_told_with_all_that_is_shown_of_it(client: aiohttp.ClientSession, screen: Screen) -> None:
    async with listening(client, screen) as stream:
        await stream.next("look")
        face = await screen.show(staged(asker_name="<b>Ada</b>\u202e"))
        told = await stream.next("face")
    assert told["id"] == face.slug
    assert told["picture"] == f"faces/{face.slug}"
    assert told["halved"]
    assert told["name"] == "<b>Ada</b>\u202e"
    assert told["alt"] == "A face made from face with tears of joy, AI-generated"
    assert told["last"] == f"{face.at:.3f}"


async def test_whoever_comes_back_is_told_what_was_missed(client: aiohttp.ClientSession, screen: Screen) -> None:
    now = time.time()
    seen, missed = staged(at=now - 40), staged(at=now - 20)
    await screen.show(seen)
    await screen.show(missed)
    for options in ({"headers": {"Last-Event-ID": f"{now - 30:.3f}"}}, {"params": {"last": f"{now - 30:.3f}"}}):
        async with listening(client, screen, **options) as stream:
            assert (await stream.next("kept"))["ids"] == [seen.slug, missed.slug]
            assert (await stream.next("face"))["id"] == missed.slug


@pytest.mark.parametrize("last", ["", "nan", "inf", "-1e400", "<script>", "9" * 500])
async def test_a_strange_last_event_is_none(client: aiohttp.ClientSession, screen: Screen, last: str) -> None:
    face = await screen.show(staged())
    async with listening(client, screen, params={"last": last}) as stream:
        assert (await stream.next("face"))["id"] == face.slug


async def test_a_hidden_face_goes_at_once(client: aiohttp.ClientSession, screen: Screen) -> None:
    face = await screen.show(staged())
    async with listening(client, screen) as stream:
        await stream.next("face")
        await screen.hide(face)
        assert (await stream.next("hide"))["id"] == face.slug
    assert await status(client, f"{screen.path}/faces/{face.slug}") == 404
    assert await status(client, f"{screen.path}/emotes/{face.slug}/0") == 404


async def test_faces_of_others_are_not_told(client: aiohttp.ClientSession, screen: Screen) -> None:
    other = await screen.show(staged(origin=replace(staged().origin, scope_id="twitch:2")))
    async with listening(client, screen) as stream:
        await stream.next("look")
        mine = await screen.show(staged())
        assert (await stream.next("face"))["id"] == mine.slug
    assert await status(client, f"{screen.path}/faces/{other.slug}") == 404


async def test_what_is_said_is_in_the_language_of_the_place(client: aiohttp.ClientSession, screen: Screen) -> None:
    await screen.set("language", "de")
    screen.play(opened_round())
    async with listening(client, screen) as stream:
        assert (await stream.next("look"))["language"] == "de"
        assert (await stream.next("round"))["words"] == "Welches Emote ist das?"


async def test_settings_count_at_once(client: aiohttp.ClientSession, screen: Screen) -> None:
    async with listening(client, screen) as stream:
        assert (await stream.next("look"))["theme"] == "plain"
        await screen.set("overlay_theme", "neon")
        look = await stream.next("look")
    assert {"theme", "position", "size_percent", "duration_s", "sound"} < set(look)
    assert look["theme"] == "neon"


async def test_faces_from_discord_come_only_where_an_admin_wants_them() -> None:
    async with serving_screen(GUILD) as screen, connected(screen) as client:
        face = await screen.show(staged(origin=DISCORD))
        async with listening(client, screen) as stream:
            assert (await stream.next("kept"))["ids"] == []
            assert await status(client, f"{screen.path}/faces/{face.slug}") == 404
            await screen.set("overlay_discord", True)
            assert (await stream.next("face"))["id"] == face.slug
            await screen.set("overlay_discord", False, channel_id=DISCORD.channel_id)
            assert (await stream.next("hide"))["id"] == face.slug


async def test_a_test_is_shown_and_counts_who_sees_it(client: aiohttp.ClientSession, screen: Screen) -> None:
    assert screen.overlays.test(SCOPE) == 0
    async with listening(client, screen) as stream:
        first = await stream.next("face")
        assert screen.overlays.test(SCOPE) == 1
        assert (await stream.next("hide"))["id"] == first["id"]
        told = await stream.next("face")
    assert (told["name"], told["picture"]) == ("A test", "/static/overlay/test.webp")
    assert await status(client, told["picture"]) == 200


async def test_a_silent_stream_says_that_it_lives_and_learns_what_nobody_told() -> None:
    async with (
        serving_screen(beat_s=0.05) as screen,
        connected(screen) as client,
        listening(client, screen) as stream,
    ):
        await stream.next("beat")
        face = staged()
        screen.files[face.request_id] = b""
        screen.faces.append(face)
        assert (await stream.next("face"))["id"] == face.slug


# -- pictures -------------------------------------------------------------------------------------------------------


async def test_the_face_is_the_picture_as_it_was_answered(client: aiohttp.ClientSession, screen: Screen) -> None:
    face = await screen.show(staged())
    assert (await picture(client, f"{screen.path}/faces/{face.slug}")).size == (272, 128)


async def test_of_peoples_own_pictures_there_are_sixteen_pixels(client: aiohttp.ClientSession, screen: Screen) -> None:
    face = await screen.show(staged(AVATAR, layout=Layout.FACE))
    shown = await picture(client, f"{screen.path}/emotes/{face.slug}/0")
    assert shown.size == (16, 16)
    assert await status(client, f"{screen.path}/emotes/{face.slug}/0/0") == 404


async def test_emoji_are_shown_by_us_and_emotes_by_their_sites(client: aiohttp.ClientSession, screen: Screen) -> None:
    mixed = replace(JOY, overlays=(KAPPA,))
    async with listening(client, screen) as stream:
        face = await screen.show(staged(JOY, KAPPA, mixed, layout=Layout.GRID))
        emoji, emote, both = (await stream.next("face"))["emotes"]
    assert emoji == [{"way": "base", "urls": [f"emotes/{face.slug}/0"]}]
    assert emote[0]["urls"][0].startswith("https://cdn.example/emoticons/v2/25/")
    assert [layer["way"] for layer in both] == ["base", "over"]
    assert both[0]["urls"] == [f"emotes/{face.slug}/2/0"]
    assert (await picture(client, f"{screen.path}/emotes/{face.slug}/0")).size == (64, 64)
    assert (await picture(client, f"{screen.path}/emotes/{face.slug}/2/0")).size == (64, 64)
    assert await status(client, f"{screen.path}/emotes/{face.slug}/1") == 404
    assert await status(client, f"{screen.path}/emotes/{face.slug}/9") == 404
    assert await status(client, f"{screen.path}/emotes/{face.slug}/2/9") == 404


async def test_an_emote_that_is_gone_is_missed_and_nothing_else(client: aiohttp.ClientSession, screen: Screen) -> None:
    face = await screen.show(staged(AVATAR, layout=Layout.FACE))
    screen.fetcher.fails.add(AVATAR)
    assert await status(client, f"{screen.path}/emotes/{face.slug}/0") == 404
    screen.files.clear()
    assert await status(client, f"{screen.path}/faces/{face.slug}") == 404


async def test_an_emoji_is_made_once(client: aiohttp.ClientSession, screen: Screen) -> None:
    face = await screen.show(staged(JOY, layout=Layout.FACE))
    for _ in range(2):
        await picture(client, f"{screen.path}/emotes/{face.slug}/0")
    assert screen.fetcher.fetched == [JOY]


# -- rounds ---------------------------------------------------------------------------------------------------------


async def test_a_round_is_told_and_shows_nothing_of_its_emote(client: aiohttp.ClientSession, screen: Screen) -> None:
    async with listening(client, screen) as stream:
        await stream.next("look")
        round_ = screen.play(opened_round(left_s=30))
        told = await stream.next("round")
    assert told["words"] == "Which emote is this?"
    assert 0 < told["left_s"] <= told["total_s"] == 30
    assert "joy" not in json.dumps(told).lower()
    riddle = (await picture(client, f"{screen.path}/{told['picture']}")).convert("RGB")
    assert riddle.size == (128, 128)
    assert _near(riddle.getpixel((64, 64)), FACE_COLOUR)
    assert await status(client, f"{screen.path}/rounds/{round_.id}/answer") == 404


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (RoundState.WON, "Solved! It was face with tears of joy."),
        (RoundState.MISSED, "Time's up! It was face with tears of joy."),
    ],
)
async def test_the_end_of_a_round_shows_its_emote(
    client: aiohttp.ClientSession, screen: Screen, end: RoundState, words: str
) -> None:
    round_ = screen.play(opened_round())
    async with listening(client, screen) as stream:
        await stream.next("round")
        screen.play(replace(round_, state=end, decided_at=time.time()))
        told = await stream.next("reveal")
    assert told["words"] == words
    emote = (await picture(client, f"{screen.path}/{told['picture']}")).convert("RGB")
    assert _near(emote.getpixel((64, 64)), EMOTE_COLOUR)


async def test_rounds_on_discord_come_only_where_an_admin_wants_them() -> None:
    async with serving_screen(GUILD) as screen, connected(screen) as client:
        round_ = screen.play(opened_round(origin=DISCORD))
        async with listening(client, screen) as stream:
            assert (await stream.next("kept"))["ids"] == []
            assert await status(client, f"{screen.path}/rounds/{round_.id}") == 404
            await screen.set("overlay_discord", True)
            assert (await stream.next("round"))["id"] == round_.id


async def test_a_round_of_another_scope_or_none_has_no_picture(client: aiohttp.ClientSession, screen: Screen) -> None:
    other = opened_round()
    screen.play(replace(other, origin=replace(other.origin, scope_id="twitch:2")))
    assert await status(client, f"{screen.path}/rounds/{other.id}") == 404


def _near(colour: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(ours - theirs) <= 12 for ours, theirs in zip(colour, wanted, strict=True))
