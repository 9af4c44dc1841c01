"""Pausing, purging, and what the log channel is told."""

from __future__ import annotations

import time

import pytest

from bot.errors import Paused
from bot.models import Origin, Platform, Standing
from bot.policy.settings import EVERYWHERE
from bot.store.audit import Audit
from tests.bot.discord.admin.asking import admin_of, command, scope_of, shows, told, words_of
from tests.bot.discord.conftest import Chat


def origin(chat: Chat) -> Origin:
    return Origin(Platform.DISCORD, scope_of(chat), str(chat.fake.channel.id), "1")


async def test_a_pause_holds_until_somebody_resumes(chat: Chat) -> None:
    admin = admin_of(chat)
    assert "/emoteface resume" in await told(chat, admin, "pause")
    with pytest.raises(Paused):
        await chat.policy.check(origin(chat), Standing(), 1.0)
    assert await told(chat, admin, "resume") == "Done: faces are drawn here again."
    await chat.policy.check(origin(chat), Standing(), 1.0)


async def test_a_pause_with_an_end_says_when_and_ends(chat: Chat) -> None:
    words = await told(chat, admin_of(chat), "pause", minutes=30)
    here = await chat.policy.effective(scope_of(chat))
    assert here.paused == pytest.approx(time.time() + 1800, abs=120)
    assert f"<t:{here.paused:.0f}:f>" in words
    assert here.is_paused(time.time())
    assert not here.is_paused(here.paused + 1)


async def test_a_pause_of_the_whole_instance_is_not_the_servers_to_end(chat: Chat) -> None:
    await chat.policy.set(EVERYWHERE, None, "paused", True, "operator")
    assert "paused it everywhere" in await told(chat, admin_of(chat), "resume")
    with pytest.raises(Paused):
        await chat.policy.check(origin(chat), Standing(), 1.0)


async def test_nobody_else_pauses_or_purges(chat: Chat) -> None:
    for name, options in {"pause": {}, "resume": {}, "purge": {"hours": 1}}.items():
        assert "Only people who may manage this server" in await told(chat, chat.ada, name, **options)
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_a_purge_asks_first_then_deletes_and_counts(chat: Chat) -> None:
    admin = admin_of(chat)
    questions = [chat.fake.say(chat.fake.channel, chat.ada, "!face 😂") for _ in range(3)]
    for count in range(1, 4):
        await chat.faces.answer(await chat.faces.asked(count))
    answers = [await chat.fake.answer_to(each, picture=True) for each in questions]
    asked = await command(chat, admin, "purge", hours=2)
    assert "last 2 hours in this server" in words_of(asked)
    assert chat.faces.purged == []
    chat.fake.press(asked, admin, "Delete them")
    await shows(chat, asked, "Deleted: 3 of 3 faces")
    assert all(each.deleted for each in answers)
    [(place, since)] = chat.faces.purged
    assert (place.scope_id, place.channel_id) == (scope_of(chat), None)
    assert since == pytest.approx(time.time() - 7200, abs=120)
    [entry] = await Audit(chat.engine).recent(scope_of(chat), 9)
    assert (entry.action, entry.detail) == ("purged", {"faces": 3, "hours": 2})
    assert asked.buttons() == []


async def test_a_purge_of_one_channel_leaves_the_others_alone(chat: Chat) -> None:
    admin, other = admin_of(chat), chat.fake.add_channel("other")
    here = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    there = chat.fake.say(other, chat.ada, "!face 😂")
    for count in (1, 2):
        await chat.faces.answer(await chat.faces.asked(count))
    asked = await command(chat, admin, "purge", hours=1, channel=other)
    chat.fake.press(asked, admin, "Delete them")
    await shows(chat, asked, "Deleted: 1 of 1 faces")
    assert chat.fake.replies_to(there) == []
    assert len(chat.fake.replies_to(here)) == 1


async def test_what_discord_does_not_delete_at_once_is_deleted_later(chat: Chat) -> None:
    admin = admin_of(chat)
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.answer(await chat.faces.asked())
    chat.fake.fail_next("DELETE", "/messages/", 503, times=2)
    asked = await command(chat, admin, "purge", hours=1)
    chat.fake.press(asked, admin, "Delete them")
    await shows(chat, asked, "Deleted: 1 of 1 faces")
    assert chat.fake.replies_to(question) == []


async def test_who_lost_the_right_meanwhile_purges_nothing(chat: Chat) -> None:
    admin = admin_of(chat)
    asked = await command(chat, admin, "purge", hours=1)
    admin.manages = False
    refused = await chat.fake.response_to(chat.fake.press(asked, admin, "Delete them"))
    assert "Only people who may manage this server" in words_of(refused)
    assert chat.faces.purged == []


# -- the log channel ------------------------------------------------------------------------------------------------


async def test_the_log_channel_is_told_of_changes_and_blocks_and_nobody_is_pinged(chat: Chat) -> None:
    admin, log = admin_of(chat), chat.fake.add_channel("log")
    await told(chat, admin, "set", name="log_channel_id", value=str(log.id))
    await told(chat, admin, "set", name="cooldown_s", value="30")
    await told(chat, admin, "block user", member=chat.ada)
    await told(chat, admin, "set", name="cooldown_s", value="30")
    await chat.fake.until(lambda: len(chat.fake.messages_in(log)) == 4)
    notices = chat.fake.messages_in(log)
    assert sorted(each.content for each in notices) == sorted(
        [
            f"<@{admin.id}> set Log channel: <#{log.id}>.",
            f"<@{admin.id}> set Cooldown: 30.",
            f"<@{admin.id}> blocked <@{chat.ada.id}>.",
            f"<@{admin.id}> set Cooldown: 30.",
        ]
    )
    assert not any(each.pinged for each in notices)


async def test_a_log_channel_that_is_gone_changes_nothing_else(chat: Chat) -> None:
    admin = admin_of(chat)
    await told(chat, admin, "set", name="log_channel_id", value="4711")
    for value in ("30", "40"):
        await told(chat, admin, "set", name="cooldown_s", value=value)
        assert (await chat.policy.effective(scope_of(chat))).cooldown_s == float(value)
