"""`/emoteface opt-out` and `opt-in`."""

from __future__ import annotations

import pytest

from bot.consent import Switch
from bot.errors import OptedOut
from bot.models import Origin, Platform
from tests.bot.discord.conftest import Chat
from tests.fakes.discord.world import Channel, Interaction, User

OTHER = "99"


def in_guild(chat: Chat) -> Origin:
    return Origin(Platform.DISCORD, str(chat.fake.guild.id), str(chat.fake.channel.id), OTHER)


async def answered(chat: Chat, name: str, user: User, channel: Channel | None = None, **options: object) -> str:
    interaction: Interaction = chat.fake.interact(channel or chat.fake.channel, user, f"emoteface {name}", **options)
    await chat.fake.until(lambda: interaction.original)
    assert interaction.original is not None
    assert interaction.original.is_ephemeral
    return interaction.original.content


async def test_a_member_opts_out_and_in_again(chat: Chat) -> None:
    await chat.policy.set(str(chat.fake.guild.id), None, Switch.OTHERS_PICTURES.value, True, "admin")
    for _ in range(2):
        assert "nobody else" in await answered(chat, "opt-out", chat.ada)
        with pytest.raises(OptedOut):
            await chat.consent.check(in_guild(chat), str(chat.ada.id))
    assert "others can" in await answered(chat, "opt-in", chat.ada)
    await chat.consent.check(in_guild(chat), str(chat.ada.id))


async def test_one_can_opt_out_in_a_direct_conversation(chat: Chat) -> None:
    assert "Done" in await answered(chat, "opt-out", chat.ada, chat.fake.direct_channel(chat.ada))


async def test_a_confirmation_that_cannot_be_given_changes_nothing_else(chat: Chat) -> None:
    trouble = chat.fake.fail_next("POST", "/callback", 404, code=10062)
    chat.fake.interact(chat.fake.channel, chat.ada, "emoteface opt-out")
    await chat.fake.until(trouble.reached.is_set)
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    await chat.faces.asked()
