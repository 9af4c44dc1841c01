"""A face's page, its picture, what other sites show of it, the channel's page; and that all of it can be taken away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from bot.models import Emote, EmoteSource, Platform, twitch_scope
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.web.gallery.embedding import slug_in
from inference.protocol import FaceOptions, Layout
from tests.bot.web.gallery.conftest import ADMIN, ORIGIN, Gallery, open_gallery
from tests.fakes.serving import JOY

KAPPA = Emote(EmoteSource.BTTV, "566ca04265dbbdab32ec054a", "KappaFace")
BASE = URL("https://faces.example")


async def got(client: aiohttp.ClientSession, path: str, **headers: str) -> tuple[int, str]:
    async with client.get(path, headers=headers) as response:
        return response.status, await response.text(errors="replace")


# -- a face ---------------------------------------------------------------------------------------------------------


async def test_a_face_has_a_page_with_its_emotes_as_links_and_its_style(
    gallery: Gallery, client: aiohttp.ClientSession
) -> None:
    face = await gallery.drawn(KAPPA, JOY, target={"asker_name": "Ada"})
    status, text = await got(client, f"/f/{face.slug}")
    assert status == 200
    assert f'href="https://betterttv.com/emotes/{KAPPA.id}"' in text
    assert "KappaFace" in text
    assert "😂" in text
    assert "Twemoji, CC BY 4.0" in text
    assert "<bdi>Ada</bdi>" in text
    assert "classic" in text
    assert "betterttv.net" not in text  # no picture from there


async def test_nothing_that_people_wrote_can_break_the_page(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    hostile = '<script>alert(1)</script>"\u202e\x07 &'
    face = await gallery.drawn(replace(KAPPA, name='"><img src=x>'), target={"asker_name": hostile})
    _, text = await got(client, f"/f/{face.slug}")
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34; &amp;" in text


async def test_the_picture_may_be_kept_and_shown_elsewhere(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    async with client.get(f"/f/{face.slug}.webp") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "image/webp"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "public, max-age=86400, immutable"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert (await response.read()).startswith(b"drawing")


async def test_with_every_step_in_the_picture_the_page_says_so(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn(options=FaceOptions(iterations=3, layout=Layout.STRIP))
    assert "3, all of them in the picture" in (await got(client, f"/f/{face.slug}"))[1]


async def test_the_page_is_in_the_visitors_language(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    async with client.get(f"/f/{face.slug}", headers={"Accept-Language": "ja"}) as response:
        assert response.headers["Content-Language"] == "ja"


@pytest.mark.parametrize("slug", ["1" * 11, "z" * 11])
async def test_a_name_that_no_face_has_is_not_found(gallery: Gallery, client: aiohttp.ClientSession, slug: str) -> None:
    assert (await got(client, f"/f/{slug}"))[0] == 404
    assert (await got(client, f"/f/{slug}.webp"))[0] == 404


@pytest.mark.parametrize("slug", ["x", "0" * 11, "l" * 11, "a" * 12, "..%2f..%2fpasswd", "%00" * 11, "é" * 11])
async def test_what_is_no_name_at_all_is_no_page(gallery: Gallery, client: aiohttp.ClientSession, slug: str) -> None:
    assert (await got(client, f"/f/{slug}"))[0] == 404


# -- going ----------------------------------------------------------------------------------------------------------


async def everything_is_gone(gallery: Gallery, client: aiohttp.ClientSession, slug: str) -> bool:
    statuses = [(await got(client, f"/f/{slug}{end}"))[0] for end in ("", ".webp")]
    listed = f"/f/{slug}" in (await got(client, f"/g/{ORIGIN.scope_id}"))[1]
    embedded = await got(client, f"/oembed?url={quote(f'{gallery.site.url}/f/{slug}')}")
    return statuses == [410, 410] and not listed and embedded[0] == 410


async def test_what_is_hidden_is_gone_everywhere(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    assert not await everything_is_gone(gallery, client, face.slug)
    await gallery.serving.stage.hide(face.request_id, ADMIN)
    assert await everything_is_gone(gallery, client, face.slug)


async def test_what_is_deleted_in_the_chat_is_gone(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    await gallery.serving.service.forget_answer(face.request_id)
    assert await everything_is_gone(gallery, client, face.slug)


async def test_a_gallery_that_is_closed_shows_nothing(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    await gallery.serving.policy.set(ORIGIN.scope_id, None, "gallery", False, ADMIN)
    assert await everything_is_gone(gallery, client, face.slug)


async def test_one_channel_can_be_closed(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    other = await gallery.drawn(origin=replace(ORIGIN, channel_id="other"))
    await gallery.serving.policy.set(ORIGIN.scope_id, ORIGIN.channel_id, "gallery", False, ADMIN)
    assert await everything_is_gone(gallery, client, face.slug)
    assert (await got(client, f"/f/{other.slug}"))[0] == 200


async def test_a_face_whose_picture_was_swept_is_gone(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    await gallery.serving.pictures.delete([face.request_id])
    assert (await got(client, f"/f/{face.slug}"))[0] == 410


async def test_what_waits_for_approval_is_shown_to_nobody(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    await gallery.serving.policy.set(ORIGIN.scope_id, None, "approve_first", True, ADMIN)
    face = await gallery.drawn()
    assert await everything_is_gone(gallery, client, face.slug)
    await gallery.serving.stage.approve(face.request_id, ADMIN)
    assert (await got(client, f"/f/{face.slug}"))[0] == 200


async def test_faces_of_peoples_own_pictures_have_no_page(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn(Emote(EmoteSource.UPLOAD, "1"))
    assert await everything_is_gone(gallery, client, face.slug)


# -- other sites ----------------------------------------------------------------------------------------------------


async def test_programs_that_unfold_links_find_everything_on_the_page(tmp_path: Path) -> None:
    async with open_gallery(tmp_path, public_url=str(BASE)) as gallery:
        face = await gallery.drawn()
        own = {"Host": "faces.example"}
        async with aiohttp.ClientSession(gallery.site.url) as client:
            _, text = await got(client, f"/f/{face.slug}", **own)
            link = f"{BASE}/f/{face.slug}"
            assert f'<meta property="og:image" content="{link}.webp">' in text
            assert f'<meta property="og:url" content="{link}">' in text
            assert '<meta property="og:image:width" content="256">' in text
            assert '<meta name="robots" content="noindex">' in text
            where = text.partition('type="application/json+oembed" href="')[2].partition('"')[0].replace("&amp;", "&")
            assert where.startswith(f"{BASE}/oembed?")
            status, body = await got(client, where.removeprefix(str(BASE)), **own)
    assert status == 200
    embedded = json.loads(body)
    assert (embedded["type"], embedded["url"]) == ("photo", f"{link}.webp")
    assert (embedded["width"], embedded["height"]) == (256, 128)


HOSTILE_URLS = [
    "",
    "//",
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost:6379/",
    "file:///etc/passwd",
    "gopher://faces.example/f/{slug}",
    "javascript:alert(1)//faces.example/f/{slug}",
    "http://faces.example/f/{slug}",
    "https://faces.example:8443/f/{slug}",
    "https://faces.example@evil.example/f/{slug}",
    "https://user:word@faces.example/f/{slug}",
    "https://evil.example/f/{slug}",
    "https://faces.example.evil.example/f/{slug}",
    "https://evil.example/https://faces.example/f/{slug}",
    "https://faces.example\\@evil.example/f/{slug}",
    "//faces.example/f/{slug}",
    "https:/faces.example/f/{slug}",
    "https://faces.example//f/{slug}",
    "https://faces.example/f/../f/{slug}x",
    "https://faces.example/f/{slug}/",
    "https://faces.example/f/{slug}?next=https://evil.example",
    "https://faces.example/f/{slug}#x",
    "https://faces.example/f/%7Bslug%7D",
    "https://faces.example/pictures/{slug}",
    "https://[::1/f/{slug}",
    "https://faces.example:99999/f/{slug}",
    "https://faces.example/f/{slug}" + "x" * 5000,
    "\x00https://faces.example/f/{slug}",
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_only_addresses_of_faces_here_are_embedded(url: str) -> None:
    slug = "a" * 11
    assert slug_in(url.replace("{slug}", slug), BASE) is None


def test_the_address_of_a_face_is_understood() -> None:
    assert slug_in(f"{BASE}/f/{'a' * 11}", BASE) == "a" * 11


async def test_other_addresses_are_neither_fetched_nor_followed(
    gallery: Gallery, client: aiohttp.ClientSession
) -> None:
    for url in HOSTILE_URLS:
        async with client.get("/oembed", params={"url": url}, allow_redirects=False) as response:
            assert response.status == 404
    async with client.get("/oembed", params={"url": "x", "format": "xml"}) as response:
        assert response.status == 501


# -- reports --------------------------------------------------------------------------------------------------------


async def test_a_report_reaches_the_operators_inbox_without_telling_by_whom(
    gallery: Gallery, client: aiohttp.ClientSession
) -> None:
    face = await gallery.drawn()
    async with client.post(f"/f/{face.slug}/report", data={"reason": "hate"}) as response:
        assert response.status == 200
        assert "Thank you" in await response.text()
    [report] = await gallery.reports.open(5)
    assert (report.request_id, report.scope_id, report.reason) == (face.request_id, ORIGIN.scope_id, "hate")
    assert report.reporter_id.startswith("web:")
    assert "127.0.0.1" not in report.reporter_id
    async with client.post(f"/f/{face.slug}/report", data={"reason": "other"}) as response:
        assert "already" in await response.text()
    assert len(await gallery.reports.open(5)) == 1


@pytest.mark.parametrize(
    ("data", "status"), [({"reason": "nonsense"}, 400), ({}, 413), ({"reason": "hate", "more": "x" * 2000}, 413)]
)
async def test_what_is_no_report_is_refused(
    gallery: Gallery, client: aiohttp.ClientSession, data: dict[str, str], status: int
) -> None:
    face = await gallery.drawn()
    async with client.post(f"/f/{face.slug}/report", data=data or None) as response:
        assert response.status == status
    assert await gallery.reports.open(5) == []


async def test_other_sites_cannot_report_through_a_visitor(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    face = await gallery.drawn()
    headers = {"Origin": "https://evil.example"}
    async with client.post(f"/f/{face.slug}/report", data={"reason": "hate"}, headers=headers) as response:
        assert response.status == 403


# -- a channel ------------------------------------------------------------------------------------------------------


async def test_a_channel_shows_its_newest_and_its_best(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    faces = [await gallery.drawn() for _ in range(3)]
    await gallery.drawn(origin=replace(ORIGIN, scope_id="another"))
    for user in ("ada", "bob"):
        await gallery.votes.toggle(faces[0].request_id, Platform.DISCORD, user)
    await gallery.votes.toggle(faces[1].request_id, Platform.DISCORD, "ada")
    status, text = await got(client, f"/g/{ORIGIN.scope_id}")
    assert status == 200
    best, newest = text.split('id="newest"')
    order = [faces.index(face) for face in sorted(faces[:2], key=lambda face: best.index(face.slug))]
    assert order == [0, 1]
    assert faces[2].slug not in best
    assert [newest.index(face.slug) for face in faces] == sorted(newest.index(face.slug) for face in faces)[::-1]


async def test_a_twitch_channel_goes_by_its_name(gallery: Gallery, client: aiohttp.ClientSession) -> None:
    scope_id = twitch_scope("42")
    account = TwitchAccount(AccountKey("42", Role.CHANNEL), "Ada_Live", "a", "r", frozenset(), 9e9, 0.0)
    await TwitchAccounts(gallery.engine, Sealer(None)).save(account)
    await gallery.serving.policy.set(scope_id, None, "gallery", True, ADMIN)
    gallery.serving.service.add_deliverer(Platform.TWITCH, gallery.serving.deliverer)
    face = await gallery.drawn(origin=replace(ORIGIN, platform=Platform.TWITCH, scope_id=scope_id, channel_id="42"))
    for name in ("ada_live", "ADA_LIVE", scope_id):
        status, text = await got(client, f"/g/{name}")
        assert status == 200
        assert "Ada_Live" in text
        assert face.slug in text
    assert 'href="/g/Ada_Live"' in (await got(client, f"/f/{face.slug}"))[1]


@pytest.mark.parametrize("channel", ["1", "nobody", "twitch:7", "twitch:x", "dm:7", "*", "x" * 60])
async def test_where_nobody_opened_a_gallery_there_is_none(
    gallery: Gallery, client: aiohttp.ClientSession, channel: str
) -> None:
    await gallery.drawn()
    assert (await got(client, f"/g/{channel}"))[0] == 404
