"""The menu "Delete this face": who may use it, and on what."""

from __future__ import annotations

from dataclasses import replace

from bot.discord.deleting import DELETE
from bot.models import Emote, EmoteSource
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.test_outbox import shared_by
from tests.fakes.discord.server import FakeDiscord
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


# -- faces that share a message -------------------------------------------------------------------------------------


async def test_of_a_shared_message_people_take_only_theirs_out(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        ada, *others = (fake.user(f"Member {number}") for number in range(5))
        message, _ = await shared_by(chat, [ada, *others])
        theirs = [r.id for r in chat.faces.requests.values() if r.origin.user_id == str(ada.id)]
        assert await told(chat, message, ada) == "Deleted."
        assert len(message.attachments) == 4
        assert not any(request_id in each.filename for each in message.attachments for request_id in theirs)
        assert chat.faces.requests[theirs[0]].answer_ref is None
        assert "Only who asked" in await told(chat, message, ada)
        for other in others:
            await told(chat, message, other)
        assert message.deleted


async def test_who_is_shown_in_a_shared_message_takes_that_face_out(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        message, _ = await shared_by(chat, [fake.user(f"Member {number}") for number in range(5)])
        bob = fake.user("Bob")
        request = next(r for r in chat.faces.requests.values() if r.answer_ref == str(message.id))
        avatar = Emote(EmoteSource.AVATAR, "1", shown_user_id=str(bob.id))
        chat.faces.requests[request.id] = replace(request, emotes=(avatar,))
        assert await told(chat, message, bob) == "Deleted."
        assert len(message.attachments) == 4


async def test_moderators_delete_a_shared_message_as_a_whole(fake: FakeDiscord) -> None:
    async with run_bot(fake) as chat:
        message, _ = await shared_by(chat, [fake.user(f"Member {number}") for number in range(5)])
        grace = fake.user("Grace")
        grace.manages = True
        assert await told(chat, message, grace) == "Deleted."
        assert message.deleted
