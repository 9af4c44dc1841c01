"""Guilds, roles and permissions, threads, reactions and emoji, as discord.py sees them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import discord
import pytest
from PIL import Image

from tests.fakes import pictures
from tests.fakes.discord.conftest import Bot, Connect
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import User
from tests.polling import until


@pytest.fixture
def ada(fake: FakeDiscord) -> User:
    return fake.user("Ada")


def file(size: int = 4) -> discord.File:
    return discord.File(io.BytesIO(bytes(size)), "face.webp")


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (32, 32)).save(buffer, "PNG")
    return buffer.getvalue()


class Listening(Bot):
    """Keeps what it hears."""

    def __init__(self, **details: Any) -> None:
        super().__init__(**details)
        self.heard: list[tuple[Any, ...]] = []

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.heard.append(("reaction", payload.user_id, str(payload.emoji), payload.message_author_id))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.heard.append(("joined", guild.name))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.heard.append(("left", guild.name))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.heard.append(("thread", thread.name))


DEEDS: dict[str, Callable[[discord.TextChannel, discord.Message], Any]] = {
    "attach_files": lambda channel, said: channel.send(file=file()),
    "embed_links": lambda channel, said: channel.send(embed=discord.Embed(title="x")),
    "send_messages": lambda channel, said: channel.send("x"),
    "view_channel": lambda channel, said: channel.send("x"),
    "read_message_history": lambda channel, said: channel.fetch_message(said.id),
    "create_public_threads": lambda channel, said: said.create_thread(name="x"),
    "manage_messages": lambda channel, said: said.delete(),
    "add_reactions": lambda channel, said: said.add_reaction("😂"),
}


@pytest.mark.parametrize("permission", DEEDS)
async def test_what_the_bot_is_denied_in_a_channel_it_sees_and_cannot_do(
    fake: FakeDiscord, connect: Connect, ada: User, permission: str
) -> None:
    fake.guild.bot_role.permissions.add("manage_messages")
    denied = fake.add_channel("denied", denied={permission})
    for channel, allowed in ((fake.channel, True), (denied, False)):
        said = fake.say(channel, ada, "hello")
        async with connect() as bot:
            found = bot.get_channel(channel.id)
            assert isinstance(found, discord.TextChannel)
            assert getattr(found.permissions_for(found.guild.me), permission) == allowed
            message = discord.Message(
                state=bot._connection,
                channel=found,
                data=fake.message_json(said),  # type: ignore[arg-type]
            )
            if allowed:
                await DEEDS[permission](found, message)
            else:
                with pytest.raises(discord.Forbidden):
                    await DEEDS[permission](found, message)


async def test_roles_make_what_members_may_do(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    ada.roles = [fake.add_role("keepers", "manage_messages", "manage_guild")]
    admin = fake.user("Grace", manages=True)
    async with connect() as bot:
        guild = bot.get_guild(fake.guild.id)
        assert guild is not None
        keeper, boss = await guild.fetch_member(ada.id), await guild.fetch_member(admin.id)
        assert [role.name for role in keeper.roles] == ["@everyone", "keepers"]
        assert (keeper.guild_permissions.manage_guild, keeper.guild_permissions.administrator) == (True, False)
        with pytest.raises(discord.NotFound):
            await guild.fetch_member(fake.stranger("Eve").id)
        assert boss.id == admin.id


async def test_reactions_are_heard_and_given(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    bot = Listening()
    said = fake.say(fake.channel, ada, "hello")
    async with connect(bot):
        fake.react(said, ada, "😂")
        await until(lambda: ("reaction", ada.id, "😂", ada.id) in bot.heard)
        message = await bot.channel_in(fake).fetch_message(said.id)
        assert [(str(each.emoji), each.count) for each in message.reactions] == [("😂", 1)]
        await message.add_reaction("👍")
        with pytest.raises(discord.HTTPException) as refused:
            await message.add_reaction("<:gone:25>")
        assert refused.value.code == 10014
        await message.remove_reaction("👍", discord.Object(fake.bot.id))
    assert {emoji: people for emoji, people in said.reactions.items() if people} == {"😂": [ada]}


async def test_a_thread_starts_from_a_message_and_has_permissions_of_its_own(
    fake: FakeDiscord, connect: Connect, ada: User
) -> None:
    said = fake.say(fake.channel, ada, "hello")
    bot = Listening()
    async with connect(bot):
        message = await bot.channel_in(fake).fetch_message(said.id)
        thread = await message.create_thread(name="Faces")
        await thread.send("in the thread", file=file())
        with pytest.raises(discord.HTTPException, match="already"):
            await message.create_thread(name="Again")
        fake.change(fake.channel, denied={"send_messages"})
        await thread.send("still allowed")
        fake.change(fake.channel, denied={"send_messages_in_threads"})
        with pytest.raises(discord.Forbidden):
            await thread.send("not allowed")
        await until(lambda: ("thread", "Faces") in bot.heard)
    there = fake.messages_in(fake.channels[thread.id])
    assert [each.content for each in there] == ["in the thread", "still allowed"]


async def test_the_bot_joins_and_leaves_guilds(fake: FakeDiscord, connect: Connect) -> None:
    bot = Listening()
    async with connect(bot):
        owner = fake.stranger("Owner")
        other = fake.add_guild("Others", owner=owner, locale="de")
        await until(lambda: ("joined", "Others") in bot.heard)
        guild = bot.get_guild(other.id)
        assert guild is not None
        assert (guild.owner_id, guild.preferred_locale, len(guild.text_channels)) == (
            owner.id,
            discord.Locale.german,
            1,
        )
        await guild.leave()
        await until(lambda: ("left", "Others") in bot.heard)
        fake.remove(fake.guild)
        await until(lambda: ("left", "Testers") in bot.heard)
        assert not bot.guilds


async def test_admins_can_say_who_may_use_a_command(fake: FakeDiscord, connect: Connect) -> None:
    role = fake.add_role("artists")
    bot = Bot()

    @bot.tree.command(name="face", description="A face")
    async def face(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("x")

    async with connect(bot):
        guild = bot.get_guild(fake.guild.id)
        (command,) = await bot.tree.fetch_commands()
        assert guild is not None
        with pytest.raises(discord.NotFound):  # as long as nobody has said anything
            await command.fetch_permissions(guild)
        fake.guild.command_permissions[str(command.id)] = [{"id": str(role.id), "type": 1, "permission": False}]
        said = await command.fetch_permissions(guild)
    assert [(each.target.id, each.permission) for each in said.permissions] == [(role.id, False)]


async def test_channels_have_an_order_and_one_is_for_notices(fake: FakeDiscord, connect: Connect) -> None:
    fake.guild.system_channel = fake.add_channel("welcome")
    async with connect() as bot:
        guild = bot.get_guild(fake.guild.id)
        assert guild is not None
        assert [channel.name for channel in guild.text_channels] == ["general", "welcome"]
        assert guild.system_channel is guild.text_channels[1]


async def test_emoji_are_made_within_their_limits(fake: FakeDiscord, connect: Connect) -> None:
    async with connect() as bot:
        guild = bot.get_guild(fake.guild.id)
        assert guild is not None
        with pytest.raises(discord.Forbidden):
            await guild.create_custom_emoji(name="kappa", image=png())
        fake.guild.bot_role.permissions.add("create_expressions")
        made = await guild.create_custom_emoji(name="kappa", image=png())
        assert await made.read() == png()
        for picture, name in ((png() + bytes(256 * 1024), "large"), (png(), "k")):
            with pytest.raises(discord.HTTPException) as refused:
                await guild.create_custom_emoji(name=name, image=picture)
            assert refused.value.code == 50035
        for number in range(49):
            fake.name_emoji(f"filler{number}")
        with pytest.raises(discord.HTTPException) as full:
            await guild.create_custom_emoji(name="one_more", image=png())
        assert full.value.code == 30008
        moving = await guild.create_custom_emoji(name="moving", image=pictures.RED_FILES["animated gif"])
        assert moving.animated


async def test_a_direct_message_reaches_who_takes_them(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    closed = fake.user("Closed", is_closed=True)
    async with connect() as bot:
        await (await bot.fetch_user(ada.id)).send("hello")
        with pytest.raises(discord.Forbidden) as refused:
            await (await bot.fetch_user(closed.id)).send("hello")
    assert refused.value.code == 50007
    assert [(m.channel.partner, m.content) for m in fake.messages] == [(ada, "hello")]


async def test_cleaning_up_needs_a_permission(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    said = [discord.Object(fake.say(fake.channel, ada, "hello").id) for _ in range(3)]
    async with connect() as bot:
        with pytest.raises(discord.Forbidden):
            await bot.channel_in(fake).delete_messages(said)
        fake.guild.bot_role.permissions.add("manage_messages")
        await bot.channel_in(fake).delete_messages(said)
    assert fake.messages_in(fake.channel) == []


@pytest.mark.parametrize(("tier", "limit_mib"), [(0, 10), (2, 50), (3, 100)])
async def test_the_size_of_a_file_depends_on_the_boosts(
    fake: FakeDiscord, connect: Connect, tier: int, limit_mib: int
) -> None:
    fake.guild.tier = tier
    async with connect() as bot:
        channel = bot.channel_in(fake)
        assert channel.guild.filesize_limit == limit_mib << 20
        await channel.send(file=file(limit_mib << 20))
        with pytest.raises(discord.HTTPException) as refused:
            await channel.send(file=file((limit_mib << 20) + 1))
    assert (refused.value.status, refused.value.code) == (413, 40005)
