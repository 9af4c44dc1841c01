"""A redemption and its chat message find each other, in either order, and nobody waits for ever."""

from __future__ import annotations

import asyncio

import pytest

from bot.twitch.rewards.joining import MAX_WAITING, Joining, Spoken
from tests.polling import PATIENCE_S

NEVER_S = 3600.0
KAPPA = Spoken("1", "2", "reward", "Kappa")


async def joined(joining: Joining[str], spoken: Spoken = KAPPA) -> str | None:
    return await asyncio.wait_for(joining.message_for(spoken), PATIENCE_S)


async def test_a_message_that_was_first_is_there_at_once() -> None:
    joining: Joining[str] = Joining(NEVER_S)
    joining.message(KAPPA, "the message")
    assert await joined(joining) == "the message"


async def test_a_message_that_comes_later_is_waited_for() -> None:
    joining: Joining[str] = Joining(NEVER_S)
    waiting = asyncio.create_task(joined(joining))
    await asyncio.sleep(0)
    joining.message(KAPPA, "the message")
    assert await waiting == "the message"


async def test_a_message_that_does_not_come_is_not_waited_for_for_ever() -> None:
    assert await joined(Joining(0.0)) is None


@pytest.mark.parametrize(
    "other",
    [
        Spoken("9", "2", "reward", "Kappa"),
        Spoken("1", "9", "reward", "Kappa"),
        Spoken("1", "2", "other", "Kappa"),
        Spoken("1", "2", "reward", "Keepo"),
    ],
)
async def test_a_message_of_something_else_is_not_taken(other: Spoken) -> None:
    now = 0.0
    joining: Joining[str] = Joining(0.01, clock=lambda: now)
    joining.message(other, "another")
    assert await joined(joining) is None
    assert await joined(joining, other) == "another"


async def test_the_same_twice_is_joined_in_its_order_and_each_once() -> None:
    joining: Joining[str] = Joining(0.01, clock=lambda: 0.0)
    for text in ("first", "second"):
        joining.message(Spoken("1", "2", "reward", "  Kappa "), text)
    assert [await joined(joining) for _ in range(3)] == ["first", "second", None]


async def test_of_several_who_wait_the_first_gets_the_first() -> None:
    joining: Joining[str] = Joining(NEVER_S)
    waiting = [asyncio.create_task(joined(joining)) for _ in range(2)]
    await asyncio.sleep(0)
    joining.message(KAPPA, "first")
    joining.message(KAPPA, "second")
    assert await asyncio.gather(*waiting) == ["first", "second"]


async def test_messages_nobody_wants_are_forgotten() -> None:
    now = 0.0
    joining: Joining[str] = Joining(10.0, clock=lambda: now)
    joining.message(KAPPA, "old")
    now = 11.0
    other = Spoken("1", "2", "reward", "new")
    for number in range(MAX_WAITING + 1):
        joining.message(Spoken("1", "2", "reward", str(number)), "kept")
    joining.message(other, "new")
    assert len(joining._messages) == MAX_WAITING
    assert await joined(joining, other) == "new"
