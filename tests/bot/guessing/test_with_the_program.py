"""A round with everything but a platform: real emotes, policy, store and inference child."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from bot.core import Core, open_core
from bot.delivery import Answer
from bot.guessing.half import face_of_pair
from bot.guessing.round import GuessRound, RoundState
from bot.models import FacePicture, FaceRequest, Origin, Platform
from config.settings import Settings


class Table:
    """The platform: opens the round when its face comes."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.opened: asyncio.Future[tuple[GuessRound, bytes]] = asyncio.get_running_loop().create_future()

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        assert isinstance(answer, FacePicture)
        round_ = await self.core.game.opened(request.reply_target["round_id"], "7")
        assert round_ is not None
        self.opened.set_result((round_, answer.content))
        return "7"

    async def hint(self, round_: GuessRound) -> None:
        raise AssertionError("somebody guesses at once")

    async def reveal(self, round_: GuessRound, *, late: bool) -> None:
        assert round_.state is RoundState.WON
        assert await self.core.service.picture(round_.request_id or "") is not None, "the pair is there to be shown"


async def test_a_round_is_drawn_guessed_and_scored(settings: Settings) -> None:
    origin = Origin(Platform.DISCORD, "1", "2", "3")
    async with open_core(settings) as core, core.service.running(grace_s=1):
        table = Table(core)
        core.service.add_deliverer(Platform.DISCORD, table)
        await core.worker_ready()
        await core.game.start(origin, lambda round_id: {"round_id": round_id})
        round_, pair = await asyncio.wait_for(table.opened, 60)
        with Image.open(io.BytesIO(face_of_pair(pair))) as face:
            assert face.width == face.height
        assert round_.emote.name is not None
        typed = f":{round_.emote.name.upper().replace(' ', '_')}:"
        assert core.game.heard(Platform.DISCORD, "2", typed) == round_.id
        await core.game.guess(round_.id, "ada", typed)
        await asyncio.wait_for(core.game.play(round_, table), 60)
        [score] = await core.records.guesses.best(Platform.DISCORD, "1", 10)
        assert (score.user_id, score.rounds) == ("ada", 1)
