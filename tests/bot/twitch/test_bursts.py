"""Many ask at once: everybody is answered, and Twitch never has reason to complain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.twitch_accounts import TwitchAccounts
from bot.twitch.merging import Parcel
from bot.twitch.waiting import Ration
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join
from tests.fakes.twitch.server import FakeTwitch

CHANNELS, ASKERS = 200, 10
SECOND = 1.0 / 30  # of Twitch's time: its half minute is a second here
RATION = Ration(window_s=30 * SECOND, gap_s=SECOND, patience_s=30 * SECOND)


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    fake.limits.messages_window_s = RATION.window_s
    async with chatting(fake, accounts, tmp_path, ration=RATION) as running:
        await running.connected()
        yield running


async def test_two_hundred_channels_are_answered_within_the_limits_and_nobody_is_left_out(chat: Chatting) -> None:
    """Every other channel has made the bot a moderator."""
    channels = [chat.fake.user(f"Channel{number}") for number in range(CHANNELS)]
    for channel in channels[::2]:
        channel.moderators.add(chat.fake.bot.id)
        chat.chat.outbox.note_rank(channel.id, moderates=True)
    parcels = [
        Parcel(f"{channel.id} {asker}", channel.id, "On screen now!", f"asker{asker}", f"question {asker}")
        for asker in range(ASKERS)
        for channel in channels
    ]
    outcomes = await asyncio.gather(*(chat.chat.outbox.post(parcel) for parcel in parcels))
    assert all(outcome.message_id for outcome in outcomes)
    texts = {message.id: message for message in chat.fake.sent}
    for parcel, outcome in zip(parcels, outcomes, strict=True):
        message = texts[outcome.message_id or ""]
        assert message.channel.id == parcel.broadcaster_id
        assert message.reply_to == parcel.reply_to or f"@{parcel.asker_name} " in message.text
        assert len(message.text) <= 500
    assert chat.fake.limits.dropped == 0
    _check_limits(chat)
    assert chat.fake.complaints == []


def _check_limits(chat: Chatting) -> None:
    """What the account has said by then decides, in whatever channel; see `bot.twitch.waiting`."""
    sent = chat.fake.sent
    for at, message in enumerate(sent):
        lately = sum(message.at - each.at < RATION.window_s for each in sent[: at + 1])
        moderates = chat.fake.bot.id in message.channel.moderators
        assert lately <= (RATION.messages_as_moderator if moderates else RATION.messages)


async def test_a_crowd_in_one_chat_is_answered_to_the_last(chat: Chatting) -> None:
    people = [chat.fake.user(f"Person{number}x") for number in range(30)]
    questions = {person: chat.fake.say(person, "!face joy") for person in people}

    def everybody_answered() -> bool:
        return all(
            any(each.reply_to == question.id or f"@{person.name} " in each.text for each in chat.fake.sent)
            for person, question in questions.items()
        )

    await chat.fake.until(everybody_answered)
    assert chat.fake.limits.dropped == 0
    assert len(await chat.serving.stage.recent(chat.scope_id, 0.0)) == len(people)
