"""What Discord does not take as it is becomes smaller, a link, or words."""

from __future__ import annotations

import pytest

from bot.delivery import Undeliverable
from bot.models import FacePicture, FaceRequest
from inference.protocol import Format
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.test_smaller import drawn
from tests.fakes.discord import core
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message

PUBLIC_URL = "https://faces.example.org"


async def asked(chat: Chat) -> tuple[Message, FaceRequest, FacePicture]:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    return question, request, FacePicture(request.id, drawn(Format.WEBP, 1), 256, 256)


def take_at_most(fake: FakeDiscord, limit_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server that takes less than the real one."""
    monkeypatch.setattr(core, "UPLOAD_LIMITS_BYTES", (limit_bytes,) * 4)


def refusals(fake: FakeDiscord) -> int:
    """How often something was too large; nothing else was wrong."""
    assert all("413 40005" in complaint for complaint in fake.complaints)
    count = len(fake.complaints)
    fake.complaints.clear()
    return count


async def test_what_is_too_large_is_posted_smaller(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question, request, face = await asked(chat)
    take_at_most(chat.fake, len(face.content) // 3, monkeypatch)
    await chat.faces.answer(request, face)
    [answer] = chat.fake.replies_to(question)
    [picture] = answer.pictures()
    assert picture.filename == f"face-{request.id}.webp"
    assert picture.description == "A face made from 😂, AI-generated"
    assert len(picture.content) <= len(face.content) // 3
    assert refusals(chat.fake) >= 1


async def test_a_response_that_is_too_large_is_edited_in_smaller(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    request = await chat.faces.asked()
    face = FacePicture(request.id, drawn(Format.WEBP, 7), 256, 256)
    take_at_most(chat.fake, len(face.content) - 1, monkeypatch)
    await chat.faces.answer(request, face)
    assert interaction.original is not None
    [picture] = interaction.original.pictures()
    assert len(picture.content) <= len(face.content) // 2
    assert refusals(chat.fake) == 1


async def test_what_is_too_large_at_any_size_becomes_words(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    question, request, face = await asked(chat)
    take_at_most(chat.fake, 100, monkeypatch)
    await chat.faces.answer(request, face)
    [answer] = chat.fake.replies_to(question)
    assert "too large" in answer.content
    assert refusals(chat.fake) > 2


async def test_with_a_public_address_it_becomes_a_link(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_bot(fake, public_url=PUBLIC_URL) as chat:
        question, request, face = await asked(chat)
        take_at_most(fake, 100, monkeypatch)
        await chat.faces.answer(request, face)
        [answer] = fake.replies_to(question)
        assert f"{PUBLIC_URL}/pictures/{request.id}.webp" in answer.content
        assert answer.pictures() == []
        refusals(fake)


async def test_a_status_line_becomes_the_link(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_bot(fake, public_url=PUBLIC_URL, status_after_s=0.01) as chat:
        question, request, face = await asked(chat)
        status = await fake.answer_to(question)
        take_at_most(fake, 100, monkeypatch)
        await chat.faces.answer(request, face)
        assert fake.replies_to(question) == [status]
        assert PUBLIC_URL in status.content
        assert status.buttons() == []
        refusals(fake)


@pytest.mark.parametrize("public_url", [None, PUBLIC_URL])
async def test_where_pictures_are_forbidden_meanwhile_words_are_left(fake: FakeDiscord, public_url: str | None) -> None:
    async with run_bot(fake, public_url=public_url) as chat:
        question, request, face = await asked(chat)
        fake.channel.denied.add("attach_files")
        await chat.faces.answer(request, face)
        [answer] = fake.replies_to(question)
        assert (public_url or "Attach Files") in answer.content
        assert answer.pictures() == []


async def test_a_response_in_which_pictures_are_forbidden_becomes_words(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    request = await chat.faces.asked()
    chat.fake.fail_next("PATCH", "/webhooks/", 403, code=50013)
    await chat.faces.answer(request)
    assert interaction.original is not None
    assert "Attach Files" in interaction.original.content


async def test_words_that_are_forbidden_have_nothing_instead(chat: Chat) -> None:
    question, request, face = await asked(chat)
    chat.fake.channel.denied.add("send_messages")
    with pytest.raises(Undeliverable):
        await chat.faces.answer(request, face)
    assert chat.fake.replies_to(question) == []
    assert list(question.reactions) == ["⚠️"]
