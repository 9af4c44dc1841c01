"""Commands, suggestions and menus, where they are offered, and what the bot is told."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.fakes.discord.conftest import Bot, Connect
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import User
from tests.polling import until

EVERYWHERE = {"integration_types": [0, 1], "contexts": [0, 1, 2]}


@pytest.fixture
def ada(fake: FakeDiscord) -> User:
    return fake.user("Ada")


def bot_with_commands() -> tuple[Bot, list[discord.Interaction[Any]]]:
    """`face` and the menus answer with what they were used on; the interactions are collected."""
    bot, seen = Bot(), list[discord.Interaction[Any]]()

    @bot.tree.command(name="face", description="A face")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def face(interaction: discord.Interaction[Any], emote: str, seed: int = 0) -> None:
        seen.append(interaction)
        await interaction.response.defer(thinking=True)
        for number in range(seed):
            await interaction.followup.send(f"{number}")

    @face.autocomplete("emote")
    async def suggest(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        many = ["Kappa", "KappaPride", *(f"Kap{number}" for number in range(60))]
        return [app_commands.Choice(name=name, value=name) for name in many if current.lower() in name.lower()][:26]

    @bot.tree.context_menu(name="Face my avatar")
    async def avatar(interaction: discord.Interaction[Any], user: discord.Member) -> None:
        await interaction.response.send_message(f"{type(user).__name__} {user.name}", ephemeral=True)

    @bot.tree.context_menu(name="Make faces")
    async def faces(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await interaction.response.send_message(message.content, ephemeral=True)

    @bot.tree.command(name="admin", description="For admins")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def admin(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("yes", ephemeral=True)

    return bot, seen


async def test_suggestions_come_while_somebody_types(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    async with connect(bot_with_commands()[0]):
        choices = await fake.autocomplete(fake.channel, ada, emote="kappa")
    assert choices == [{"name": name, "value": name} for name in ("Kappa", "KappaPride")]


async def test_more_than_25_suggestions_are_refused(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    bot, _ = bot_with_commands()
    async with connect(bot):
        fake.interact(fake.channel, ada, emote="kap")  # not asked for suggestions: not checked
        with pytest.raises(TimeoutError):
            await fake.autocomplete(fake.channel, ada, patience_s=1, emote="kap")
        assert "choices" in fake.complaints[0]
        bot.errors.clear()


async def test_menus_know_whom_and_what_they_were_opened_on(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    bob = fake.user("Bob")
    said = fake.say(fake.channel, bob, "Kappa")
    async with connect(bot_with_commands()[0]):
        on_user = await fake.response_to(fake.open_user_menu(fake.channel, bob, ada, "Face my avatar"))
        on_message = await fake.response_to(fake.open_menu(said, ada, "Make faces"))
    assert (on_user.content, on_message.content) == ("Member Bob", "Kappa")
    assert on_user.seen_by is ada


async def test_a_command_for_admins_is_offered_to_admins(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    keeper = fake.user("Grace", roles=[fake.add_role("keepers", "manage_guild")])
    async with connect(bot_with_commands()[0]):
        with pytest.raises(AssertionError, match="may not use"):
            fake.interact(fake.channel, ada, "admin")
        with pytest.raises(AssertionError, match="not offered"):
            fake.interact(fake.direct_channel(keeper), keeper, "admin")
        assert (await fake.response_to(fake.interact(fake.channel, keeper, "admin"))).content == "yes"


@pytest.mark.parametrize("place", ["guild", "direct", "group", "conversation", "elsewhere"])
async def test_an_interaction_says_where_it_comes_from_and_by_which_installation(
    fake: FakeDiscord, connect: Connect, place: str
) -> None:
    ada = fake.user("Ada", installs=True, locale="fr")
    elsewhere = fake.add_guild("Elsewhere", with_bot=False, locale="ja")
    channel = {
        "guild": fake.channel,
        "direct": fake.direct_channel(ada),
        "group": fake.group(ada, fake.stranger("Eve")),
        "conversation": fake.conversation(ada, fake.stranger("Eve")),
        "elsewhere": fake.channel_of(elsewhere),
    }[place]
    bot, seen = bot_with_commands()
    async with connect(bot):
        asked = fake.interact(channel, ada, emote="Kappa")
        await fake.until(lambda: asked.acknowledged)
    (interaction,) = seen
    assert interaction.is_user_integration()
    assert interaction.is_guild_integration() == (place == "guild")
    assert interaction.locale is discord.Locale.french
    context = interaction.context
    assert (context.guild, context.dm_channel, context.private_channel) == (
        place in {"guild", "elsewhere"},
        place == "direct",
        place in {"group", "conversation"},
    )
    assert interaction.app_permissions.attach_files
    locales = {"guild": discord.Locale.american_english, "elsewhere": discord.Locale.japanese}
    assert interaction.guild_locale is locales.get(place)


async def test_where_the_bot_is_not_it_only_answers_interactions(fake: FakeDiscord, connect: Connect) -> None:
    ada, bob = fake.user("Ada", installs=True), fake.user("Bob")
    channel = fake.group(ada, bob)
    bot, _ = bot_with_commands()
    async with connect(bot):
        with pytest.raises(AssertionError, match="not installed"):
            fake.interact(channel, bob, emote="Kappa")
        asked = fake.interact(channel, ada, emote="Kappa")
        await fake.until(lambda: asked.acknowledged)
        with pytest.raises(discord.Forbidden) as refused:
            await bot.get_partial_messageable(channel.id).send("hello")
        assert refused.value.code == 50001


async def test_an_installed_app_has_five_follow_ups_where_the_bot_is_not(fake: FakeDiscord, connect: Connect) -> None:
    ada = fake.user("Ada", installs=True)
    bot, _ = bot_with_commands()
    async with connect(bot):
        asked = fake.interact(fake.group(ada, fake.stranger("Eve")), ada, emote="Kappa", seed=9)
        await until(lambda: bool(bot.errors))
        assert len(asked.followups) == 5
        assert "40094" in str(bot.errors.pop())
        here = fake.interact(fake.channel, ada, emote="Kappa", seed=9)
        await fake.until(lambda: len(here.followups) == 8)  # the first took the place of "is thinking"


async def test_an_answer_is_for_one_person_where_external_apps_are_not_allowed(
    fake: FakeDiscord, connect: Connect
) -> None:
    ada = fake.user("Ada", installs=True)
    channel = fake.channel_of(fake.add_guild("Elsewhere", with_bot=False))
    channel.denied = {"use_external_apps"}
    async with connect(bot_with_commands()[0]):
        asked = fake.interact(channel, ada, emote="Kappa")
        await fake.until(lambda: asked.original)
    assert asked.original is not None
    assert asked.original.seen_by is ada


async def test_a_follow_up_can_go_to_a_thread(fake: FakeDiscord, connect: Connect, ada: User) -> None:
    thread = fake.start_thread(fake.channel, "faces", ada)
    bot, seen = bot_with_commands()
    async with connect(bot):
        asked = fake.interact(fake.channel, ada, emote="Kappa", seed=1)
        await fake.until(lambda: asked.original and not asked.original.is_loading)
        picture = discord.File(io.BytesIO(b"RIFF"), "face.webp")
        await seen[0].followup.send("there", file=picture, thread=discord.Object(thread.id))
    assert [message.content for message in fake.messages_in(thread)] == ["there"]
