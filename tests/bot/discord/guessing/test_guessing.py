"""A round as players see it: through the fake Discord, with the real library, a real game and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.delivery import Refusal
from bot.errors import CooldownActive
from bot.models import FaceRequest, Platform
from bot.store.database import open_database
from bot.store.guesses import Score
from bot.store.tables import guess_round
from inference.protocol import Layout
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import ScriptedFaces
from tests.bot.discord.guessing.pairs import pair_for, shows_emote
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message
from tests.polling import until


async def drawn(chat: Chat, count: int = 1) -> FaceRequest:
    """The next riddle's face is drawn and delivered, as the face service does it."""
    request = await chat.faces.asked(count)
    pair = chat.faces.pictures[request.id] = pair_for(request)
    await chat.faces.answer(request, pair)
    return request


async def riddle(chat: Chat) -> Message:
    """A round asked for with `/guess`, posted and open."""
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "guess")
    await drawn(chat, len(chat.faces.requests) + 1)
    assert interaction.original is not None
    return interaction.original


def said_by_bot(chat: Chat) -> list[str]:
    return [text for message in chat.fake.messages if message.author is chat.fake.bot for text in message.texts()]


async def solved(chat: Chat, message: Message) -> None:
    await chat.fake.until(lambda: [each["label"] for each in message.buttons()] == ["Another round"])


async def form(chat: Chat, message: Message) -> Interaction:
    pressed = chat.fake.press(message, chat.ada, "Guess")
    await chat.fake.opened(pressed)
    return pressed


async def test_a_riddle_shows_the_face_alone_and_says_nothing_else(chat: Chat) -> None:
    message = await riddle(chat)
    [picture] = message.pictures()
    assert not shows_emote(picture.content)
    assert picture.description == "A face made from an emote you have to guess, AI-generated"
    assert message.texts() == ["**Which emote is this?** The first right name within 3600 seconds wins."]
    assert chat.faces.commands[0].options.layout is Layout.PAIR, "one drawing serves the riddle and its end"
    whole = repr((message.components, [each.filename for each in message.attachments], message.content)).lower()
    request = chat.faces.requests[next(iter(chat.faces.requests))]
    for telling in ("lul", "bttv", request.id.lower()):
        assert telling not in whole


async def test_the_first_to_say_the_name_wins_and_the_pair_is_shown(chat: Chat) -> None:
    message, bob = await riddle(chat), chat.fake.user("Bob")
    chat.fake.say(chat.fake.channel, chat.ada, "kappa?")
    chat.fake.say(chat.fake.channel, bob, ":lul:")
    chat.fake.say(chat.fake.channel, chat.ada, "LUL")
    await solved(chat, message)
    [picture] = message.pictures()
    assert shows_emote(picture.content)
    assert picture.description == "A face made from LUL, AI-generated"
    ending = f"{bob.mention} has guessed it: `LUL`. That makes 2 points."
    assert message.texts() == [ending]
    await chat.fake.until(lambda: ending in [each.content for each in chat.fake.replies_to(message)])
    assert all(not each.pinged for each in chat.fake.messages)
    scope = str(chat.fake.guild.id)
    assert await chat.guesses.best(Platform.DISCORD, scope, 10) == [Score(1, str(bob.id), 2, 1)]


async def test_two_right_names_at_once_have_one_winner(chat: Chat) -> None:
    message = await riddle(chat)
    for number in range(6):
        chat.fake.say(chat.fake.channel, chat.fake.user(f"Player {number}"), "lul")
    await solved(chat, message)
    best = await chat.guesses.best(Platform.DISCORD, str(chat.fake.guild.id), 10)
    assert [score.rounds for score in best] == [1]
    await chat.fake.until(lambda: len(chat.fake.replies_to(message)) == 1)


async def test_talk_elsewhere_and_by_bots_is_no_guess(chat: Chat) -> None:
    message = await riddle(chat)
    chat.fake.say(chat.fake.add_channel("elsewhere"), chat.ada, "lul")
    chat.fake.say(chat.fake.channel, chat.fake.user("Other bot", bot=True), "lul")
    chat.fake.say(chat.fake.channel, chat.ada, "lul", webhook=True)
    chat.fake.say(chat.fake.channel, chat.ada, "I love lul")
    chat.fake.say(chat.fake.channel, chat.ada, "!guess")  # heard after all of those
    await chat.fake.until(lambda: "There is a face to guess here already." in said_by_bot(chat))
    assert [each["label"] for each in message.buttons()] == ["Guess"]


async def test_who_cannot_write_guesses_by_the_button(chat: Chat) -> None:
    message = await riddle(chat)
    wrong = chat.fake.submit(await form(chat, message), chat.ada, {"Its name": "kappa"})
    answer = await chat.fake.response_to(wrong)
    assert (answer.content, answer.is_ephemeral) == ("No, that's not it.", True)
    pressed = await form(chat, message)
    right = chat.fake.submit(pressed, chat.ada, {"Its name": "lul"})
    assert (await chat.fake.response_to(right)).content == "That's it!"
    await solved(chat, message)
    late = chat.fake.submit(pressed, chat.ada, {"Its name": "lul"})
    assert (await chat.fake.response_to(late)).content == "That round is over."


async def test_without_the_message_content_intent_the_button_is_enough() -> None:
    async with FakeDiscord(message_content=False, interaction_limit_s=60) as fake, run_bot(fake) as chat:
        message = await riddle(chat)
        fake.say(fake.channel, chat.ada, "lul")  # nobody can read that
        right = fake.submit(await form(chat, message), chat.ada, {"Its name": "LUL"})
        assert (await fake.response_to(right)).content == "That's it!"
        await solved(chat, message)
        assert fake.complaints == []


async def test_when_time_is_up_there_was_a_hint_and_the_pair_is_shown(fake: FakeDiscord) -> None:
    async with run_bot(fake, guessing={"round_s": 0.2}) as chat:
        message = await riddle(chat)
        await solved(chat, message)
        await fake.until(lambda: len(fake.replies_to(message)) == 2)
        hint, end = fake.replies_to(message)
        assert hint.content == "A hint: its name has 3 letters and begins with L."
        assert end.content == "Time's up! It was `LUL`."
        assert shows_emote(message.pictures()[0].content)
        assert await chat.guesses.best(Platform.DISCORD, str(fake.guild.id), 10) == []


@pytest.mark.parametrize("text", ["!guess", "{bot} guess", "{bot}  GUESS ", "!GUESS"])
async def test_a_round_can_be_asked_for_in_words(chat: Chat, text: str) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, text.format(bot=chat.fake.bot.mention))
    await drawn(chat)
    [message] = chat.fake.replies_to(question)
    assert [each["label"] for each in message.buttons()] == ["Guess"]
    assert len(chat.faces.requests) == 1, "and nothing else was understood"
    chat.fake.say(chat.fake.channel, chat.ada, "lul")
    await solved(chat, message)


@pytest.mark.parametrize("text", ["!guess what", "!guessing", "guess", "!face guess", "{bot} guess what"])
async def test_other_words_start_no_round(chat: Chat, text: str) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, text.format(bot=chat.fake.bot.mention))
    chat.fake.say(chat.fake.channel, chat.ada, "!face 🍕")
    await chat.fake.until(lambda: ("🍕",) in [command.words for command in chat.faces.commands])
    assert await chat.guesses.unfinished(Platform.DISCORD) == []


async def test_another_round_is_one_press_away_and_presses_do_not_stack(chat: Chat) -> None:
    message = await riddle(chat)
    chat.fake.say(chat.fake.channel, chat.ada, "lul")
    await solved(chat, message)
    bob = chat.fake.user("Bob")
    presses = [chat.fake.press(message, bob, "Another round") for _ in range(3)]
    await drawn(chat, 2)
    await chat.fake.until(lambda: len([press for press in presses if press.followups]) == 2)
    refused = [press.followups[0].content for press in presses if press.followups]
    assert refused == ["There is a face to guess here already."] * 2
    assert len(chat.faces.requests) == 2
    assert chat.faces.requests[list(chat.faces.requests)[1]].origin.user_id == str(bob.id)


async def test_the_common_limits_hold_and_are_told_to_who_asked_alone(chat: Chat) -> None:
    chat.faces.limit = CooldownActive(4.0)
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "guess")
    await chat.fake.until(lambda: interaction.followups)
    [words] = interaction.followups
    assert words.is_ephemeral
    assert words.content == "One at a time: ask again in 4 seconds."
    chat.faces.limit = None
    await riddle(chat)  # the channel is free


async def test_where_admins_switched_it_off_there_is_none(chat: Chat) -> None:
    await chat.policy.set(str(chat.fake.guild.id), None, "guess_enabled", False, "1")
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "guess")
    await chat.fake.until(lambda: interaction.followups)
    assert interaction.followups[0].content == "The guessing game is switched off in this channel."


async def test_a_face_that_cannot_be_drawn_is_said_and_frees_the_channel(chat: Chat) -> None:
    interaction = chat.fake.interact(chat.fake.channel, chat.ada, "guess")
    request = await chat.faces.asked()
    await chat.faces.answer(request, Refusal("That one broke my face machine."))
    assert (await chat.fake.response_to(interaction)).content == "That one broke my face machine."
    await riddle(chat)


async def test_a_riddle_deleted_by_a_moderator_ends_in_words(chat: Chat) -> None:
    message = await riddle(chat)
    chat.fake.delete(message)
    chat.fake.say(chat.fake.channel, chat.ada, "lul")
    await chat.fake.until(lambda: any("has guessed it" in text for text in said_by_bot(chat)))


async def test_a_round_is_played_in_the_language_of_the_server(fake: FakeDiscord) -> None:
    fake.guild.locale = "de"
    async with run_bot(fake) as chat:
        fake.say(fake.channel, chat.ada, "!guess")
        assert (await drawn(chat)).locale == "de"


# restarts


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A file: a statement that an end of the program cuts off takes its connection along, and memory with it."""
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'emoteface.db'}") as engine:
        yield engine


async def left_open(fake: FakeDiscord, engine: AsyncEngine) -> tuple[Message, ScriptedFaces]:
    """A riddle that the program left open when it ended."""
    async with run_bot(fake, engine=engine) as chat:
        return await riddle(chat), chat.faces


async def changed(engine: AsyncEngine, **values: Any) -> None:
    """What the only round would have in its row after some other history."""
    async with engine.begin() as connection:
        await connection.execute(update(guess_round).values(values))


async def test_a_round_goes_on_after_a_restart_and_its_button_works(fake: FakeDiscord, engine: AsyncEngine) -> None:
    message, faces = await left_open(fake, engine)
    async with run_bot(fake, faces, engine=engine) as chat:
        right = fake.submit(await form(chat, message), chat.ada, {"Its name": "LUL"})
        assert (await fake.response_to(right)).content == "That's it!"
        await solved(chat, message)
        assert shows_emote(message.pictures()[0].content)


async def test_names_in_the_chat_count_after_a_restart(fake: FakeDiscord, engine: AsyncEngine) -> None:
    message, faces = await left_open(fake, engine)
    async with run_bot(fake, faces, engine=engine) as chat:
        await until(lambda: chat.game.heard(Platform.DISCORD, str(fake.channel.id), "lul") is not None)
        fake.say(fake.channel, chat.ada, "lul")
        await solved(chat, message)


async def test_a_form_that_was_open_during_a_restart_counts(fake: FakeDiscord, engine: AsyncEngine) -> None:
    async with run_bot(fake, engine=engine) as chat:
        message, faces = await riddle(chat), chat.faces
        pressed, ada = await form(chat, message), chat.ada
    async with run_bot(fake, faces, engine=engine) as chat:
        right = fake.submit(pressed, ada, {"Its name": "LUL"})
        assert (await fake.response_to(right)).content == "That's it!"


async def test_a_round_whose_time_ran_out_meanwhile_is_ended_kindly(fake: FakeDiscord, engine: AsyncEngine) -> None:
    message, faces = await left_open(fake, engine)
    await changed(engine, opened_at=1.0, ends_at=31.0)
    async with run_bot(fake, faces, engine=engine) as chat:
        await solved(chat, message)
        assert message.texts() == ["I was away when the time ran out, sorry. It was `LUL`."]
        await fake.until(lambda: fake.replies_to(message))
        assert len(fake.replies_to(message)) == 1, "no hint any more"
        await riddle(chat)  # and the channel is free


async def test_a_riddle_that_may_have_been_posted_is_not_posted_twice(fake: FakeDiscord, engine: AsyncEngine) -> None:
    async with run_bot(fake, engine=engine) as chat:
        question = fake.say(fake.channel, chat.ada, "!guess")
        request, faces = await drawn(chat), chat.faces
    await changed(engine, state="drawing", message_ref=None, opened_at=None, ends_at=None)
    fake.rest.forget_nonces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await faces.answer(request, faces.pictures[request.id], maybe_sent=True)
        [message] = fake.replies_to(question)
        fake.say(fake.channel, chat.ada, "lul")
        await solved(chat, message)


async def test_delivered_again_a_solved_riddle_stays_solved(chat: Chat) -> None:
    message = await riddle(chat)
    chat.fake.say(chat.fake.channel, chat.ada, "lul")
    await solved(chat, message)
    request = next(iter(chat.faces.requests.values()))
    answer_ref = await chat.faces.answer(request, chat.faces.pictures[request.id], maybe_sent=True)
    assert answer_ref == str(message.id)
    assert shows_emote(message.pictures()[0].content)
