"""From a question in chat to the stream, with everything but the chat: real stage, policy, store and inference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import test_utils, web

from bot.command import FaceCommand
from bot.core import Core, open_core
from bot.delivery import Answer
from bot.models import FaceRequest, Origin, Platform, twitch_scope
from bot.web.guards import word_errors
from config.settings import Settings
from inference.protocol import FaceOptions, Layout
from tests.bot.web.overlay.hearing import hearing

SCOPE = twitch_scope("7")
ASKER = Origin(Platform.TWITCH, SCOPE, "7", "ada")


class Chat:
    """Takes every answer; of a round, the question is open then."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def deliver(self, request: FaceRequest, answer: Answer, *, maybe_sent: bool) -> str | None:
        if round_id := request.reply_target.get("round_id"):
            await self._core.game.opened(round_id, "7")
        return "7"


@asynccontextmanager
async def on_air(settings: Settings) -> AsyncIterator[tuple[Core, aiohttp.ClientSession, str]]:
    """The program, its overlay pages on a server, and where the channel's overlay is there."""
    async with open_core(settings) as core, core.service.running(grace_s=1):
        core.service.add_deliverer(Platform.TWITCH, Chat(core))
        await core.worker_ready()
        app = web.Application(middlewares=[word_errors])
        app.router.add_routes(core.overlay.pages.routes())
        app.on_shutdown.append(core.overlay.pages.close)
        async with test_utils.TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as client:
            async with asyncio.timeout(120):
                yield core, client, f"/overlay/{await core.overlay.overlays.secret_of(SCOPE)}"


async def test_a_face_is_on_the_stream_until_it_is_hidden(settings: Settings) -> None:
    async with on_air(settings) as (core, client, overlay), hearing(client, overlay) as stream:
        await stream.next("look")
        command = FaceCommand(("\U0001f602",), FaceOptions(layout=Layout.FACE))
        request = await core.service.ask(ASKER, command, reply_target={"asker_name": "Ada"})
        told = await stream.next("face")
        assert (told["name"], told["halved"]) == ("Ada", False)
        for path in (told["picture"], *told["emotes"][0][0]["urls"]):
            async with client.get(f"{overlay}/{path}") as response:
                assert (response.status, response.content_type) == (200, "image/webp")
        assert await core.stage.hide(request.id, "moderator")
        assert (await stream.next("hide"))["id"] == told["id"]
        async with client.get(f"{overlay}/{told['picture']}") as response:
            assert response.status == 404


async def test_what_waits_for_approval_is_not_on_the_stream(settings: Settings) -> None:
    async with on_air(settings) as (core, client, overlay), hearing(client, overlay) as stream:
        await core.policy.set(SCOPE, None, "approve_first", True, "admin")
        command = FaceCommand(("\U0001f602",), FaceOptions())
        first = await core.service.ask(ASKER, command, reply_target={"asker_name": "Ada"})
        async for _ in core.service.watch(first.id):
            pass
        [pending] = await core.stage.pending(SCOPE)
        async with client.get(f"{overlay}/faces/{pending.slug}") as response:
            assert response.status == 404
        assert await core.stage.approve(first.id, "moderator")
        assert (await stream.next("face"))["id"] == pending.slug


async def test_a_round_is_on_the_stream_and_its_face_is_no_ordinary_one(settings: Settings) -> None:
    async with on_air(settings) as (core, client, overlay), hearing(client, overlay) as stream:
        await core.game.start(ASKER, lambda round_id: {"round_id": round_id})
        told = await stream.next("round", "face")
        assert told["event"] == "round"
        round_ = await core.game.round(told["id"])
        assert round_ is not None
        await core.game.guess(round_.id, "bob", str(round_.emote.name))
        end = await stream.next("reveal", "face")
        assert end["event"] == "reveal"
        async with client.get(f"{overlay}/{end['picture']}") as response:
            assert response.status == 200
