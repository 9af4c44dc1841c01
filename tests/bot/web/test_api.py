"""The faces API over real HTTP."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from ulid import ULID

from bot.command import FaceCommand
from bot.errors import Busy, CooldownActive, DownloadFailed, NoWeights, PictureTooLarge, TooManyRequests, UnknownEmote
from bot.texts import Text
from inference.protocol import FaceOptions, Layout
from tests.bot.web.conftest import MAX_UPLOAD_BYTES, Site, refusal
from tests.bot.web.fake_faces import gif, png, webp


async def ask(client: aiohttp.ClientSession, text: str = "!face 😂") -> str:
    async with client.post("/api/faces", json={"text": text}) as response:
        assert response.status == 202, await response.text()
        return str((await response.json())["id"])


def form(*pictures: bytes, text: str | None = None) -> aiohttp.FormData:
    data = aiohttp.FormData()
    if text is not None:
        data.add_field("text", text)
    for picture in pictures:
        data.add_field("picture", picture, filename="face.png", content_type="image/png")
    return data


async def events(response: aiohttp.ClientResponse) -> list[dict[str, Any]]:
    lines = (await response.text()).splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


@pytest.mark.parametrize("text", ["!face 😂 x:3 layout:strip", "!FACE 😂 x:3 layout:strip", "😂 x:3 layout:strip"])
async def test_a_text_is_accepted_with_or_without_the_command(
    site: Site, client: aiohttp.ClientSession, text: str
) -> None:
    async with client.post("/api/faces", json={"text": text}) as response:
        body = await response.json()

        assert response.status == 202
        assert body == {"id": site.faces.last_id, "position": 3, "eta_s": 4.2}
        assert response.headers["Location"] == f"/api/faces/{body['id']}"
    assert site.faces.asked == [FaceCommand(("😂",), FaceOptions(realism=0.25, iterations=3, layout=Layout.STRIP))]


async def test_a_picture_is_accepted_with_options(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=form(png(), text="seed:7")) as response:
        assert response.status == 202

    assert site.uploads.contents == [png()]
    assert site.faces.asked == [FaceCommand((), FaceOptions(realism=0.25, seed=7))]
    assert [emote.id for emote in site.faces.requests[site.faces.last_id].emotes] == ["1"]


async def test_several_pictures_make_one_request(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=form(png("red"), png("blue"))) as response:
        assert response.status == 202

    assert site.uploads.contents == [png("red"), png("blue")]
    assert len(site.faces.requests) == 1


async def test_an_empty_picture_is_nothing_to_draw(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=form(b"")) as response:
        assert await refusal(response) == (400, "nothing_to_draw")
    assert site.uploads.contents == []


@pytest.mark.parametrize("sizes", [(MAX_UPLOAD_BYTES + 1,), (MAX_UPLOAD_BYTES - 10, 11), (3 * MAX_UPLOAD_BYTES,)])
async def test_pictures_over_the_limit_are_refused_before_they_are_kept(
    site: Site, client: aiohttp.ClientSession, sizes: tuple[int, ...]
) -> None:
    async with client.post("/api/faces", data=form(*(bytes(size) for size in sizes))) as response:
        assert await refusal(response) == (413, "picture_too_large")
    assert site.uploads.contents == []


async def test_pictures_of_exactly_the_limit_are_accepted(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", data=form(bytes(MAX_UPLOAD_BYTES - 10), bytes(10))) as response:
        assert response.status == 202


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (UnknownEmote(("kappa",)), 422, "unknown_emote", None),
        (TooManyRequests(retry_after_s=4.1), 429, "too_many_requests", "5"),
        (CooldownActive(retry_after_s=9.2), 429, "cooldown_active", "10"),
        (Busy(retry_after_s=0.2), 503, "busy", "1"),
        (NoWeights(), 503, "no_weights", None),
        (PictureTooLarge(Text("4 Mpx")), 413, "picture_too_large", None),
        (DownloadFailed(), 422, "download_failed", None),
    ],
)
async def test_a_refusal_has_a_status_a_code_and_our_words(
    site: Site, client: aiohttp.ClientSession, error: Any, status: int, code: str, retry_after: str | None
) -> None:
    site.faces.refuse_with = error

    async with client.post("/api/faces", json={"text": "!face <b>nobody</b>"}) as response:
        assert await refusal(response) == (status, code)
        assert response.headers.get("Retry-After") == retry_after
        assert "nobody" not in await response.text()


async def test_a_bad_option_is_refused_by_its_name(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", json={"text": "!face 😂 x:99"}) as response:
        assert await refusal(response) == (400, "invalid_option")
        assert "whole number" in (await response.json())["message"]


async def test_a_crash_is_answered_with_an_id_and_without_details(site: Site, client: aiohttp.ClientSession) -> None:
    site.faces.crash_with = RuntimeError("secret detail")

    async with client.post("/api/faces", json={"text": "!face 😂"}) as response:
        body = await response.json()

        assert (response.status, body["error"]) == (500, "internal_error")
        assert len(body["request_id"]) == 32
        assert "secret" not in await response.text()


async def test_the_state_tells_the_place_and_then_the_picture(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)

    async with client.get(f"/api/faces/{face_id}") as response:
        body = await response.json()
        assert body.pop("status").startswith("In the queue at place 3")
        assert body == {"id": face_id, "state": "queued", "position": 3, "eta_s": 4.2, "refusal": None, "picture": None}

    await site.faces.answer(face_id)

    async with client.get(f"/api/faces/{face_id}") as response:
        body = await response.json()
        assert (body["state"], body["status"], body["position"]) == ("answered", None, None)
        assert body["picture"] == {
            "url": f"/pictures/{face_id}.webp",
            "alt": "A face made from face with tears of joy, AI-generated",
            "caption": None,
        }


async def test_the_state_of_a_refused_face_has_the_words(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)
    await site.faces.refuse(face_id, "That one broke my face machine.")

    async with client.get(f"/api/faces/{face_id}") as response:
        body = await response.json()

    assert (body["state"], body["refusal"], body["picture"]) == ("refused", "That one broke my face machine.", None)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("face_id", "code"),
    [(str(ULID()), "no_such_face"), ("x", "not_found"), ("..%2f..%2fetc%2fpasswd", "not_found"), ("", "not_found")],
)
async def test_unknown_and_malformed_faces_are_not_found(
    client: aiohttp.ClientSession, method: str, face_id: str, code: str
) -> None:
    async with client.request(method, f"/api/faces/{face_id}") as response:
        assert await refusal(response) == (404, code)


async def test_a_method_that_is_not_offered_is_answered_with_those_that_are(client: aiohttp.ClientSession) -> None:
    async with client.put("/api/faces") as response:
        assert await refusal(response) == (405, "method_not_allowed")
        assert response.headers["Allow"] == "POST"


async def test_events_follow_a_face_to_its_end(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)

    async with client.get(f"/api/faces/{face_id}/events") as response:
        assert response.content_type == "text/event-stream"
        await response.content.readuntil(b"\r\n\r\n")  # the first state is there
        await site.faces.move(face_id, position=1, eta_s=0.5)
        await response.content.readuntil(b"\r\n\r\n")
        await site.faces.answer(face_id)
        rest = await events(response)

    assert [state["state"] for state in rest] == ["answered"]
    assert rest[0]["picture"]["url"] == f"/pictures/{face_id}.webp"
    assert site.faces.watched == 0


async def test_events_of_a_finished_face_are_its_last_state(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)
    await site.faces.refuse(face_id, "No.")

    async with client.get(f"/api/faces/{face_id}/events") as response:
        assert [(state["state"], state["refusal"]) for state in await events(response)] == [("refused", "No.")]


async def test_events_of_an_unknown_face_are_not_found(client: aiohttp.ClientSession) -> None:
    async with client.get(f"/api/faces/{ULID()}/events") as response:
        assert await refusal(response) == (404, "no_such_face")


async def test_a_face_can_be_cancelled_once(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)

    async with client.delete(f"/api/faces/{face_id}") as response:
        assert (response.status, await response.read()) == (204, b"")
    async with client.delete(f"/api/faces/{face_id}") as response:
        assert await refusal(response) == (409, "too_late")
    async with client.get(f"/api/faces/{face_id}") as response:
        assert (await response.json())["state"] == "cancelled"


async def test_a_picture_is_served_as_what_it_is_and_may_be_kept(site: Site, client: aiohttp.ClientSession) -> None:
    face_id = await ask(client)
    await site.faces.answer(face_id, webp("gold"))

    async with client.get(f"/pictures/{face_id}.webp") as response:
        assert (response.status, response.content_type) == (200, "image/webp")
        assert await response.read() == webp("gold")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in response.headers["Cache-Control"]


async def test_a_gif_is_served_as_one(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", json={"text": "!face 😂 format:gif"}) as response:
        face_id = (await response.json())["id"]
    await site.faces.answer(face_id, gif())
    async with client.get(f"/api/faces/{face_id}") as response:
        url = (await response.json())["picture"]["url"]
    assert url == f"/pictures/{face_id}.gif"
    async with client.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/gif")
        assert await response.read() == gif()


@pytest.mark.parametrize(
    "name", [f"{ULID()}.webp", f"{ULID()}.gif", "x.webp", f"{ULID()}.png", "..%2f..%2fvar%2femoteface.db"]
)
async def test_unknown_and_malformed_pictures_are_not_found(client: aiohttp.ClientSession, name: str) -> None:
    async with client.get(f"/pictures/{name}") as response:
        assert response.status == 404


async def test_a_visitor_stays_the_same_and_others_are_others(site: Site, client: aiohttp.ClientSession) -> None:
    first, second = await ask(client), await ask(client)
    async with aiohttp.ClientSession(site.url) as somebody_else:
        third = await ask(somebody_else)

    origins = [site.faces.requests[face_id].origin for face_id in (first, second, third)]
    assert origins[0] == origins[1]
    assert origins[0].user_id != origins[2].user_id
    assert {(origin.platform, origin.channel_id) for origin in origins} == {("web", "playground")}
    assert [origin.scope_id for origin in origins] == [origin.user_id for origin in origins], (
        "each has turns of its own"
    )


async def test_the_visitor_cookie_is_out_of_reach_for_scripts_and_other_sites(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/faces", json={"text": "!face 😂"}) as response:
        cookie = response.cookies["emoteface_visitor"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


async def test_a_made_up_visitor_cookie_is_replaced(site: Site, client: aiohttp.ClientSession) -> None:
    headers = {"Cookie": "emoteface_visitor=admin"}
    async with client.post("/api/faces", json={"text": "!face 😂"}, headers=headers) as response:
        assert response.status == 202

    assert site.faces.requests[site.faces.last_id].origin.user_id != "admin"


async def test_askers_at_the_same_time_all_get_their_own_face(site: Site, client: aiohttp.ClientSession) -> None:
    ids = await asyncio.gather(*(ask(client) for _ in range(20)))

    assert len(set(ids)) == 20
