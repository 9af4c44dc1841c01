"""Joining a server: three steps where they are read, once; and what is remembered of coming and going."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.discord.invite import NEEDED
from bot.replies import PERMISSIONS
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Guild, Message
from tests.polling import PATIENCE_S, until


async def eventually(question: Callable[[], Awaitable[Any]], condition: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition(await question()):
            await asyncio.sleep(0.01)


def added(chat: Chat, name: str = "Others", **facts: object) -> Guild:
    return chat.fake.add_guild(name, **facts)


def greetings(fake: FakeDiscord, guild: Guild) -> list[Message]:
    return [message for message in fake.messages if message.channel.guild is guild and message.author is fake.bot]


async def greeted(chat: Chat, guild: Guild) -> Message:
    await chat.fake.until(lambda: greetings(chat.fake, guild))
    return greetings(chat.fake, guild)[0]


async def ready(chat: Chat) -> None:
    """The library has told of all servers, and they were written down."""
    await eventually(chat.servers.present, lambda present: str(chat.fake.guild.id) in present)


async def test_a_new_server_hears_three_steps(chat: Chat) -> None:
    guild = added(chat)
    message = await greeted(chat, guild)
    first, *steps = message.content.splitlines()
    assert first.startswith("Hello!")
    assert [step[:2] for step in steps] == ["1.", "2.", "3.", "I "]
    for command in ("`/face`", "`/emoteface`", "`/emoteface settings`"):
        assert command in message.content
    assert message.pinged == set()


async def test_it_is_said_in_the_language_of_the_server(chat: Chat) -> None:
    guild = added(chat, locale="fr")
    assert (await greeted(chat, guild)).content.startswith("Bonjour")


async def test_permissions_of_the_invitation_that_are_missing_are_named_with_a_link(chat: Chat) -> None:
    guild = chat.fake.add_guild("Others", with_bot=False)
    guild.bot_role.permissions = set(NEEDED) - {"attach_files", "create_expressions"}
    guild.everyone.permissions = {"view_channel"}
    chat.fake.invite(guild)
    last = (await greeted(chat, guild)).content.splitlines()[-1]
    assert "`Attach Files` and `Create Expressions`" in last
    assert f"client_id={chat.fake.application_id}" in last
    assert f"guild_id={guild.id}" in last


async def test_nothing_is_missing_where_everything_was_given(chat: Chat) -> None:
    guild = chat.fake.add_guild("Others", with_bot=False)
    guild.bot_role.permissions = set(NEEDED)
    chat.fake.invite(guild)
    assert "lack" not in (await greeted(chat, guild)).content


@pytest.mark.parametrize("silent", [False, True], ids=["there", "silent"])
async def test_the_channel_of_notices_comes_first_if_the_bot_may_speak_there(chat: Chat, silent: bool) -> None:
    guild = chat.fake.add_guild("Others", with_bot=False)
    general = chat.fake.channel_of(guild)
    notices = chat.fake.add_channel("notices", guild=guild)
    guild.system_channel = notices
    if silent:
        notices.denied = {"send_messages"}
    chat.fake.invite(guild)
    assert (await greeted(chat, guild)).channel is (general if silent else notices)


async def test_the_first_channel_it_may_speak_in_is_taken(chat: Chat) -> None:
    guild = chat.fake.add_guild("Others", with_bot=False)
    hidden, chosen = chat.fake.channel_of(guild), chat.fake.add_channel("chat", guild=guild)
    hidden.denied, chosen.position = {"view_channel"}, 1
    later: Channel = chat.fake.add_channel("later", guild=guild)
    later.position = 2
    chat.fake.invite(guild)
    assert (await greeted(chat, guild)).channel is chosen


async def test_where_it_may_speak_nowhere_it_keeps_silent_until_it_may(chat: Chat) -> None:
    guild = chat.fake.add_guild("Others", with_bot=False)
    chat.fake.channel_of(guild).denied = {"send_messages"}
    chat.fake.invite(guild)
    await eventually(chat.servers.present, lambda present: str(guild.id) in present)
    assert greetings(chat.fake, guild) == []
    assert await chat.servers.claim_greeting(str(guild.id))


async def test_a_reconnect_greets_nobody_again(chat: Chat) -> None:
    guild = added(chat)
    await greeted(chat, guild)
    await ready(chat)
    chat.fake.drop_gateway(forget=True)
    await until(lambda: not chat.bot.ready)
    await until(lambda: chat.bot.ready)
    other = added(chat, "Third")
    await greeted(chat, other)
    assert len(greetings(chat.fake, guild)) == 1
    assert greetings(chat.fake, chat.fake.guild) == []


async def test_a_server_that_adds_it_again_is_greeted_again(chat: Chat) -> None:
    guild = added(chat)
    await greeted(chat, guild)
    chat.fake.remove(guild)
    await eventually(lambda: chat.servers.left_before(time.time() + 60), bool)
    guild.locale = "de"  # the very same words within minutes would be a repetition to Discord
    chat.fake.invite(guild)
    await chat.fake.until(lambda: len(greetings(chat.fake, guild)) == 2)


async def test_what_happened_while_it_was_away_is_made_up_for(fake: FakeDiscord) -> None:
    """An old server is not greeted by an update of the bot, a new one is, and one that is gone is marked."""
    new = fake.add_guild("New")
    async with run_bot(fake, wait=False) as chat:
        await chat.servers.joined(["1"], 5.0, greeted=True)
        await until(lambda: chat.bot.ready)
        await greeted(chat, new)
        await ready(chat)
        assert greetings(fake, fake.guild) == []
        assert await chat.servers.left_before(time.time() + 60) == ["1"]


async def test_everything_that_is_asked_for_has_a_name() -> None:
    assert set(NEEDED) <= set(PERMISSIONS)
