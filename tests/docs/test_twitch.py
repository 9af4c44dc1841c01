"""Every command of docs/twitch.md is said in a chat, in the order of the page, and does what it is for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.twitch.scopes import BOT_SCOPES, Wish, channel_scopes
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join, accounts, fake, join
from tests.fakes.twitch.server import FakeTwitch

__all__ = ["accounts", "fake", "join"]
PAGE = (Path(__file__).parent.parent.parent / "docs" / "twitch.md").read_text(encoding="utf-8")
COMMANDS = list(dict.fromkeys(re.findall(r"`(!(?:face|faceset|guess)(?: [^`]+)?)`", PAGE)))
ODD = (
    "There is no setting",
    " takes `",
    " takes a ",
    " takes on ",
    " takes some ",
    "don't know",
    "haven't learned",
    "can't",
    "Name somebody",
    "was not blocked",
    "No face waits",
    "There is no face",
)
STATUS = "for every other setting its name and value"


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: object, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path) as running:  # type: ignore[arg-type]
        await running.connected()
        yield running


async def said(chat: Chatting, command: str) -> str:
    if command == "!faceset mirror CODE":
        command = f"!faceset mirror {await chat.mirror.linking.offer('1', '2', '3')}"
    if command in {"!faceset approve", "!faceset approve all", "!faceset hide"}:
        await chat.told("!face joy")
    if command != "!guess":
        return await chat.told(command)
    before = len(chat.said)
    chat.fake.say(chat.fake.channel, command)  # a round is nobody's answer
    await chat.fake.until(lambda: len(chat.said) > before)
    return chat.said[-1]


async def test_every_command_works(chat: Chatting) -> None:
    assert len(COMMANDS) >= 30
    chat.fake.go_live()
    for command in sorted(COMMANDS, key=lambda each: each.startswith("!guess")):
        answer = await said(chat, command)
        assert not any(odd in answer for odd in ODD), f"{command}: {answer}"
        assert (STATUS in answer) == (command == "!faceset"), f"{command}: {answer}"


def test_the_scopes_are_those_that_are_asked_for() -> None:
    listed = set(re.findall(r"^\| `([a-z:]+)` \| the ", PAGE, re.MULTILINE))
    assert listed == BOT_SCOPES | channel_scopes(Wish)
