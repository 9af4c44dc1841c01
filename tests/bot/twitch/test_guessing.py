"""`!guess` in a chat: the face is on the overlay, everything else is said."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import DownloadFailed
from bot.models import Platform
from bot.store.guesses import GuessStore
from bot.store.twitch_accounts import TwitchAccounts
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join
from tests.fakes.twitch.server import FakeTwitch
from tests.polling import until

INVITATION = "Which emote is this? The first right name within 3600 seconds wins."


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


async def open_round(chat: Chatting) -> None:
    chat.fake.say(chat.fake.user("Asker"), "!guess")
    await chat.fake.until(lambda: any("Which emote is this?" in text for text in chat.said))
    await until(lambda: chat.game.heard(Platform.TWITCH, chat.fake.channel.id, "LUL") is not None)


async def test_who_names_it_first_has_won(chat: Chatting) -> None:
    await open_round(chat)
    assert chat.said == [INVITATION]
    chat.fake.say(chat.fake.user("Ada"), "is it Kappa?")
    chat.fake.say(chat.fake.user("Bob"), "lul")
    await chat.fake.until(lambda: len(chat.said) == 2)
    assert chat.said[-1] == "@Bob has guessed it: LUL. That makes 2 points."


async def test_the_face_is_nobodys_business_but_the_overlays(chat: Chatting) -> None:
    """Neither gallery nor mirror may tell what it is."""
    await open_round(chat)
    assert await chat.serving.stage.last(chat.scope_id) is None
    [round_] = await GuessStore(chat.serving.engine).on_screen(chat.scope_id, 0.0)
    assert round_.request_id is not None
    assert await chat.serving.pictures.load(round_.request_id) is not None


async def test_without_an_open_overlay_there_is_no_round(chat: Chatting) -> None:
    chat.screens = 0
    said = await chat.told("!guess", chat.fake.user("Ada"))
    assert said.startswith("The stream's overlay is not open right now")
    assert await GuessStore(chat.serving.engine).unfinished(Platform.TWITCH) == []


async def test_a_channel_has_one_round_at_a_time(chat: Chatting) -> None:
    await open_round(chat)
    assert await chat.told("!guess", chat.fake.user("Ada")) == "There is a face to guess here already."


async def test_where_the_game_is_off_it_is_said(chat: Chatting) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "guess_enabled", False, "mod")
    assert (await chat.told("!guess", chat.fake.user("Ada"))).startswith("The guessing game is switched off")


async def test_a_command_with_more_behind_it_is_talk(chat: Chatting) -> None:
    chat.fake.say(chat.fake.user("Ada"), "!guess what")
    await chat.told("!face joy", chat.fake.user("Ada"))
    assert chat.said == ["On screen now!"]


async def test_a_face_that_cannot_be_drawn_ends_the_round(chat: Chatting) -> None:
    chat.serving.fetcher.error = DownloadFailed()
    said = await chat.told("!guess", chat.fake.user("Ada"))
    assert said.startswith("I couldn't fetch that emote's picture.")
    chat.serving.fetcher.error = None
    await open_round(chat)


async def test_nobody_names_it(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> None:
    await join()
    async with chatting(fake, accounts, tmp_path, round_s=0.05) as chat:
        now = time.time()
        chat.game._clock = lambda: now  # so that the round cannot be over before it was looked at
        await chat.connected()
        fake.say(fake.user("Asker"), "!guess")
        await fake.until(lambda: any(text.startswith("Time's up!") for text in chat.said))
    assert sum("A hint" in text for text in chat.said) == 1


async def test_a_round_outlives_a_restart(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join()
    async with chatting(fake, accounts, tmp_path) as chat:
        await chat.connected()
        await open_round(chat)
    async with chatting(fake, accounts, tmp_path) as chat:
        await chat.connected()
        await until(lambda: chat.game.heard(Platform.TWITCH, fake.channel.id, "LUL") is not None)
        fake.say(fake.user("Bob"), "LUL")
        await fake.until(lambda: any("@Bob has guessed it" in text for text in chat.said))
