"""Faces that have to go, where no server is needed to show it."""

from __future__ import annotations

import asyncio

import pytest

pytest.register_assert_rewrite("tests.inference.queue.contract")

from inference.queue.nats.connection import Connection, Unreachable  # noqa: E402
from inference.queue.nats.forgotten import Forgotten  # noqa: E402
from inference.queue.nats.results import Results  # noqa: E402
from tests.inference.queue.contract import SETTINGS  # noqa: E402


class Told(Results):
    """What the server was told, while it can be reached."""

    def __init__(self) -> None:
        super().__init__(Connection(SETTINGS, "bot"), SETTINGS)
        self.told: list[str] = []
        self.reachable = True

    async def forget(self, key: str) -> None:
        self._tell(key)

    async def forget_everything(self) -> None:
        await asyncio.sleep(0)
        self._tell("everything")

    def _tell(self, what: str) -> None:
        if not self.reachable:
            raise Unreachable("not connected")
        self.told.append(what)


async def test_a_key_is_remembered_until_the_server_knows() -> None:
    results = Told()
    forgotten = Forgotten(results)
    forgotten.add("one")
    forgotten.add("other")
    results.reachable = False
    with pytest.raises(Unreachable):
        await forgotten.carry_out("one")
    assert "one" in forgotten
    results.reachable = True
    await forgotten.carry_out("one")
    assert "one" not in forgotten
    assert "other" in forgotten
    assert results.told == ["one"]


async def test_when_there_are_too_many_to_remember_every_face_goes() -> None:
    results = Told()
    forgotten = Forgotten(results, max_keys=2)
    for key in ("1", "2", "3"):
        forgotten.add(key)
    assert all(key in forgotten for key in ("1", "2", "3", "any other"))
    await forgotten.carry_out()
    assert not any(key in forgotten for key in ("1", "2", "3", "any other"))
    assert results.told == ["everything", "3"]


async def test_what_overflows_while_everything_goes_goes_after_it() -> None:
    results = Told()
    forgotten = Forgotten(results, max_keys=1)
    forgotten.add("1")
    forgotten.add("2")
    going = asyncio.create_task(forgotten.carry_out())
    await asyncio.sleep(0)
    forgotten.add("3")
    await going
    assert "1" in forgotten
    await forgotten.carry_out()
    assert "1" not in forgotten
    assert results.told.count("everything") == 2
