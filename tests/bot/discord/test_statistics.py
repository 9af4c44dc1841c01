"""The leaderboard and the statistics, as members and admins ask for them."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.stats.plotter import PlotFailed, Plotter
from bot.store.guesses import GuessStore
from bot.store.requests import RequestStore
from bot.store.votes import Votes
from inference.protocol import FaceOptions
from tests.bot.discord.conftest import Chat
from tests.bot.guessing.rounds import ROUND
from tests.fakes.discord.world import Channel, User

KAPPA = Emote(EmoteSource.BTTV, "1", "Kappa")
JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
HOSTILE = Emote(EmoteSource.SEVENTV, "2", "[x](https://evil.example)**<1>")

DRAWING_S = 90.0  # a process of its own, on a busy machine


async def answered(chat: Chat, *emotes: Emote, channel: Channel | None = None, stars: int = 0) -> FaceRequest:
    """A face that was posted an hour ago."""
    scope_id, channel_id = str(chat.fake.guild.id), str((channel or chat.fake.channel).id)
    number = len(await RequestStore(chat.engine).answered_as(Platform.DISCORD, "77"))
    request = FaceRequest(
        f"01{number:024}",
        Origin(Platform.DISCORD, scope_id, channel_id, "1"),
        emotes,
        FaceOptions(),
        time.time() - 3600,
        time.time(),
        state=RequestState.ANSWERED,
        answer_ref="77",
    )
    await RequestStore(chat.engine).add(request)
    for voter in range(stars):
        await Votes(chat.engine).toggle(request.id, Platform.DISCORD, str(voter))
    return request


async def won(store: GuessStore, chat: Chat, user_id: int, times: int = 1) -> None:
    for number in range(times):
        origin = replace(ROUND.origin, scope_id=str(chat.fake.guild.id), channel_id="9")
        round_ = replace(ROUND, id=f"01{user_id % 10**10:010}{number:014}", origin=origin)
        assert await store.claim(round_)
        await store.open(round_.id, "7", 100.0, 130.0)
        assert await store.win(replace(round_, winner_id=str(user_id), decided_at=110.0), points=2)


async def leaderboard(chat: Chat, user: User, **options: Any) -> Any:
    interaction = chat.fake.interact(chat.fake.channel, user, "emoteface leaderboard", **options)
    return await chat.fake.response_to(interaction)


async def test_the_leaderboard_names_the_best_players_and_faces(chat: Chat) -> None:
    bob = chat.fake.user("Bob")
    await won(chat.guesses, chat, bob.id, 2)
    await won(chat.guesses, chat, chat.ada.id)
    await answered(chat, KAPPA, JOY, stars=3)
    await answered(chat, JOY, stars=1)
    answer = await leaderboard(chat, chat.ada)
    guild, channel = chat.fake.guild.id, chat.fake.channel.id
    assert answer.texts() == [
        f"**Guess the emote**\n1. {bob.mention}: 4 points in 2 rounds\n2. {chat.ada.mention}: 2 points in 1 round",
        "**Favourite faces**\n"
        f"1. `Kappa` and `face with tears of joy`: 3 stars, https://discord.com/channels/{guild}/{channel}/77\n"
        f"2. `face with tears of joy`: 1 star, https://discord.com/channels/{guild}/{channel}/77",
    ]
    assert not answer.is_ephemeral
    assert not answer.pinged


async def test_at_most_ten_are_shown_and_whoever_asks_is_told_their_place(chat: Chat) -> None:
    for number in range(11):
        await won(chat.guesses, chat, 1000 + number, 2)
    await won(chat.guesses, chat, chat.ada.id)
    players = (await leaderboard(chat, chat.ada)).texts()[0].split("\n")
    assert len(players) == 12
    assert players[-1] == f"-# {chat.ada.mention} is at place 12: 2 points in 1 round."
    bob = chat.fake.user("Bob")
    assert (await leaderboard(chat, bob)).texts()[0].endswith(f"-# {bob.mention} has not guessed one yet.")


async def test_an_empty_leaderboard_says_how_it_fills(chat: Chat) -> None:
    players, faces = (await leaderboard(chat, chat.ada)).texts()
    assert "`/guess` starts a round" in players
    assert "No face has a star yet" in faces


async def test_the_leaderboard_can_be_for_the_asker_alone(chat: Chat) -> None:
    assert (await leaderboard(chat, chat.ada, private=True)).is_ephemeral


async def test_faces_where_not_everybody_may_look_are_left_out(chat: Chat) -> None:
    gone = Channel("gone", guild=chat.fake.guild)
    await answered(chat, KAPPA, channel=gone, stars=5)
    assert "Kappa" not in (await leaderboard(chat, chat.ada)).texts()[1]


async def test_names_of_strangers_are_no_markup(chat: Chat) -> None:
    await answered(chat, HOSTILE, stars=1)
    faces = (await leaderboard(chat, chat.ada)).texts()[1]
    assert f"1. `{HOSTILE.name}`: 1 star" in faces


async def test_other_servers_have_their_own_leaderboard(chat: Chat) -> None:
    await won(chat.guesses, chat, chat.ada.id)
    assert await chat.guesses.best(Platform.DISCORD, "another server", 10) == []


async def test_in_a_direct_conversation_there_is_neither(chat: Chat) -> None:
    channel = chat.fake.direct_channel(chat.ada)
    for name in ("leaderboard", "stats"):
        interaction = chat.fake.interact(channel, chat.ada, f"emoteface {name}")
        assert (await chat.fake.response_to(interaction)).content == "That is about servers: use it in one."


async def test_members_do_not_see_the_statistics(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "emoteface stats")
    answer = await chat.fake.response_to(interaction)
    assert answer.is_ephemeral
    assert answer.content == "Only people who may manage this server can see that."


async def test_admins_see_a_picture_with_a_description(chat: Chat) -> None:
    chat.ada.manages = True
    await answered(chat, KAPPA, JOY)
    await answered(chat, KAPPA)
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "emoteface stats")
    answer = await chat.fake.response_to(interaction, DRAWING_S)
    [picture] = answer.pictures()
    assert answer.is_ephemeral
    with Image.open(io.BytesIO(picture.content), formats=["PNG"]) as image:
        assert image.size == (1200, 900)
    assert picture.description == (
        "2 faces in 30 days. Top emotes: Kappa (2) and face with tears of joy (1). Busiest channels: #general (2)"
    )


async def test_the_picture_is_in_the_language_of_the_server(chat: Chat) -> None:
    chat.ada.manages, chat.fake.guild.locale = True, "de"
    await answered(chat, JOY)
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "emoteface stats")
    [picture] = (await chat.fake.response_to(interaction, DRAWING_S)).pictures()
    assert "gesicht mit freudentränen" in (picture.description or "")


async def test_when_nothing_can_be_drawn_that_is_said(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(plotter: Plotter, chart: object) -> bytes:
        raise PlotFailed("out of ink")

    monkeypatch.setattr(Plotter, "draw", fail)
    chat.ada.manages = True
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "emoteface stats")
    answer = await chat.fake.response_to(interaction)
    assert answer.content == "The picture could not be drawn, please try again later."
