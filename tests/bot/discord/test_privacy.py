"""What is kept, and how it goes: through the commands that everybody has."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.discord.privacy import MAX_EXPORT_BYTES, forget_menu, privacy_menu
from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.privacy import kept
from bot.store.opt_outs import OptOuts
from bot.store.requests import RequestStore
from bot.store.tables import guess_score, report
from bot.store.tables import request as requests_table
from bot.store.usage import DAY_S
from bot.store.votes import Votes
from bot.texts import LOCALES, say
from inference.protocol import FaceOptions
from tests.bot.discord.conftest import Chat
from tests.fakes.discord.world import Interaction, Message, User
from tests.fakes.policies import caps
from tests.polling import until

AVATAR = "https://cdn.discordapp.com/avatars/3/abc.png"


async def answered(chat: Chat, name: str, user: User) -> Message:
    interaction: Interaction = chat.fake.interact(chat.fake.channel, user, f"emoteface {name}")
    message = await chat.fake.response_to(interaction)
    assert message.is_ephemeral
    return message


async def stored(chat: Chat, user_id: int, number: int, *, shows: int | None = None, **values: Any) -> FaceRequest:
    emotes = [Emote(EmoteSource.UNICODE, "1f602", "joy")]
    if shows is not None:
        emotes.append(Emote(EmoteSource.AVATAR, AVATAR, shown_user_id=str(shows)))
    request = FaceRequest(
        id=f"01TEST{number:020}",
        origin=Origin(Platform.DISCORD, str(chat.fake.guild.id), str(chat.fake.channel.id), str(user_id)),
        emotes=tuple(emotes),
        options=FaceOptions(),
        accepted_at=DAY_S * 20_000.0,
        deadline_at=DAY_S * 20_000.0 + 120,
        state=RequestState.ANSWERED,
        reply_target={"kind": "message", "channel_id": 1, "guild_id": 2, "message_id": 4242, "token": "secret"},
        key=f"key{number}",
        answer_ref="9" if number % 2 else None,
    )
    request = replace(request, **values)
    await RequestStore(chat.engine).add(request)
    return request


async def everything(chat: Chat) -> str:
    async with chat.engine.connect() as connection:
        rows = (await connection.execute(select(requests_table))).mappings().all()
    return json.dumps([dict(row) for row in rows])


# -- the statement --------------------------------------------------------------------------------------------------


async def test_everybody_can_read_what_is_kept(chat: Chat) -> None:
    said = "\n".join((await answered(chat, "privacy", chat.ada)).texts())
    for row in kept(caps()):
        assert say(row.what) in said
        assert say(row.how_long) in said
    assert "/emoteface forget-me" in said


@pytest.mark.parametrize("locale", LOCALES)
def test_the_statement_fits_into_a_message(locale: str) -> None:
    for view in (privacy_menu(caps(), "https://faces.example.org", locale), forget_menu(locale)):
        assert view.content_length() <= 4000


# -- forgetting -----------------------------------------------------------------------------------------------------


async def test_nothing_is_forgotten_before_the_button_is_pressed(chat: Chat) -> None:
    await stored(chat, chat.ada.id, 1)
    await answered(chat, "forget-me", chat.ada)
    assert str(chat.ada.id) in await everything(chat)


async def test_who_wants_to_be_forgotten_is_and_others_are_not(chat: Chat) -> None:
    bob, requests = chat.fake.user("Bob"), RequestStore(chat.engine)
    own = [await stored(chat, chat.ada.id, number) for number in (1, 2)]
    shown = await stored(chat, bob.id, 3, shows=chat.ada.id)
    others = await stored(chat, bob.id, 5)
    votes = Votes(chat.engine)
    for user in (chat.ada, bob):
        await votes.toggle(others.id, Platform.DISCORD, str(user.id))
    about = {"platform": "discord", "scope_id": str(chat.fake.guild.id)}
    async with chat.engine.begin() as connection:
        scores = [
            {**about, "user_id": str(user.id), "points": 1, "rounds": 1, "last_won_at": 1.0} for user in (chat.ada, bob)
        ]
        await connection.execute(insert(guess_score), scores)
        reported = {"id": "R", "request_id": others.id, "channel_id": "1", "reporter_id": str(chat.ada.id), **about}
        await connection.execute(insert(report), {**reported, "reason": "hate", "state": "open", "at": 1.0})
    await OptOuts(chat.engine).set(Platform.DISCORD, str(chat.ada.id), out=True)

    asked = await answered(chat, "forget-me", chat.ada)
    chat.fake.press(asked, chat.ada, "Forget me")
    await chat.fake.until(lambda: "Done" in "".join(asked.texts()))
    assert "2 faces are being deleted" in "".join(asked.texts())

    left = await everything(chat)
    assert str(chat.ada.id) not in left
    assert AVATAR not in left
    assert "secret" not in left.replace(json.dumps(dict(others.reply_target)), "")
    for request in own:
        row = await requests.get(request.id)
        assert row is not None
        assert row.cost == request.cost  # limits of the server hold
        assert row.origin == replace(request.origin, user_id="")
        await requests.forget_answer(request.id)  # as when its message is gone
    shown_now = await requests.get(shown.id)
    assert shown_now is not None
    assert shown_now.origin.user_id == str(bob.id)
    assert [emote.source for emote in shown_now.emotes] == [EmoteSource.UNICODE]
    due = await requests.to_remove(Platform.DISCORD, now=1e12, limit=9)
    assert [request.id for request in due] == [shown.id]
    assert (await requests.get(others.id)) == others
    assert (await everything(chat)).count("4242") == 4  # what led to the questions: Bob's two
    assert await votes.count(others.id) == 1
    assert chat.faces.forgotten_keys == ["key1", "key2", "key3"]
    assert len(chat.faces.withdrawn) == 3
    async with chat.engine.connect() as connection:
        players = (await connection.execute(select(guess_score.c.user_id))).scalars().all()
        assert players == [str(bob.id)]
        assert (await connection.execute(select(report.c.reporter_id))).scalars().all() == [""]
    assert await OptOuts(chat.engine).has(Platform.DISCORD, str(chat.ada.id))


async def test_what_one_waits_for_is_called_off_first(chat: Chat) -> None:
    chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    asked = await answered(chat, "forget-me", chat.ada)
    chat.fake.press(asked, chat.ada, "Forget me")
    await until(lambda: chat.faces.requests[request.id].state is RequestState.CANCELLED)
    await chat.fake.until(lambda: "Done" in "".join(asked.texts()))


# -- a server's data ------------------------------------------------------------------------------------------------


async def test_an_admin_gets_everything_about_the_server_and_nobody_elses_secrets(chat: Chat) -> None:
    admin, scope_id = chat.fake.user("Grace"), str(chat.fake.guild.id)
    admin.manages = True
    asked = await stored(chat, chat.ada.id, 1, shows=chat.ada.id)
    await chat.policy.set(scope_id, None, "cooldown_s", 7, str(admin.id))
    await chat.policy.set("another", None, "cooldown_s", 9, "1")
    [file] = (await answered(chat, "export-data", admin)).attachments
    data = json.loads(file.content)
    assert [row["id"] for row in data["request"]] == [asked.id]
    assert [each["source"] for each in data["request"][0]["source_ref"]] == ["unicode", "avatar"]
    assert [(row["name"], row["value"]) for row in data["scope_setting"]] == [("cooldown_s", 7)]
    assert b"secret" not in file.content
    assert AVATAR.encode() not in file.content
    assert b"another" not in file.content


async def test_nobody_else_gets_it(chat: Chat) -> None:
    answer = await answered(chat, "export-data", chat.ada)
    assert "Only people who may manage this server" in answer.content
    assert not answer.attachments


async def test_what_does_not_fit_is_said(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_EXPORT_BYTES < 10_000_000  # of servers without boosts
    monkeypatch.setattr("bot.discord.privacy.MAX_EXPORT_BYTES", 50)
    admin = chat.fake.user("Grace")
    admin.manages = True
    await stored(chat, chat.ada.id, 1)
    answer = await answered(chat, "export-data", admin)
    assert "more than fits" in answer.content
