"""Slash commands are answered in their deferred response, and in the channel once that is out of reach."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.delivery import Refusal, Undeliverable
from bot.discord.targets import InteractionTarget
from bot.models import FaceRequest
from tests.bot.discord.conftest import Chat
from tests.bot.discord.faces import WEBP, stored
from tests.fakes.discord.world import Interaction

WORDS = Refusal("That took too long, sorry. Please try again.")


def response_to(chat: Chat, interaction: Interaction, *, expires_in_s: float = 900) -> dict[str, Any]:
    return InteractionTarget(
        channel_id=interaction.channel.id,
        guild_id=chat.fake.guild.id,
        interaction_id=interaction.id,
        application_id=chat.fake.application_id,
        token=interaction.token,
        expires_at=time.time() + expires_in_s,
    ).to_json()


async def deferred(chat: Chat) -> tuple[Interaction, FaceRequest]:
    """A slash command whose response is deferred."""
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, emote="😂")
    return interaction, await chat.faces.asked()


async def test_editing_a_response_twice_changes_nothing(chat: Chat) -> None:
    interaction, request = await deferred(chat)
    first = await chat.faces.answer(request)
    assert await chat.faces.answer(request, maybe_sent=True) == first
    assert interaction.original is not None
    assert [attachment.content for attachment in interaction.original.attachments] == [WEBP]


@pytest.mark.parametrize("known_beforehand", [True, False])
async def test_after_its_token_ended_a_slash_command_is_answered_in_the_channel(
    chat: Chat, known_beforehand: bool
) -> None:
    interaction, _ = await deferred(chat)
    interaction.expired = True
    expires_in_s = -1.0 if known_beforehand else 900.0
    request = stored(chat.faces, response_to(chat, interaction, expires_in_s=expires_in_s))
    answer_ref = await chat.faces.answer(request)
    chat.fake.rest.forget_nonces()
    assert await chat.faces.answer(request, maybe_sent=True) == answer_ref
    answer = chat.fake.find_message(chat.fake.channel, int(answer_ref))
    assert answer is not None
    assert answer.attachments
    assert answer is not interaction.original


async def test_a_token_that_discord_does_not_know_is_answered_in_the_channel(chat: Chat) -> None:
    interaction = Interaction(chat.fake.channel, chat.ada, {}, [], "no such token", 0.0)
    answer_ref = await chat.faces.answer(stored(chat.faces, response_to(chat, interaction)))
    assert chat.fake.find_message(chat.fake.channel, int(answer_ref))


async def test_words_are_not_worth_a_message_after_the_token_ended(chat: Chat) -> None:
    interaction, _ = await deferred(chat)
    with pytest.raises(Undeliverable):
        await chat.faces.answer(stored(chat.faces, response_to(chat, interaction, expires_in_s=-1)), WORDS)


async def test_where_the_bot_is_no_member_nothing_is_tried_after_the_token_ended(chat: Chat) -> None:
    interaction, _ = await deferred(chat)
    target = response_to(chat, interaction, expires_in_s=-1)
    before = len(chat.fake.messages)
    with pytest.raises(Undeliverable):
        await chat.faces.answer(stored(chat.faces, target | {"ends_at": target["expires_at"]}))
    assert len(chat.fake.messages) == before


async def test_a_response_that_was_deleted_is_not_posted_again(chat: Chat) -> None:
    interaction, request = await deferred(chat)
    assert interaction.original is not None
    chat.fake.delete(interaction.original)
    with pytest.raises(Undeliverable):
        await chat.faces.answer(request)


async def test_a_rate_limited_response_is_waited_out(chat: Chat) -> None:
    interaction, request = await deferred(chat)
    chat.fake.fail_next("PATCH", "/webhooks/", 429, retry_after_s=0.05)
    await chat.faces.answer(request)
    assert interaction.original is not None
    assert interaction.original.attachments
