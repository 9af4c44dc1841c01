"""Signs of work: typing, the status line, and their end."""

from __future__ import annotations

import pytest

from bot.discord.link import Link
from bot.discord.outbox import Outbox
from bot.discord.posting import nonce_of
from bot.discord.progress import WorkingSigns
from bot.discord.reach import Reach
from bot.discord.targets import MessageTarget
from bot.discord.words import Words
from bot.models import Progress, RequestState
from bot.tasks import BoundedTasks
from tests.bot.discord.conftest import NEVER_S, QUICK, Chat, run_bot
from tests.bot.discord.faces import WEBP, ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.polling import until

SOON = 0.01


async def test_it_types_at_once_and_says_nothing_when_it_is_quick(chat: Chat) -> None:
    question = chat.fake.say(chat.fake.channel, chat.ada, "!face 😂")
    request = await chat.faces.asked()
    await chat.fake.until(lambda: chat.fake.typed)
    assert chat.fake.typed == [chat.fake.channel.id]
    await chat.faces.answer(request)
    [answer] = chat.fake.replies_to(question)
    assert answer.history == []


async def test_after_a_while_a_status_line_appears_and_becomes_the_answer(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        assert status.content == "Drawing…"
        await until(lambda: chat.faces.requests[request.id].reply_target["status_id"] == status.id)
        answer_ref = await chat.faces.answer(request)
        assert answer_ref == str(status.id)
        assert fake.replies_to(question) == [status]
        assert [attachment.content for attachment in status.attachments] == [WEBP]
        assert (status.content, status.history) == ("", ["Drawing…"])
        assert status.pinged == set()


async def test_the_status_line_follows_the_queue_and_is_not_repeated(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        chat.faces.progresses[request.id] = Progress(request.id, RequestState.QUEUED, position=3, eta_s=12)
        await fake.until(lambda: "place 3, about 12 seconds" in status.content)
        chat.faces.progresses[request.id] = Progress(request.id, RequestState.QUEUED, position=1, eta_s=2)
        await fake.until(lambda: "place 1, about 2 seconds" in status.content)
        await chat.faces.answer(request)
        assert len(status.history) == 3  # two statuses and the last, which the picture replaced


async def test_a_slow_slash_command_shows_the_status_in_its_response(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        interaction = fake.interact(fake.channel, chat.ada, emote="😂")
        request = await chat.faces.asked()
        await fake.until(lambda: interaction.original is not None and interaction.original.content)
        assert interaction.original is not None
        assert interaction.original.content == "Drawing…"
        await chat.faces.answer(request)
        assert interaction.original.attachments
        assert interaction.original.content == ""


async def test_a_status_message_whose_id_was_lost_becomes_the_answer(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        lost = fake.fail_next("POST", "/messages", after=True)
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        await fake.until(lambda: lost.reached.is_set() and fake.replies_to(question))
        [status] = fake.replies_to(question)
        assert chat.faces.requests[request.id].reply_target["status_id"] is None
        await chat.faces.answer(request)
        assert fake.replies_to(question) == [status]
        assert [attachment.content for attachment in status.attachments] == [WEBP]
        assert status.nonce == nonce_of(request.id)


async def test_a_status_line_that_arrives_after_the_answer_is_no_second_message(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        held = fake.fail_next("POST", "/messages", hold=True)
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        await fake.until(held.reached.is_set)
        await chat.faces.answer(request)
        held.release.set()
        hint = fake.say(fake.channel, chat.ada, "!face")
        await fake.answer_to(hint)
        [answer] = fake.replies_to(question)
        assert (answer.content, answer.history) == ("", [])
        assert answer.attachments


async def test_no_sign_starts_once_the_answer_is_being_posted(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        held = fake.fail_next("POST", "/typing", hold=True)
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        await fake.until(held.reached.is_set)
        await chat.faces.answer(request)  # does not wait for Discord to finish with the typing
        held.release.set()
        [answer] = fake.replies_to(question)
        assert answer.history == []


async def test_a_finished_request_gets_no_typing(fake: FakeDiscord) -> None:
    class InstantFaces(ScriptedFaces):
        async def ask(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            request = await super().ask(*args, **kwargs)  # type: ignore[arg-type]
            await self.answer(request)
            return request

    async with run_bot(fake, InstantFaces()) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        await fake.answer_to(question, picture=True)
        hint = fake.say(fake.channel, chat.ada, "!face")
        await fake.answer_to(hint)
        assert fake.typed == []


async def test_where_the_status_line_is_refused_it_is_not_tried_again(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        refused = fake.fail_next("POST", "/messages", 403, code=50013)
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        await fake.until(refused.reached.is_set)
        fake.say(fake.channel, chat.ada, "!face 🍕")
        other = await chat.faces.asked(2)
        for position in range(5, 0, -1):
            for each in (request, other):
                chat.faces.progresses[each.id] = Progress(each.id, RequestState.QUEUED, position=position, eta_s=2)
            await fake.until(lambda place=f"place {position}": any(place in m.content for m in fake.messages))  # type: ignore[misc]
        assert fake.replies_to(question) == []
        await chat.faces.answer(request)
        assert len(fake.replies_to(question)) == 1


async def test_only_a_few_status_lines_stand_in_a_channel_and_one_types_for_the_others(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON, channel_statuses=2) as chat:
        questions = [fake.say(fake.channel, chat.ada, "!face 😂") for _ in range(5)]
        await chat.faces.asked(5)
        await fake.until(lambda: len(fake.typed) >= 5 + 3)
        shown = [question for question in questions if fake.replies_to(question)]
        assert len(shown) == 2
        first = next(r for r in chat.faces.requests.values() if r.reply_target["message_id"] == shown[0].id)
        await chat.faces.answer(first)
        await fake.until(lambda: sum(bool(fake.replies_to(question)) for question in questions) == 3)


async def test_status_lines_leave_the_last_post_of_the_ration_to_answers(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON, channel_posts=2, channel_posts_s=NEVER_S) as chat:
        questions = [fake.say(fake.channel, chat.ada, "!face 😂") for _ in range(3)]
        await chat.faces.asked(3)
        await fake.until(lambda: len(fake.typed) >= 3 + 2)
        [without, *_] = [question for question in questions if not fake.replies_to(question)]
        assert sum(len(fake.replies_to(question)) for question in questions) == 1
        request = next(r for r in chat.faces.requests.values() if r.reply_target["message_id"] == without.id)
        await chat.faces.answer(request)
        assert len(fake.replies_to(without)) == 1


async def test_a_failed_edit_of_the_status_line_is_no_harm(fake: FakeDiscord) -> None:
    async with run_bot(fake, status_after_s=SOON) as chat:
        question = fake.say(fake.channel, chat.ada, "!face 😂")
        request = await chat.faces.asked()
        status = await fake.answer_to(question)
        fault = fake.fail_next("PATCH", "/messages", 503)
        for position in range(9, 0, -1):
            chat.faces.progresses[request.id] = Progress(request.id, RequestState.QUEUED, position=position, eta_s=2)
            await until(lambda position=position: fault.reached.is_set() or f"place {position}" in status.content)  # type: ignore[misc]
        await fake.until(lambda: "place 1," in status.content)
        await chat.faces.answer(request)
        assert status.attachments


async def nobody(guild_id: int) -> int | None:
    return None


@pytest.mark.parametrize("limit", [0, 1])
async def test_no_sign_starts_at_the_bound_or_while_an_answer_is_posted(limit: int) -> None:
    target = MessageTarget(1, None, 2)
    async with BoundedTasks(limit) as tasks:
        link = Link()
        reach = Reach(link, Words(link, QUICK), nobody, links=False)
        signs = WorkingSigns(ScriptedFaces(), link, tasks, QUICK, outbox=Outbox(QUICK), reach=reach)
        async with signs.silenced("01X") as sign:
            assert sign is None
            signs.start("01X", target, "en")
        async with signs.silenced("01X") as sign:
            assert sign is None
        signs.start("01X", target, "en")
        async with signs.silenced("01X") as sign:
            assert (sign is not None) == bool(limit)
