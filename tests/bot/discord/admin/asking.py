"""Using admins' commands, and reading what comes of it."""

from __future__ import annotations

from tests.bot.discord.conftest import Chat
from tests.fakes.discord.world import Channel, Interaction, Message, User


def admin_of(chat: Chat, name: str = "Grace") -> User:
    admin = chat.fake.user(name)
    admin.manages = True
    return admin


def scope_of(chat: Chat) -> str:
    return str(chat.fake.guild.id)


async def command(chat: Chat, user: User, name: str, channel: Channel | None = None, /, **options: object) -> Message:
    """The answer to a command below `/emoteface`, which only the user sees."""
    asked = chat.fake.interact(channel or chat.fake.channel, user, f"emoteface {name}", **options)
    answer = await chat.fake.response_to(asked)
    assert answer.is_ephemeral
    assert answer.seen_by is user
    return answer


async def told(chat: Chat, user: User, name: str, channel: Channel | None = None, /, **options: object) -> str:
    return words_of(await command(chat, user, name, channel, **options))


def words_of(message: Message) -> str:
    return "\n".join(message.texts())


async def beside(chat: Chat, interaction: Interaction) -> str:
    """What is said beside the message that was pressed in."""
    await chat.fake.until(lambda: interaction.followups)
    [said] = interaction.followups
    assert said.is_ephemeral
    return words_of(said)


async def shows(chat: Chat, message: Message, words: str) -> None:
    await chat.fake.until(lambda: words in words_of(message))
