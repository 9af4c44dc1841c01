"""Anybody reports a face; the operator decides. As a member, an admin, and the operator."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Platform
from bot.operating.reporting import MAX_OPEN
from bot.policy.settings import EVERYWHERE
from bot.store.audit import Audit
from bot.store.blocks import BlockKind
from bot.store.operator_tasks import TaskKind
from bot.store.reports import Reason, Report, ReportState
from bot.store.requests import RequestStore
from bot.texts import LOCALES
from tests.bot.discord.conftest import OPERATOR_ID, Chat, run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Interaction, Message, User
from tests.polling import until

REPORT = "Report this face"


def operator(chat: Chat) -> User:
    person = chat.fake.user("Olga")
    person.id = int(OPERATOR_ID)
    return person


async def faced(chat: Chat, key: str = "k1") -> tuple[Message, FaceRequest]:
    """An answer of the bot, whose request is in the store, too."""
    asked, chat.faces.emotes["😂"] = len(chat.faces.requests), Emote(EmoteSource.UNICODE, "1f602", "joy")
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked(asked + 1)
    await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    request = replace(chat.faces.requests[request.id], key=key)
    chat.faces.requests[request.id] = request
    await RequestStore(chat.engine).add(request)
    return answer, request


async def reported(chat: Chat, message: Message, user: User, reason: Reason = Reason.HATE) -> str:
    asking = chat.fake.open_menu(message, user, REPORT)
    await chat.fake.opened(asking)
    sent = chat.fake.submit(asking, user, {"reason": [reason.value]})
    return (await chat.fake.response_to(sent)).content


async def opened(chat: Chat, user: User) -> Message:
    return await chat.fake.response_to(chat.fake.interact(chat.fake.channel, user, "emoteface operator"))


async def pressed(chat: Chat, menu: Message, user: User, name: str, expected: str) -> None:
    chat.fake.press(menu, user, name)
    await chat.fake.until(lambda: expected in "".join(menu.texts()))


async def filled_in(chat: Chat, menu: Message, user: User, name: str, **values: object) -> None:
    pressing: Interaction = chat.fake.press(menu, user, name)
    await chat.fake.opened(pressing)
    chat.fake.submit(pressing, user, values)


# -- reporting ------------------------------------------------------------------------------------------------------


async def test_a_member_reports_a_face_once_and_the_log_channel_is_told(chat: Chat) -> None:
    log_channel = chat.fake.add_channel("log")
    await chat.policy.set(str(chat.fake.guild.id), None, "log_channel_id", str(log_channel.id), "1")
    message, request = await faced(chat)
    bob = chat.fake.user("Bob")
    assert "Thank you" in await reported(chat, message, bob)
    [report] = await chat.desk.reports.open(9)
    assert (report.request_id, report.reason, report.reporter_id) == (request.id, Reason.HATE, str(bob.id))

    def notices() -> list[Message]:  # beside those of changed settings
        return [each for each in chat.fake.messages_in(log_channel) if "It is hateful" in each.content]

    await chat.fake.until(notices)
    [told] = notices()
    assert str(message.id) in told.content
    assert str(bob.id) not in told.content
    assert "already" in await reported(chat, message, bob, Reason.OTHER)
    assert len(await chat.desk.reports.open(9)) == 1


async def test_only_faces_can_be_reported(chat: Chat) -> None:
    words = chat.fake.say(chat.fake.channel, chat.ada, "hello")
    answer = await chat.fake.response_to(chat.fake.open_menu(words, chat.ada, REPORT))
    assert "no face of mine" in answer.content


async def test_who_reports_everything_has_to_wait(chat: Chat) -> None:
    message, _ = await faced(chat)
    for number in range(MAX_OPEN):
        about = Report(f"R{number}", f"F{number}", Platform.DISCORD, "1", "2", str(chat.ada.id), Reason.OTHER, 1.0)
        await chat.desk.reports.add(about)
    assert "please wait" in await reported(chat, message, chat.ada)


# -- deciding -------------------------------------------------------------------------------------------------------


async def test_nobody_but_the_operator_gets_the_menu_or_uses_an_old_one(chat: Chat) -> None:
    admin = chat.fake.user("Grace")
    admin.manages = True
    for user in (chat.ada, admin):
        assert "Only whoever operates" in (await opened(chat, user)).content
    olga = operator(chat)
    menu = await opened(chat, olga)
    olga.id = chat.fake.user("Eve").id  # no longer who the settings name
    pressing = chat.fake.press(menu, olga, "Pause everything")
    answer = await chat.fake.response_to(pressing)
    assert "Only whoever operates" in answer.content
    assert not (await chat.policy.effective("1")).paused


async def test_a_face_that_is_taken_down_goes_wherever_it_is(chat: Chat) -> None:
    message, request = await faced(chat)
    _, same = await faced(chat)
    _, another = await faced(chat, key="k2")
    chat.faces.pictures[request.id] = FacePicture(request.id, b"RIFFface", 128, 128)
    await reported(chat, message, chat.fake.user("Bob"))
    olga = operator(chat)
    menu = await opened(chat, olga)
    assert "1 report is waiting" in "".join(menu.texts())
    await pressed(chat, menu, olga, "Reports", "It is hateful")
    assert [picture.content for picture in menu.pictures()] == [b"RIFFface"]
    await pressed(chat, menu, olga, "Take down and block", "2 faces are being taken down")
    due = await RequestStore(chat.engine).to_remove(Platform.DISCORD, 1e12, 9)
    assert {each.id for each in due} == {request.id, same.id}
    assert another.id not in {each.id for each in due}
    await until(lambda: chat.faces.forgotten_keys == ["k1"])
    await until(lambda: chat.faces.blocked == [(EVERYWHERE, request.emotes, OPERATOR_ID)])
    assert await chat.desk.reports.open(9) == []
    [entry] = [e for e in await Audit(chat.engine).recent(EVERYWHERE, 9) if e.action == "taken_down"]
    assert (entry.user_id, entry.detail["request_id"]) == (OPERATOR_ID, request.id)


async def test_a_report_is_dismissed_and_the_face_stays(chat: Chat) -> None:
    message, _ = await faced(chat)
    await reported(chat, message, chat.fake.user("Bob"))
    [report] = await chat.desk.reports.open(1)
    olga = operator(chat)
    menu = await opened(chat, olga)
    await pressed(chat, menu, olga, "Reports", "It is hateful")
    await pressed(chat, menu, olga, "Nothing is wrong", "1 report is closed")
    closed = await chat.desk.reports.get(report.id)
    assert closed is not None
    assert closed.state is ReportState.DISMISSED
    assert (await RequestStore(chat.engine).to_remove(Platform.DISCORD, 1e12, 9)) == []
    assert not message.deleted


# -- everywhere -----------------------------------------------------------------------------------------------------


async def test_the_kill_switch_stops_every_server_and_lets_go_again(chat: Chat) -> None:
    olga = operator(chat)
    menu = await opened(chat, olga)
    await pressed(chat, menu, olga, "Pause everything", "Nothing is drawn anywhere")
    assert (await chat.policy.effective("any server")).paused
    await pressed(chat, menu, olga, "Go on", "Faces are drawn again")
    assert not (await chat.policy.effective("any server")).paused


async def test_a_person_is_blocked_everywhere_and_unblocked(chat: Chat) -> None:
    olga = operator(chat)
    menu = await opened(chat, olga)
    blocked = {"kind": ["block person"], "which": str(chat.ada.id)}
    await filled_in(chat, menu, olga, "Block", **blocked)
    await chat.fake.until(lambda: "that holds everywhere" in "".join(menu.texts()))
    kinds = await chat.policy.blocking.listed(EVERYWHERE, BlockKind.USER)
    assert [block.value for block in kinds] == [f"discord:{chat.ada.id}"]
    await filled_in(chat, menu, olga, "Block", kind=["unblock emote"], which="nonsense")
    await chat.fake.until(lambda: "nothing like that" in "".join(menu.texts()))
    await filled_in(chat, menu, olga, "Block", kind=["unblock person"], which=str(chat.ada.id))
    await chat.fake.until(lambda: "that holds everywhere" in "".join(menu.texts()))
    assert await chat.policy.blocking.listed(EVERYWHERE, BlockKind.USER) == []


async def test_every_server_is_told_once_where_it_wants_to_hear_it(fake: FakeDiscord) -> None:
    fake.guild.system_channel = fake.channel
    async with run_bot(fake) as chat:
        scope_id = str(fake.guild.id)
        await chat.servers.joined([scope_id, "1"], 1.0, greeted=True)  # of "1" Discord knows nothing
        olga = operator(chat)
        menu = await opened(chat, olga)
        await filled_in(chat, menu, olga, "Tell all servers", words="Back at noon, @everyone")
        await chat.fake.until(lambda: "servers are being told" in "".join(menu.texts()))

        def told() -> list[Message]:
            return [each for each in fake.messages if each.content.startswith("Back at noon")]

        await fake.until(told)
        [message] = told()
        assert message.channel is fake.channel
        assert not message.pinged
        await _ended(chat, TaskKind.TELL, 2)
        assert len(told()) == 1


async def test_the_bot_leaves_a_server(chat: Chat) -> None:
    scope_id = str(chat.fake.guild.id)
    await chat.servers.joined([scope_id], 1.0, greeted=True)
    olga = operator(chat)
    menu = await opened(chat, olga)
    await filled_in(chat, menu, olga, "Leave a server", which="12")
    await chat.fake.until(lambda: "nothing like that" in "".join(menu.texts()))
    await filled_in(chat, menu, olga, "Leave a server", which=scope_id)
    await chat.fake.until(lambda: chat.fake.guild not in chat.fake.guilds)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_menus_fit_in_every_language(fake: FakeDiscord, locale: str) -> None:
    async with run_bot(fake) as chat:
        olga = operator(chat)
        olga.locale = {"en": "en-US"}.get(locale, locale)
        message, _ = await faced(chat)
        await reported(chat, message, olga)
        menu = await opened(chat, olga)
        first, *_ = menu.buttons()
        chat.fake.press(menu, olga, first["custom_id"])
        await chat.fake.until(lambda: len(menu.buttons()) == 4)
        for action in ("tell", "block", "leave"):
            await chat.fake.opened(chat.fake.press(await opened(chat, olga), olga, f"op:{action}:"))


async def _ended(chat: Chat, kind: TaskKind, count: int) -> None:
    async def done() -> int:
        counts = await chat.desk.tasks.counts()
        return sum(number for (each, state), number in counts.items() if each == kind and state != "open")

    async with asyncio.timeout(60):
        while await done() != count:
            await asyncio.sleep(0.02)
