from __future__ import annotations

from pathlib import Path

from bot.delivery import PickUp, Postman, Refusal
from bot.metrics import Metrics
from bot.models import Platform, RequestState
from tests.fakes.serving import ORIGIN, assembled, face


async def test_who_fetches_the_answer_gets_nothing_posted(tmp_path: Path) -> None:
    async with assembled(tmp_path) as serving:
        postman = Postman(Metrics(), give_up_after_s=60)
        assert not postman.serves(ORIGIN.platform)
        postman.add(ORIGIN.platform, PickUp())
        assert postman.serves(ORIGIN.platform)
        request = await serving.service.ask(ORIGIN, face("joy"))
        assert await postman.deliver(request, Refusal("No."), maybe_sent=False) is None


async def test_the_answer_of_one_who_fetches_it_is_in_the_store(tmp_path: Path) -> None:
    async with assembled(tmp_path, platforms=()) as serving:
        serving.service.add_deliverer(Platform.DISCORD, PickUp())
        async with serving.service.running(grace_s=0):
            stored = await serving.answered("joy")
            assert (stored.state, stored.answer_ref) == (RequestState.ANSWERED, None)
            assert await serving.service.picture(stored.id) is not None
