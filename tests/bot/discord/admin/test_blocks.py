"""Blocks: as an admin, a moderator and a member make, list and take them back."""

from __future__ import annotations

import pytest

from bot.errors import Blocked, TooManyBlocked, UploadGone
from bot.models import Emote, EmoteSource, Origin, Platform, Standing
from bot.replies import words_for
from bot.store.blocks import BlockKind
from bot.texts import say
from tests.bot.discord.admin.asking import admin_of, command, scope_of, shows, told, words_of
from tests.bot.discord.conftest import Chat
from tests.bot.discord.showing import picture
from tests.fakes.discord.world import Message, User

JOY = Emote(EmoteSource.UNICODE, "1f602")
DONE = "Done: that is not drawn here any more, and neither are copies of it."


def origin(chat: Chat, user: User) -> Origin:
    return Origin(Platform.DISCORD, scope_of(chat), str(chat.fake.channel.id), str(user.id))


async def menu(chat: Chat, message: Message, user: User) -> str:
    asked = chat.fake.open_menu(message, user, "Block this picture")
    answer = await chat.fake.response_to(asked)
    assert answer.is_ephemeral
    return words_of(answer)


async def test_a_member_and_a_role_are_blocked_at_once_and_unblocked(chat: Chat) -> None:
    admin, role = admin_of(chat), chat.fake.add_role("Pests")
    bob = chat.fake.user("Bob")
    assert f"<@{bob.id}>" in await told(chat, admin, "block user", member=bob)
    assert f"<@&{role.id}>" in await told(chat, admin, "block role", role=role)
    with pytest.raises(Blocked):
        await chat.policy.check(origin(chat, bob), Standing(), 1.0)
    with pytest.raises(Blocked):
        await chat.policy.check(origin(chat, chat.ada), Standing(role_ids=frozenset({str(role.id)})), 1.0)
    await told(chat, admin, "unblock", what=f"user:discord:{bob.id}")
    await chat.policy.check(origin(chat, bob), Standing(), 1.0)
    assert await told(chat, admin, "unblock", what="user:discord:1") == "That is not blocked here."
    assert await told(chat, admin, "unblock", what="@everyone") == "That is not blocked here."


async def test_an_emote_is_blocked_by_what_it_is_not_what_it_is_called(chat: Chat) -> None:
    admin = admin_of(chat)
    assert await told(chat, admin, "block emote", emote="LUL") == DONE
    [(scope_id, [emote], by_user_id)] = chat.faces.blocked
    assert (scope_id, emote.id, by_user_id) == (scope_of(chat), "1", str(admin.id))
    assert "don't know that emote" in await told(chat, admin, "block emote", emote="@everyone")


async def test_a_picture_is_blocked_that_is_sent_along_or_linked_to(chat: Chat) -> None:
    admin, sent = admin_of(chat), picture()
    assert await told(chat, admin, "block picture", picture=sent) == DONE
    assert f"/{sent.id}/" in chat.faces.blocked[-1][1][0].id
    posted = picture()
    message = chat.fake.say(chat.fake.channel, chat.ada, "look", attachments=[posted])
    link = f"https://discord.com/channels/{chat.fake.guild.id}/{message.channel.id}/{message.id}"
    assert await told(chat, admin, "block picture", link=link) == DONE
    assert f"/{posted.id}/" in chat.faces.blocked[-1][1][0].id


@pytest.mark.parametrize("where", ["another server", "nowhere", "no link"])
async def test_links_to_anywhere_else_are_not_followed(chat: Chat, where: str) -> None:
    link = {
        "another server": "https://discord.com/channels/1/2/3",
        "nowhere": f"https://discord.com/channels/{chat.fake.guild.id}/{chat.fake.channel.id}/3",
        "no link": "@everyone",
    }[where]
    assert await told(chat, admin_of(chat), "block picture", link=link) != DONE
    assert chat.faces.blocked == []


async def test_a_moderator_blocks_what_a_message_shows_or_a_face_was_made_of(chat: Chat) -> None:
    moderator = chat.fake.user("Max", roles=[chat.fake.add_role("Moderators", "manage_messages")])
    shown = picture()
    message = chat.fake.say(chat.fake.channel, chat.ada, "look", attachments=[shown])
    assert await menu(chat, message, moderator) == DONE
    assert f"/{shown.id}/" in chat.faces.blocked[-1][1][0].id
    chat.faces.emotes["😂"] = JOY
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.answer(await chat.faces.asked())
    assert await menu(chat, await chat.fake.answer_to(question, picture=True), moderator) == DONE
    assert chat.faces.blocked[-1][1] == (JOY,)


@pytest.mark.parametrize("error", [UploadGone(), TooManyBlocked(1000)])
async def test_what_cannot_be_blocked_is_told(chat: Chat, error: UploadGone | TooManyBlocked) -> None:
    chat.faces.limit = error
    assert await told(chat, admin_of(chat), "block picture", picture=picture()) == say(words_for(error))


async def test_the_list_is_paged_and_has_a_button_beside_each(chat: Chat) -> None:
    admin = admin_of(chat)
    for user_id in range(1, 11):
        await chat.policy.blocking.block_user(scope_of(chat), Platform.DISCORD, str(user_id), str(admin.id))
    listed = await command(chat, admin, "blocks", kind="user")
    await shows(chat, listed, "Blocked members: 10")
    assert "<@10>" in words_of(listed)
    assert "<@1>," not in words_of(listed)
    chat.fake.press(listed, admin, "Older")
    await shows(chat, listed, "<@1>,")
    chat.fake.press(listed, admin, f"blocks:user:1:discord:{1}")
    await shows(chat, listed, "Blocked members: 9")
    assert len(await chat.policy.blocking.listed(scope_of(chat), BlockKind.USER)) == 9


async def test_what_is_blocked_is_suggested_to_admins_alone(chat: Chat) -> None:
    await chat.policy.blocking.block_user(scope_of(chat), Platform.DISCORD, "12", "1")
    for user, expected in ((admin_of(chat), ["user:discord:12"]), (chat.ada, [])):
        choices = await chat.fake.autocomplete(chat.fake.channel, user, "emoteface unblock", what="12")
        assert [choice["value"] for choice in choices] == expected


async def test_members_block_nobody(chat: Chat) -> None:
    role, message = (
        chat.fake.add_role("Pests"),
        chat.fake.say(chat.fake.channel, chat.ada, "x", attachments=[picture()]),
    )
    for name, options in {
        "block user": {"member": chat.ada},
        "block role": {"role": role},
        "block emote": {"emote": "LUL"},
        "block picture": {"picture": picture()},
        "unblock": {"what": "user:discord:1"},
        "blocks": {"kind": "user"},
    }.items():
        assert "Only people who may manage this server" in await told(chat, chat.ada, name, **options)
    with pytest.raises(AssertionError, match="may not use"):
        await menu(chat, message, chat.ada)
    assert chat.faces.blocked == []


async def test_everybody_is_paused_not_blocked(chat: Chat) -> None:
    assert "/emoteface pause" in await told(chat, admin_of(chat), "block role", role=chat.fake.guild.everyone)
