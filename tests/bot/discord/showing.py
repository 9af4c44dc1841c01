"""Things that messages show, and what comes of them."""

from __future__ import annotations

from typing import Any

from bot.consent import Switch
from bot.models import Emote, EmoteSource
from tests.bot.discord.conftest import Chat
from tests.fakes.discord.world import Attachment, Message, Sticker, User

PNG = b"\x89PNG bytes"
SEVENTV = "https://cdn.7tv.app/emote/01F6/4x.webp"


def picture(name: str = "cat.png", **values: Any) -> Attachment:
    return Attachment(name, PNG, content_type="image/png", **{"size": (640, 480)} | values)


def sticker(format_type: int = 3) -> Sticker:
    return Sticker("wave", format_type, b"{}")


async def allow(chat: Chat, *switches: Switch) -> None:
    for switch in switches:
        await chat.policy.set(str(chat.fake.guild.id), None, switch.value, True, "admin")


async def emotes_of(chat: Chat) -> tuple[Emote, ...]:
    return (await chat.faces.asked()).emotes


async def words_to(chat: Chat, question: Message) -> str:
    answer = await chat.fake.answer_to(question)
    assert chat.faces.requests == {}
    return answer.content


def shows(emote: Emote, attachment: Attachment, owner: User | None) -> bool:
    is_it = f"/{attachment.id}/" in emote.id and emote.source is EmoteSource.ATTACHMENT
    return is_it and emote.shown_user_id == (None if owner is None else str(owner.id))


def bob(chat: Chat) -> User:
    return chat.fake.user("Bob")
