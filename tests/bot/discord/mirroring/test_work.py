"""What is shown on Twitch is shown in linked channels, once, and goes from there when it is hidden."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import TooManyMirrors
from bot.mirror.linking import MAX_LINKS
from bot.models import Emote, EmoteSource, FacePicture, FaceRequest, Origin, Platform, twitch_scope
from bot.store.database import open_database
from bot.store.mirror_posts import MirrorPost
from bot.store.requests import RequestStore
from bot.store.staged_faces import StagedFaces
from bot.store.tables import mirror_post
from inference.protocol import FaceOptions
from tests.bot.discord.conftest import Chat, run_bot
from tests.bot.discord.faces import WEBP, ScriptedFaces
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Message
from tests.polling import PATIENCE_S

TWITCH, LOGIN = twitch_scope("12"), "streamer"
JOY = Emote(EmoteSource.TWITCH, "25", "Kappa")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """On disk: one in memory is gone when a query is cancelled, which the end of a bot does."""
    async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'emoteface.db'}") as opened:
        yield opened


async def link(chat: Chat, channel: Channel | None = None, twitch: str = TWITCH) -> None:
    linking, where = chat.mirror.linking, channel or chat.fake.channel
    code = await linking.offer(str(chat.fake.guild.id), str(where.id), "1")
    await linking.accept(twitch, LOGIN, code, "77")


async def show(chat: Chat, number: int = 1, *, asker: str | None = "Ada", scope_id: str = TWITCH) -> FaceRequest:
    """A face of Twitch is finished."""
    now = time.time()
    request = FaceRequest(
        id=f"01FACE{number:04}",
        origin=Origin(Platform.TWITCH, scope_id, "12", "4711"),
        emotes=(JOY,),
        options=FaceOptions(),
        accepted_at=now,
        deadline_at=now + 60,
        reply_target={"asker_name": asker},
    )
    await RequestStore(chat.engine).add(request)
    picture = FacePicture(request.id, WEBP, 256, 128)
    chat.faces.pictures[request.id] = picture
    await chat.stage.present(request, picture)
    return request


def shown(fake: FakeDiscord, channel: Channel | None = None) -> list[Message]:
    """With a picture, and not deleted."""
    where = channel or fake.channel
    return [each for each in fake.messages if each.channel is where and each.pictures() and not each.deleted]


async def reaches(chat: Chat, *expected: str) -> None:
    """The posts get into these states."""

    async def states() -> list[str]:
        async with chat.engine.connect() as connection:
            return sorted(row.state for row in (await connection.execute(mirror_post.select())).all())

    async with asyncio.timeout(PATIENCE_S):
        while await states() != sorted(expected):
            await asyncio.sleep(0.02)


# -- coming ---------------------------------------------------------------------------------------------------------


async def test_a_linked_channel_gets_the_picture_with_asker_and_channel(chat: Chat) -> None:
    await link(chat)
    await show(chat)
    await chat.fake.until(lambda: shown(chat.fake))
    [message] = shown(chat.fake)
    assert message.pictures()[0].content == WEBP
    assert "Kappa" in (message.pictures()[0].description or "")
    assert message.texts() == [f"-# Ada on Twitch, in the chat of {LOGIN}"]
    assert not message.buttons()


@pytest.mark.parametrize("asker", ["@everyone", "<@1>", "**bold** {channel}", "a\nb\u202e", "x" * 500, None])
async def test_hostile_names_ping_nobody_and_are_no_markup(chat: Chat, asker: str | None) -> None:
    await link(chat)
    await show(chat, asker=asker)
    await chat.fake.until(lambda: shown(chat.fake))
    [message] = shown(chat.fake)
    [words] = message.texts()
    assert not message.pinged
    assert "<@" not in words
    assert "**bold**" not in words
    assert "\n" not in words
    assert len(words) < 120


async def test_only_the_channels_that_are_linked_get_it_and_only_what_came_later(chat: Chat) -> None:
    other = chat.fake.add_channel("other")
    await show(chat, 1)
    await link(chat, other)
    await show(chat, 2, scope_id=twitch_scope("99"))
    await show(chat, 3)
    await chat.fake.until(lambda: shown(chat.fake, other))
    await reaches(chat, "posted")
    assert len(shown(chat.fake, other)) == 1
    assert not shown(chat.fake)


async def test_it_is_posted_once_however_often_it_is_heard_of(chat: Chat) -> None:
    await link(chat)
    request = await show(chat)
    face = await chat.stage.get(request.id)
    assert face is not None
    for _ in range(3):
        await chat.mirror.mirror.shown(face)
    await reaches(chat, "posted")
    assert len(shown(chat.fake)) == 1


async def test_a_burst_arrives_in_full(fake: FakeDiscord) -> None:
    async with run_bot(fake, channel_posts_s=0.1) as chat:
        await link(chat)
        for number in range(12):
            await show(chat, number)
        await fake.until(lambda: len(shown(fake)) == 12)


# -- trouble --------------------------------------------------------------------------------------------------------


async def test_a_failure_in_passing_is_tried_again(chat: Chat) -> None:
    await link(chat)
    chat.fake.fail_next("POST", f"/channels/{chat.fake.channel.id}/messages", 503)
    await show(chat)
    await reaches(chat, "posted")
    assert len(shown(chat.fake)) == 1


async def test_a_post_whose_answer_was_lost_is_found_and_not_made_again(fake: FakeDiscord, engine: AsyncEngine) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await link(chat)
        request = await show(chat)
        await reaches(chat, "posted")
    async with engine.begin() as connection:  # as a kill between the post and its record leaves it
        await connection.execute(update(mirror_post).values(state="posting", message_id=None, claimed_until=0.0))
    fake.rest.forget_nonces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await reaches(chat, "posted")
        assert len(shown(fake)) == 1
        await chat.stage.hide(request.id, "mod")
        await reaches(chat, "removed")
        assert not shown(fake)


async def test_where_the_bot_may_not_look_a_doubtful_post_is_not_made_again(
    fake: FakeDiscord, engine: AsyncEngine
) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await link(chat)
        await show(chat)
        await reaches(chat, "posted")
    async with engine.begin() as connection:
        await connection.execute(update(mirror_post).values(state="posting", message_id=None, claimed_until=0.0))
    fake.rest.forget_nonces()
    fake.channel.denied.add("read_message_history")
    async with run_bot(fake, faces, engine=engine) as chat:
        await reaches(chat, "failed")
    assert len(shown(fake)) == 1


async def test_without_permission_nothing_is_posted_and_the_link_stays(chat: Chat) -> None:
    await link(chat)
    chat.fake.channel.denied.add("send_messages")
    await show(chat)
    await reaches(chat, "failed")
    assert len(await chat.mirror.linking.of_twitch(TWITCH)) == 1


async def test_a_channel_that_is_gone_is_linked_no_more(chat: Chat) -> None:
    other = chat.fake.add_channel("other")
    await link(chat, other)
    chat.fake.fail_next("POST", f"/channels/{other.id}/messages", 404, code=10003)
    await show(chat)
    await reaches(chat, "failed")
    async with asyncio.timeout(PATIENCE_S):
        while await chat.mirror.linking.of_twitch(TWITCH):
            await asyncio.sleep(0.02)


async def test_old_news_are_not_posted(chat: Chat) -> None:
    await link(chat)
    chat.fake.fail_next("POST", f"/channels/{chat.fake.channel.id}/messages", 503, times=3)
    request = await show(chat)
    await reaches(chat, "posted")
    old = MirrorPost(f"{request.id}X", str(chat.fake.channel.id), TWITCH, str(chat.fake.guild.id), time.time() - 3600)
    await chat.mirror.posts.add(old)
    await reaches(chat, "posted", "failed")


# -- going ----------------------------------------------------------------------------------------------------------


async def test_what_is_hidden_goes_from_the_channel(chat: Chat) -> None:
    await link(chat)
    request = await show(chat)
    await reaches(chat, "posted")
    await chat.stage.hide(request.id, "mod")
    await chat.fake.until(lambda: not shown(chat.fake))
    await reaches(chat, "removed")


async def test_what_was_hidden_while_the_bot_was_away_goes_when_it_is_back(
    fake: FakeDiscord, engine: AsyncEngine
) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await link(chat)
        request = await show(chat)
        await reaches(chat, "posted")
    await chat.stage.hide(request.id, "mod")
    async with run_bot(fake, faces, engine=engine) as chat:
        await chat.fake.until(lambda: not shown(fake))


async def test_what_was_hidden_unheard_goes_all_the_same(fake: FakeDiscord, engine: AsyncEngine) -> None:
    async with run_bot(fake, engine=engine, mirror_catch_up_s=0.1) as chat:
        await link(chat)
        request = await show(chat)
        await reaches(chat, "posted")
        await StagedFaces(engine).hide([request.id], time.time() - 3600)
        await reaches(chat, "removed")
        assert not shown(fake)


async def test_what_was_shown_while_the_bot_was_away_comes_when_it_is_back(
    fake: FakeDiscord, engine: AsyncEngine
) -> None:
    faces = ScriptedFaces()
    async with run_bot(fake, faces, engine=engine) as chat:
        await link(chat)
    await show(chat)
    async with run_bot(fake, faces, engine=engine):
        await fake.until(lambda: shown(fake))


async def test_somebody_who_deleted_the_post_does_not_stop_it(chat: Chat) -> None:
    await link(chat)
    request = await show(chat)
    await reaches(chat, "posted")
    chat.fake.delete(shown(chat.fake)[0])
    await chat.stage.hide(request.id, "mod")
    await reaches(chat, "removed")


async def test_after_unlinking_nothing_more_comes(chat: Chat) -> None:
    await link(chat)
    await chat.mirror.linking.unlink_twitch(TWITCH, "77")
    await show(chat, 1)
    other = chat.fake.add_channel("other")
    await link(chat, other)
    await show(chat, 2)
    await chat.fake.until(lambda: shown(chat.fake, other))
    assert not shown(chat.fake)


async def test_one_channel_has_only_so_many_links(chat: Chat) -> None:
    for number in range(MAX_LINKS):
        await link(chat, twitch=twitch_scope(str(number)))
    with pytest.raises(TooManyMirrors):
        await link(chat, twitch=twitch_scope("99"))
    await link(chat, twitch=twitch_scope("1"))  # again is no more
