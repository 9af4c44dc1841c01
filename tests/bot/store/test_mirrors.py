"""Mirrors in the store: offers, links, and what each mirroring channel shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import Audit, AuditEntry
from bot.store.mirror_posts import MirrorPost, MirrorPosts, PostState
from bot.store.mirrors import MirrorLink, Mirrors, Offer, TooManyLinks

LINK = MirrorLink("twitch:12", "streamer", "1", "2", 5.0)
POST = MirrorPost("01FACE", "2", "twitch:12", "1", 5.0)
ENTRY = AuditEntry("1", "3", 5.0, "mirror_linked")


@pytest.fixture
def mirrors(engine: AsyncEngine) -> Mirrors:
    return Mirrors(engine)


@pytest.fixture
def posts(engine: AsyncEngine) -> MirrorPosts:
    return MirrorPosts(engine)


async def claimed(posts: MirrorPosts, now: float = 10.0, *owned: str) -> MirrorPost | None:
    return await posts.claim(now, now + 60, lambda scope_id: not owned or scope_id in owned)


async def test_of_many_who_give_a_code_at_once_one_is_linked(mirrors: Mirrors) -> None:
    await mirrors.offer(Offer("digest", "1", "2", "3", 100.0))
    taken = await asyncio.gather(*(mirrors.take_offer("digest", 10.0) for _ in range(8)))
    assert len([each for each in taken if each is not None]) == 1


async def test_an_offer_that_is_over_is_none_and_swept(mirrors: Mirrors) -> None:
    await mirrors.offer(Offer("digest", "1", "2", "3", 100.0))
    assert await mirrors.take_offer("digest", 100.0) is None
    await mirrors.offer(Offer("another", "1", "2", "3", 100.0))
    assert await mirrors.sweep(100.0) == 1


async def test_tries_count_within_their_time_and_place(mirrors: Mirrors) -> None:
    assert [await mirrors.note_try("twitch:12", at, at - 10) for at in (1.0, 2.0, 20.0)] == [1, 2, 1]
    assert await mirrors.note_try("twitch:13", 20.0, 10.0) == 1


async def test_links_are_found_from_both_sides_and_bounded(mirrors: Mirrors, engine: AsyncEngine) -> None:
    await mirrors.link(LINK, 1, [ENTRY])
    await mirrors.link(replace(LINK, from_name="renamed"), 1, [])
    assert [each.from_name for each in await mirrors.of_channel("2")] == ["renamed"]
    assert [each.channel_id for each in await mirrors.of_twitch("twitch:12")] == ["2"]
    for other in (replace(LINK, from_scope_id="twitch:13"), replace(LINK, channel_id="9")):
        with pytest.raises(TooManyLinks):
            await mirrors.link(other, 1, [ENTRY])
    assert await mirrors.linked() == {"twitch:12"}
    assert await Audit(engine).recent("1", 10) == [ENTRY]


async def test_what_was_not_posted_before_the_link_ended_never_is(mirrors: Mirrors, posts: MirrorPosts) -> None:
    await mirrors.link(LINK, 5, [])
    await posts.add(POST)
    assert await mirrors.unlink(LINK, [])
    assert not await mirrors.unlink(LINK, [])
    assert await claimed(posts) is None


async def test_a_post_is_added_and_claimed_once_by_whoever_owns_its_server(posts: MirrorPosts) -> None:
    assert await posts.add(POST)
    assert not await posts.add(POST)
    assert await claimed(posts, 10.0, "another server") is None
    got = await asyncio.gather(*(claimed(posts) for _ in range(8)))
    assert [each for each in got if each is not None] == [POST]


async def test_what_nobody_finished_is_claimed_again_as_what_may_be_there(posts: MirrorPosts) -> None:
    await posts.add(POST)
    await claimed(posts, 10.0)
    assert await claimed(posts, 69.0) is None
    again = await claimed(posts, 71.0)
    assert again is not None
    assert again.state is PostState.POSTING


async def test_what_is_posted_is_done_until_it_is_hidden(posts: MirrorPosts) -> None:
    await posts.add(POST)
    await claimed(posts)
    await posts.posted(POST, "99")
    assert await claimed(posts, 1000.0) is None
    assert await posts.hide(POST.request_id) == 1
    hidden = await claimed(posts, 1000.0)
    assert hidden == replace(POST, state=PostState.REMOVING, message_id="99")
    await posts.end(POST, PostState.REMOVED)
    assert await claimed(posts, 5000.0) is None
    assert await posts.sweep(6.0) == 1


async def test_what_is_hidden_while_it_is_posted_goes_as_soon_as_it_is_there(posts: MirrorPosts) -> None:
    await posts.add(POST)
    await claimed(posts, 10.0)
    await posts.hide(POST.request_id)
    assert await claimed(posts, 11.0) is None  # whoever posts it is not done
    await posts.posted(POST, "99")
    hidden = await claimed(posts, 12.0)
    assert hidden is not None
    assert (hidden.state, hidden.message_id) == (PostState.REMOVING, "99")


async def test_what_is_hidden_before_its_turn_is_never_posted(posts: MirrorPosts) -> None:
    await posts.add(POST)
    await posts.hide(POST.request_id)
    assert await claimed(posts) is None
