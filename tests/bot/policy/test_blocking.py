"""Who and what is blocked, in one server and everywhere; with the real store."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import errors
from bot.models import ANYBODY, Emote, EmoteSource, Origin, Platform, Standing
from bot.policy import blocking as module
from bot.policy.blocking import Blocking
from bot.policy.settings import EVERYWHERE
from bot.store.audit import Audit
from bot.store.blocks import Block, BlockKind, BlockStore
from inference.protocol import Frame, Picture
from tests.bot.policy.test_looks import drawing, upload

HERE = Origin(Platform.DISCORD, "1", "10", "100")
ELSEWHERE = Origin(Platform.DISCORD, "2", "20", "100")
LUL = Emote(EmoteSource.BTTV, "567b00c61ddbe1786688a633", "LUL")


@pytest.fixture
def blocking(engine: AsyncEngine) -> Blocking:
    return Blocking(BlockStore(engine), clock=lambda: 5.0)


async def test_a_blocked_member_is_refused_there_and_nowhere_else(blocking: Blocking) -> None:
    await blocking.block_user("1", Platform.DISCORD, "100", "admin")
    with pytest.raises(errors.Blocked):
        await blocking.check_asker(HERE, ANYBODY)
    await blocking.check_asker(ELSEWHERE, ANYBODY)
    await blocking.check_asker(Origin(Platform.DISCORD, "1", "10", "101"), ANYBODY)
    assert await blocking.unblock("1", BlockKind.USER, "discord:100", "admin")
    await blocking.check_asker(HERE, ANYBODY)


async def test_a_member_blocked_by_the_operator_is_refused_everywhere_on_that_platform(blocking: Blocking) -> None:
    await blocking.block_user(EVERYWHERE, Platform.DISCORD, "100", "operator")
    for origin in (HERE, ELSEWHERE):
        with pytest.raises(errors.Blocked):
            await blocking.check_asker(origin, ANYBODY)
    await blocking.check_asker(Origin(Platform.WEB, "1", "10", "100"), ANYBODY)


async def test_a_blocked_role_is_refused_even_beside_others(blocking: Blocking) -> None:
    await blocking.block_role("1", "66", "admin")
    with pytest.raises(errors.Blocked):
        await blocking.check_asker(HERE, Standing(role_ids=frozenset({"5", "66"})))
    await blocking.check_asker(HERE, Standing(role_ids=frozenset({"5"})))


async def test_a_blocked_emote_is_refused_whatever_it_is_called_and_composed_with(blocking: Blocking) -> None:
    await blocking.block_emote("1", LUL, "admin")
    other = Emote(EmoteSource.FFZ, LUL.id, "LUL")
    for emotes in ((Emote(LUL.source, LUL.id, "renamed"),), (other, Emote(EmoteSource.UNICODE, "1f602", blended=LUL))):
        with pytest.raises(errors.EmoteBlocked):
            await blocking.check_emotes(HERE, emotes)
    await blocking.check_emotes(HERE, (other,))
    await blocking.check_emotes(ELSEWHERE, (LUL,))


async def test_a_blocked_picture_and_its_copies_are_refused(blocking: Blocking) -> None:
    await blocking.block_picture("1", "admin", upload(drawing(1)))
    blocked = await blocking.pictures("1")
    for copy in (upload(drawing(1)), upload(drawing(1), "JPEG", quality=40)):
        with pytest.raises(errors.PictureBlocked):
            await blocked.check(copy)
    await blocked.check(upload(drawing(2)))
    await (await blocking.pictures("2")).check(upload(drawing(1)))


async def test_a_blocked_picture_of_one_colour_is_refused_and_no_other_colour(blocking: Blocking) -> None:
    red, blue = (Picture(8, 8, (Frame(bytes([*colour, 255] * 64)),)) for colour in ((255, 0, 0), (0, 0, 255)))
    await blocking.block_picture(EVERYWHERE, "operator", red)
    blocked = await blocking.pictures("1")
    with pytest.raises(errors.PictureBlocked):
        await blocked.check(red)
    await blocked.check(blue)


async def test_looks_of_another_version_leave_the_exact_picture_blocked(
    blocking: Blocking, engine: AsyncEngine
) -> None:
    await blocking.block_picture("1", "admin", upload(drawing(1)))
    [block] = await blocking.listed("1", BlockKind.PICTURE)
    entry = (await Audit(engine).recent("1", 1))[0]
    await BlockStore(engine).add(Block("1", block.kind, block.value, "admin", 5.0, b"odd"), entry)
    blocked = await blocking.pictures("1")
    with pytest.raises(errors.PictureBlocked):
        await blocked.check(upload(drawing(1)))
    await blocked.check(upload(drawing(1), "JPEG", quality=40))


async def test_blocks_are_listed_once_each_and_written_down(blocking: Blocking, engine: AsyncEngine) -> None:
    for _ in range(2):
        await blocking.block_role("1", "66", "ada")
    await blocking.unblock("1", BlockKind.ROLE, "66", "bob")
    await blocking.block_role("1", "67", "ada")
    assert [(block.value, block.by_user_id) for block in await blocking.listed("1", BlockKind.ROLE)] == [("67", "ada")]
    assert not await blocking.unblock("1", BlockKind.ROLE, "66", "bob")
    told = [(entry.user_id, entry.action, entry.detail["value"]) for entry in await Audit(engine).recent("1", 10)]
    assert told == [("ada", "blocked", "67"), ("bob", "unblocked", "66"), *[("ada", "blocked", "66")] * 2]


async def test_there_is_an_end_to_blocking(blocking: Blocking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BLOCKED", 2)
    for role_id in ("1", "2"):
        await blocking.block_role("1", role_id, "admin")
    with pytest.raises(errors.TooManyBlocked) as refused:
        await blocking.block_role("1", "3", "admin")
    assert refused.value.limit == 2
    await blocking.block_role("2", "3", "admin")
