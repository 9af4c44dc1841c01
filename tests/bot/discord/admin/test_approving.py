"""Faces that wait for approval are decided about one at a time, by who may manage the server they are of."""

from __future__ import annotations

import io
from unittest.mock import Mock

from PIL import Image

from bot.discord.admin.approving import Approving, Decision, Pending
from bot.discord.admin.desk import Admin
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Platform, RequestState
from bot.stage.face import StageState
from bot.store.audit import Audit
from bot.store.requests import RequestStore
from inference.protocol import FaceOptions
from tests.bot.discord.admin.asking import admin_of, command, scope_of, shows, told, words_of
from tests.bot.discord.conftest import Chat

IDS = ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"]


async def waiting(chat: Chat, scope_id: str | None = None) -> None:
    """Two faces that were drawn there and wait."""
    scope_id = scope_id or scope_of(chat)
    await chat.policy.set(scope_id, None, "approve_first", True, "1")
    file = io.BytesIO()
    Image.new("RGB", (256, 128), "gold").save(file, "WEBP")
    for at, request_id in enumerate(IDS):
        request = FaceRequest(
            request_id,
            Origin(Platform.DISCORD, scope_id, str(chat.fake.channel.id), "1"),
            (Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy"),),
            FaceOptions(),
            1000.0 + at,
            2000.0,
            state=RequestState.ANSWERED,
        )
        picture = FacePicture(request_id, file.getvalue(), 256, 128)
        chat.faces.pictures[request_id] = picture
        await RequestStore(chat.engine).add(request)
        await chat.stage.present(request, picture)


async def state(chat: Chat, request_id: str) -> StageState:
    face = await chat.stage.get(request_id)
    assert face is not None
    return face.state


async def test_where_nothing_waits_there_is_nothing_to_decide(chat: Chat) -> None:
    assert await told(chat, admin_of(chat), "approvals") == "0 faces are waiting."


async def test_only_who_may_manage_the_server_decides(chat: Chat) -> None:
    await waiting(chat)
    assert "Only people who may manage this server" in await told(chat, chat.ada, "approvals")


async def test_a_face_is_shown_with_its_picture_and_approved(chat: Chat) -> None:
    await waiting(chat)
    admin = admin_of(chat)
    asked = await command(chat, admin, "approvals")
    assert words_of(asked) == "2 faces are waiting."
    [attached] = asked.attachments
    assert attached.filename == f"face-{IDS[0]}.webp"
    chat.fake.press(asked, admin, "Show it")
    await shows(chat, asked, "It is shown. 1 face is waiting.")
    assert [await state(chat, each) for each in IDS] == [StageState.SHOWN, StageState.PENDING]
    chat.fake.press(asked, admin, "Hide it")
    await shows(chat, asked, "It is hidden. 0 faces are waiting.")
    assert asked.buttons() == []
    assert asked.attachments == []
    assert [await state(chat, each) for each in IDS] == [StageState.SHOWN, StageState.HIDDEN]
    actions = [entry.action for entry in await Audit(chat.engine).recent(scope_of(chat), 2)]
    assert sorted(actions) == ["face_approved", "face_hidden"]


async def test_next_leaves_a_face_waiting(chat: Chat) -> None:
    await waiting(chat)
    admin = admin_of(chat)
    asked = await command(chat, admin, "approvals")
    chat.fake.press(asked, admin, "Next")
    await chat.fake.until(lambda: [each.filename for each in asked.attachments] == [f"face-{IDS[1]}.webp"])
    chat.fake.press(asked, admin, "Next")
    await chat.fake.until(lambda: [each.filename for each in asked.attachments] == [f"face-{IDS[0]}.webp"])
    assert [await state(chat, each) for each in IDS] == [StageState.PENDING] * 2


async def test_what_somebody_else_has_decided_stays(chat: Chat) -> None:
    await waiting(chat)
    admin = admin_of(chat)
    asked = await command(chat, admin, "approvals")
    await chat.stage.hide(IDS[0], "2")
    chat.fake.press(asked, admin, "Show it")
    await shows(chat, asked, "Somebody has decided about that one already.")
    assert await state(chat, IDS[0]) is StageState.HIDDEN


async def test_another_servers_faces_are_not_theirs_to_decide_about(chat: Chat) -> None:
    await waiting(chat, "4711")
    approving = Approving(chat.stage, chat.faces, Mock())
    for decision in Decision:
        answer = await approving._decide(Admin(scope_of(chat), "1", "en"), decision, IDS[0])
        assert isinstance(answer, Pending)
        assert answer.face is None
    assert await state(chat, IDS[0]) is StageState.PENDING


async def test_who_lost_the_right_meanwhile_decides_nothing(chat: Chat) -> None:
    await waiting(chat)
    admin = admin_of(chat)
    asked = await command(chat, admin, "approvals")
    admin.manages = False
    refused = await chat.fake.response_to(chat.fake.press(asked, admin, "Hide it"))
    assert "Only people who may manage this server" in words_of(refused)
    assert await state(chat, IDS[0]) is StageState.PENDING
