"""What Discord says of an asker reaches the policy, by whichever way they ask."""

from __future__ import annotations

import pytest

from bot.models import Standing, Way
from tests.bot.discord.conftest import Chat, run_bot
from tests.fakes.discord.server import FakeDiscord


async def standing_by(chat: Chat, way: str) -> Standing:
    """Ask in this way, in a thread."""
    fake = chat.fake
    thread = fake.start_thread(fake.channel, "thread", chat.ada)
    message = fake.say(thread, chat.ada, "🐈")
    await chat.policy.set(str(fake.guild.id), None, "reaction_emoji", "🎭", "1")
    match way:
        case "slash":
            fake.interact(thread, chat.ada, emote="😂")
        case "menu":
            fake.open_menu(message, chat.ada, "Make faces")
        case "mention":
            fake.say(thread, chat.ada, f"{fake.bot.mention} 😂")
        case "prefix":
            fake.say(thread, chat.ada, "!face 😂")
        case "reaction":
            fake.react(message, chat.ada, "🎭")
    await chat.faces.asked()
    return chat.faces.standings[0]


WAYS = {
    "slash": Way.COMMAND,
    "menu": Way.COMMAND,
    "mention": Way.MENTION,
    "prefix": Way.PREFIX,
    "reaction": Way.REACTION,
}


@pytest.mark.parametrize("way", WAYS)
async def test_roles_and_the_threads_channel_come_along(fake: FakeDiscord, way: str) -> None:
    role = fake.add_role("Regulars")
    async with run_bot(fake) as chat:
        chat.ada.roles.append(role)
        standing = await standing_by(chat, way)
        assert standing.way is WAYS[way]
        assert str(role.id) in standing.role_ids
        assert standing.parent_channel_id == str(fake.channel.id)
        assert not standing.manages


@pytest.mark.parametrize("way", WAYS)
async def test_who_may_manage_the_server_is_known_as_such(fake: FakeDiscord, way: str) -> None:
    role = fake.add_role("Staff", "manage_guild")
    async with run_bot(fake) as chat:
        chat.ada.roles.append(role)
        assert (await standing_by(chat, way)).manages
