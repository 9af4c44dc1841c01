"""The fake refuses what the real Discord refuses; otherwise passing tests would mean little."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.fakes import pictures
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message

QUIET: dict[str, Any] = {"allowed_mentions": {"parse": []}}


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def session(fake: FakeDiscord) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bot {fake.token}", "User-Agent": "DiscordBot (https://example.com, 1)"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(30)) as client:
        yield client


async def send(
    session: aiohttp.ClientSession, url: str, payload: Any, files: dict[str, bytes] | None = None, method: str = "POST"
) -> tuple[int, Any]:
    if files is None:
        headers = {"Content-Type": "application/json"}
        async with session.request(method, url, data=json.dumps(payload), headers=headers) as response:
            return response.status, await response.json()
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(payload))
    for name, content in files.items():
        form.add_field(name, io.BytesIO(content), filename="face.webp", content_type="application/octet-stream")
    async with session.request(method, url, data=form) as response:
        return response.status, await response.json()


def messages_url(fake: FakeDiscord) -> str:
    return f"{fake.api_url}/channels/{fake.channel.id}/messages"


def attached(**details: Any) -> dict[str, Any]:
    return {**QUIET, "attachments": [{"id": 0, "filename": "face.webp", **details}]}


@pytest.mark.parametrize(
    ("payload", "files", "field"),
    [
        ({**QUIET, "content": "x" * 2001}, None, "content"),
        ({**QUIET, "content": 5}, None, "content"),
        ({**QUIET, "content": "x", "nonce": "n" * 26}, None, "nonce"),
        ({**QUIET, "content": "x", "tts": "no"}, None, "tts"),
        ({"content": "nobody said whom it may ping"}, None, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": ["cats"]}}, None, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, None, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": [], "replied_user": "no"}}, None, "allowed_mentions"),
        (attached(), None, "attachments"),
        (attached(description="x" * 1025), {"files[0]": b"RIFF"}, "attachments"),
        (attached(filename="../face.webp"), {"files[0]": b"RIFF"}, "attachments"),
        (attached(), {"files[0]": b"RIFF", "files[1]": b"RIFF"}, "attachments"),
        ({**QUIET, "content": "x"}, {"picture": b"RIFF"}, "picture"),
        ({**QUIET, "content": "x", "message_reference": {"message_id": "5"}}, None, "message_reference"),
        ([], None, "_"),
    ],
)
async def test_a_malformed_message_is_refused_by_field(
    fake: FakeDiscord,
    session: aiohttp.ClientSession,
    payload: Any,
    files: dict[str, bytes] | None,
    field: str,
) -> None:
    status, body = await send(session, messages_url(fake), payload, files)
    assert (status, body["code"], list(body["errors"])) == (400, 50035, [field])
    assert len(fake.complaints) == 1
    assert fake.messages == []


async def test_an_empty_message_is_refused(fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
    assert (await send(session, messages_url(fake), QUIET))[1]["code"] == 50006


async def test_a_file_over_the_upload_limit_is_refused(fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
    status, body = await send(session, messages_url(fake), attached(), {"files[0]": bytes(10 * 1024 * 1024 + 1)})
    assert (status, body["code"]) == (413, 40005)


async def test_a_body_must_say_that_it_is_json(fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
    async with session.post(messages_url(fake), data=b"{}", headers={"Content-Type": "text/plain"}) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)
        assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Authorization": "Bot wrong"}, 401), ({"Authorization": ""}, 401), ({"User-Agent": "curl/8"}, 403)],
)
async def test_the_bot_must_say_who_it_is(
    fake: FakeDiscord, session: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    async with session.get(f"{fake.api_url}/users/@me", headers=headers) as response:
        assert response.status == status


async def test_an_enforced_nonce_gives_the_first_message_back(
    fake: FakeDiscord, session: aiohttp.ClientSession
) -> None:
    payload = {**QUIET, "content": "first", "nonce": "n1", "enforce_nonce": True}
    _, first = await send(session, messages_url(fake), payload)
    _, second = await send(session, messages_url(fake), payload | {"content": "second"})
    assert (second["id"], second["content"]) == (first["id"], "first")
    fake.delete(fake.messages[0])
    assert (await send(session, messages_url(fake), payload))[1]["code"] == 10008
    fake.rest.forget_nonces()
    assert (await send(session, messages_url(fake), payload))[0] == 200


async def test_pings_are_counted_as_the_real_one_would_send_them(
    fake: FakeDiscord, session: aiohttp.ClientSession
) -> None:
    ada, bob = fake.user("Ada"), fake.user("Bob")
    question = fake.say(fake.channel, ada, "?")
    reference = {"message_reference": {"message_id": str(question.id)}}
    loud = {"content": f"{bob.mention} @everyone", "allowed_mentions": {"parse": ["users", "everyone"]}}
    await send(session, messages_url(fake), loud)
    await send(session, messages_url(fake), {**QUIET, "content": bob.mention} | reference)
    await send(session, messages_url(fake), {"content": "x", "allowed_mentions": {"replied_user": True}} | reference)
    assert [m.pinged for m in fake.messages[1:]] == [{str(bob.id), "@everyone"}, set(), {str(ada.id)}]


async def test_only_own_messages_can_be_edited_or_deleted(fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
    message = fake.say(fake.channel, fake.user("Ada"), "mine")
    url = f"{messages_url(fake)}/{message.id}"
    assert (await send(session, url, {**QUIET, "content": "yours"}, method="PATCH"))[1]["code"] == 50005
    assert (await send(session, url, {}, method="DELETE"))[1]["code"] == 50013
    assert message.content == "mine"


async def test_an_edit_keeps_the_attachments_it_lists_and_may_not_empty_a_message(
    fake: FakeDiscord, session: aiohttp.ClientSession
) -> None:
    _, posted = await send(session, messages_url(fake), attached(), {"files[0]": b"RIFF"})
    url = f"{messages_url(fake)}/{posted['id']}"
    kept = {**QUIET, "content": "words", "attachments": [{"id": posted["attachments"][0]["id"]}]}
    _, edited = await send(session, url, kept, method="PATCH")
    assert (edited["content"], len(edited["attachments"])) == ("words", 1)
    async with session.get(posted["attachments"][0]["url"]) as response:
        assert await response.read() == b"RIFF"
    empty: dict[str, Any] = {**QUIET, "content": None, "attachments": []}
    assert (await send(session, url, empty, method="PATCH"))[1]["code"] == 50006


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Face", "description": "upper case"},
        {"name": "face", "description": ""},
        {"name": "face", "description": "x", "options": [{"name": "a", "description": "x", "type": 99}]},
        {
            "name": "face",
            "description": "required options come first",
            "options": [
                {"name": "a", "description": "x", "type": 3},
                {"name": "b", "description": "x", "type": 3, "required": True},
            ],
        },
    ],
)
async def test_a_malformed_command_is_refused(
    fake: FakeDiscord, session: aiohttp.ClientSession, command: dict[str, Any]
) -> None:
    url = f"{fake.api_url}/applications/{fake.application_id}/commands"
    assert (await send(session, url, [command], method="PUT"))[0] == 400
    assert fake.commands == []


async def test_an_interaction_is_answered_once_and_by_its_token(
    fake: FakeDiscord, session: aiohttp.ClientSession
) -> None:
    fake.commands = [{"id": "1", "name": "face", "options": [{"name": "emote", "type": 3}]}]
    interaction = fake.interact(fake.channel, fake.user("Ada"), emote="😂")
    callback = f"{fake.api_url}/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
    webhook = f"{fake.api_url}/webhooks/{fake.application_id}"
    assert (await send(session, callback, {"type": 5}))[1]["interaction"]["response_message_loading"]
    assert (await send(session, callback, {"type": 5}))[1]["code"] == 40060
    words = {**QUIET, "content": "words", "flags": 64}
    assert (await send(session, f"{webhook}/wrong", words))[1]["code"] == 10015
    assert (await send(session, f"{webhook}/{interaction.token}", words))[0] == 200  # replaces "… is thinking"
    assert interaction.original is not None
    assert (interaction.original.content, interaction.original.is_ephemeral) == ("words", False)
    interaction.expired = True
    original = f"{webhook}/{interaction.token}/messages/@original"
    assert (await send(session, original, words, method="PATCH"))[1]["code"] == 50027


async def test_the_cdn_serves_custom_emoji(fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
    emoji_id = fake.files.add_emoji()
    async with session.get(f"{fake.cdn_url}/emojis/{emoji_id}.png") as response:
        assert (await response.read()).startswith(b"\x89PNG")
    dancing = f"{fake.cdn_url}/emojis/{fake.files.add_emoji(pictures.RED_FILES['animated gif'])}"
    for url, frames in ((".png", 1), (".webp", 1), (".webp?animated=true", 3), (".gif", 3)):
        async with session.get(dancing + url) as response:
            with Image.open(io.BytesIO(await response.read())) as picture:
                assert getattr(picture, "n_frames", 1) == frames
    async with session.get(f"{fake.cdn_url}/emojis/25.png") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 0, "properties": {"os": "", "browser": "", "device": ""}}}, 4004),
        ({"op": 2, "d": {"token": "wrong", "intents": 0}}, 4002),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
        ({"op": 3, "d": {}}, 4003),
    ],
)
async def test_the_gateway_closes_with_the_code_that_says_why(
    fake: FakeDiscord, session: aiohttp.ClientSession, frame: dict[str, Any], code: int
) -> None:
    async with session.ws_connect(fake.gateway_url) as socket:
        assert (await socket.receive_json(timeout=30))["op"] == 10
        await socket.send_json(frame)
        await socket.receive(timeout=30)
        assert socket.close_code == code


async def test_a_bot_without_the_content_intent_sees_no_foreign_text(fake: FakeDiscord) -> None:
    ada = fake.user("Ada")
    secret = Message(fake.channel, ada, "secret")
    mention = Message(fake.channel, ada, f"{fake.bot.mention} hello")
    direct = Message(fake.direct_channel(ada), ada, "direct")
    assert [fake.message_json(m, intents=0)["content"] for m in (secret, mention, direct)] == [
        "",
        mention.content,
        "direct",
    ]
