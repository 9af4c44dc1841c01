"""The menu "Delete this face": who may use it, and on what."""

from __future__ import annotations

from dataclasses import replace

from bot.discord.deleting import DELETE
from bot.models import Emote, EmoteSource
from tests.bot.discord.conftest import Chat
from tests.fakes.discord.world import Message, User


async def answered(chat: Chat, *, shown: User | None = None) -> Message:
    """Ada's question and its answer, made of somebody's avatar when `shown` is given."""
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    if shown is not None:
        avatar = Emote(EmoteSource.DISCORD, "1", "avatar", shown_user_id=str(shown.id))
        chat.faces.requests[request.id] = request = replace(request, emotes=(avatar,))
    await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    return answer


async def told(chat: Chat, message: Message, user: User) -> str:
    interaction = chat.fake.open_menu(message, user, DELETE)
    await chat.fake.until(lambda: interaction.original)
    assert interaction.original is not None
    assert interaction.original.is_ephemeral
    return interaction.original.content


async def test_who_asked_deletes_the_face(chat: Chat) -> None:
    answer = await answered(chat)
    assert await told(chat, answer, chat.ada) == "Deleted."
    assert answer.deleted


async def test_who_is_shown_deletes_the_face(chat: Chat) -> None:
    bob = chat.fake.user("Bob")
    answer = await answered(chat, shown=bob)
    assert await told(chat, answer, bob) == "Deleted."
    assert answer.deleted


async def test_a_moderator_deletes_the_face(chat: Chat) -> None:
    admin = chat.fake.user("Grace")
    admin.manages = True
    answer = await answered(chat)
    assert await told(chat, answer, admin) == "Deleted."
    assert answer.deleted


async def test_nobody_else_deletes_it(chat: Chat) -> None:
    answer = await answered(chat)
    assert "Only who asked" in await told(chat, answer, chat.fake.user("Bob"))
    assert not answer.deleted


async def test_of_a_question_long_forgotten_only_moderators_delete_the_face(chat: Chat) -> None:
    answer = await answered(chat)
    chat.faces.requests.clear()
    assert "Only who asked" in await told(chat, answer, chat.ada)
    admin = chat.fake.user("Grace")
    admin.manages = True
    assert await told(chat, answer, admin) == "Deleted."


async def test_what_others_say_is_left_alone(chat: Chat) -> None:
    message = chat.fake.say(chat.fake.channel, chat.ada, "hello")
    assert await told(chat, message, chat.ada) == "That is no face of mine."
    assert not message.deleted


async def test_a_face_deleted_meanwhile_is_gone(chat: Chat) -> None:
    answer = await answered(chat)
    chat.fake.delete(answer)
    assert await told(chat, answer, chat.ada) == "It is gone already."


async def test_the_menu_is_registered_beside_the_commands(chat: Chat) -> None:
    assert DELETE in [command["name"] for command in chat.fake.commands]
