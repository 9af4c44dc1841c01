"""What pages outside Discord learn about its servers, and who may manage one at this moment."""

from __future__ import annotations

import pytest

from bot.directory import RightsUnknown
from bot.discord.directory import DiscordDirectory
from bot.discord.link import Link
from bot.store.servers import Servers
from tests.bot.discord.conftest import run_bot
from tests.bot.discord.faces import ScriptedEmotes
from tests.fakes.discord.server import FakeDiscord


async def test_servers_channels_and_roles_have_names(fake: FakeDiscord) -> None:
    fake.add_channel("art")
    role = fake.add_role("Regulars")
    async with run_bot(fake) as chat:
        directory, scope_id = chat.bot.directory, str(fake.guild.id)
        assert scope_id in await directory.present()
        assert directory.name(scope_id) == "Testers"
        assert {"#general", "#art"} <= set((directory.channels(scope_id) or {}).values())
        assert (directory.roles(scope_id) or {})[str(role.id)] == "@Regulars"
        assert directory.name("1") is None
        assert directory.channels("1") is None


async def test_who_may_manage_is_asked_of_discord(fake: FakeDiscord) -> None:
    manager, member, stranger = fake.user("Manager"), fake.user("Member"), fake.stranger("Stranger")
    manager.roles.append(fake.add_role("Mods", "manage_guild"))
    async with run_bot(fake) as chat:
        directory, scope_id = chat.bot.directory, str(fake.guild.id)
        assert await directory.manages(scope_id, str(manager.id))
        assert not await directory.manages(scope_id, str(member.id))
        assert not await directory.manages(scope_id, str(stranger.id))
        assert not await directory.manages("1", str(manager.id))


async def test_a_right_that_was_taken_away_is_gone_soon(fake: FakeDiscord) -> None:
    manager = fake.user("Manager")
    manager.roles.append(fake.add_role("Mods", "manage_guild"))
    async with run_bot(fake) as chat:
        scope_id = str(fake.guild.id)
        at_once = DiscordDirectory(chat.bot._link, chat.servers, chat.emotes, kept_s=0)
        assert await at_once.manages(scope_id, str(manager.id))
        manager.roles.clear()
        assert not await at_once.manages(scope_id, str(manager.id))


async def test_while_discord_does_not_answer_nobody_is_let_in(fake: FakeDiscord) -> None:
    manager = fake.user("Manager")
    async with run_bot(fake) as chat:
        fake.fail_next("GET", "/members/", 403)
        with pytest.raises(RightsUnknown):
            await chat.bot.directory.manages(str(fake.guild.id), str(manager.id))


async def test_without_a_connection_nobody_is_let_in() -> None:
    directory = DiscordDirectory(Link(), Servers.__new__(Servers), ScriptedEmotes())
    with pytest.raises(RightsUnknown):
        await directory.manages("1", "2")
