"""A channel is linked when both sides say so, and unlinked when one does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.errors import TooManyTries, UnknownCode
from bot.mirror.linking import MAX_TRIES
from bot.models import twitch_scope
from bot.store.audit import Audit
from bot.store.database import open_database
from bot.texts import say
from tests.bot.discord.admin.asking import admin_of, command, scope_of, shows, told, words_of
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message, User

TWITCH, LOGIN, MODERATOR = twitch_scope("12"), "streamer", "77"
_SAID = re.compile(r"!faceset mirror (\S+)`")


async def code_from(chat: Chat, admin: User) -> tuple[Message, str]:
    listed = await command(chat, admin, "mirror")
    chat.fake.press(listed, admin, "New code")
    await shows(chat, listed, "!faceset mirror")
    found = _SAID.search(words_of(listed))
    assert found is not None
    return listed, found[1]


async def linked(chat: Chat) -> User:
    admin = admin_of(chat)
    _, code = await code_from(chat, admin)
    await chat.mirror.linking.accept(TWITCH, LOGIN, code, MODERATOR)
    return admin


async def test_a_code_of_the_server_given_on_twitch_links_the_channel(chat: Chat) -> None:
    admin = admin_of(chat)
    assert "None yet." in await told(chat, admin, "mirror")
    _, code = await code_from(chat, admin)
    link = await chat.mirror.linking.accept(TWITCH, LOGIN, f" {code.lower()} ", MODERATOR)
    assert (link.scope_id, link.channel_id) == (scope_of(chat), str(chat.fake.channel.id))
    assert f"`{LOGIN}`" in await told(chat, admin, "mirror")


async def test_a_code_works_once_and_a_newer_one_replaces_it(chat: Chat) -> None:
    admin = admin_of(chat)
    _, old = await code_from(chat, admin)
    _, code = await code_from(chat, admin)
    with pytest.raises(UnknownCode):
        await chat.mirror.linking.accept(TWITCH, LOGIN, old, MODERATOR)
    await chat.mirror.linking.accept(TWITCH, LOGIN, code, MODERATOR)
    with pytest.raises(UnknownCode):
        await chat.mirror.linking.accept(twitch_scope("13"), "other", code, MODERATOR)


async def test_who_guesses_codes_is_stopped_even_with_the_right_one(chat: Chat) -> None:
    _, code = await code_from(chat, admin_of(chat))
    for _ in range(MAX_TRIES):
        with pytest.raises(UnknownCode):
            await chat.mirror.linking.accept(TWITCH, LOGIN, "AAAA-AAAA", MODERATOR)
    with pytest.raises(TooManyTries):
        await chat.mirror.linking.accept(TWITCH, LOGIN, code, MODERATOR)
    await chat.mirror.linking.accept(twitch_scope("13"), "other", code, MODERATOR)


async def test_members_get_no_code_and_unlink_nothing(chat: Chat) -> None:
    admin = await linked(chat)
    assert "Only people who may manage this server" in await told(chat, chat.ada, "mirror")
    listed = await command(chat, admin, "mirror")
    admin.manages = False
    chat.fake.press(listed, admin, "Unlink")
    await command(chat, chat.ada, "mirror")  # comes after the press
    assert len(await chat.mirror.linking.of_twitch(TWITCH)) == 1


async def test_without_the_permission_to_post_there_is_no_code(chat: Chat) -> None:
    admin = admin_of(chat)
    listed = await command(chat, admin, "mirror")
    chat.fake.channel.denied.add("attach_files")
    pressed = chat.fake.press(listed, admin, "New code")
    await chat.fake.until(lambda: pressed.followups)
    assert "Attach Files" in words_of(pressed.followups[0])


async def test_the_discord_side_unlinks_by_a_button_also_after_a_restart(fake: FakeDiscord, tmp_path: Path) -> None:
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'emoteface.db'}") as engine:
        async with run_bot(fake, engine=engine) as chat:
            admin = await linked(chat)
            listed = await command(chat, admin, "mirror")
        async with run_bot(fake, engine=engine) as chat:
            fake.press(listed, admin, "Unlink")
            await shows(chat, listed, "None yet.")
            assert await chat.mirror.linking.of_twitch(TWITCH) == []


async def test_the_twitch_side_unlinks_in_its_chat(chat: Chat) -> None:
    admin = await linked(chat)
    answer = chat.mirror.command.answer
    assert "A Discord channel shows" in say(await answer(TWITCH, LOGIN, MODERATOR, ""))
    assert "any more" in say(await answer(TWITCH, LOGIN, MODERATOR, " OFF "))
    assert "No Discord channel" in say(await answer(TWITCH, LOGIN, MODERATOR, "off"))
    assert "/emoteface mirror" in say(await answer(TWITCH, LOGIN, MODERATOR, ""))
    assert "None yet." in await told(chat, admin, "mirror")


async def test_both_sides_have_it_written_down_and_the_log_channel_is_told(chat: Chat) -> None:
    log_channel = chat.fake.add_channel("log")
    await chat.policy.set(scope_of(chat), None, "log_channel_id", str(log_channel.id), "1")
    admin = await linked(chat)
    await chat.fake.until(lambda: any("on Twitch shown in" in each.content for each in chat.fake.messages))
    assert f"`{LOGIN}` on Twitch shown in <#{chat.fake.channel.id}>" in await told(chat, admin, "audit")
    [entry] = await Audit(chat.engine).recent(TWITCH, 10)
    assert (entry.action, entry.user_id) == ("mirror_linked", MODERATOR)
