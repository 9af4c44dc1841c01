"""The whole program as a process of its own, with test networks in its real inference child."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageSequence

from tests.fakes import lottie, pictures
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Attachment, Interaction, Message, User
from tests.program import PATIENCE_S, Program, running_program

pytestmark = pytest.mark.timeout(600)

INSTANT = {"inference.runtime": "fakes.generators:instant"}
CHATTY = {"servers.prefix_enabled": "true", "servers.cooldown_s": "0", "servers.outstanding_per_user": "9"}
GATED = {"inference.runtime": "fakes.generators:gated"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gated network draws once this file exists."""
    path = tmp_path / "gate"
    monkeypatch.setenv("FAKE_GENERATOR_GATE", str(path))
    return path


async def drawing(gate: Path) -> None:
    """Wait until the network holds a job and waits at the gate."""
    waiting = gate.with_name("gate.waiting")
    async with asyncio.timeout(PATIENCE_S):
        while not waiting.exists():
            await asyncio.sleep(0.01)
    waiting.unlink()


async def ask(http: aiohttp.ClientSession, program: Program, text: str) -> str:
    """Ask as the page does; the id of the accepted request."""
    async with http.post(f"{program.url}/api/faces", json={"text": text}) as answer:
        assert answer.status == 202, await answer.text()
        return str((await answer.json())["id"])


async def answered(http: aiohttp.ClientSession, program: Program, request_id: str) -> dict[str, Any]:
    """Poll as the page does until the request is in a final state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(f"{program.url}/api/faces/{request_id}") as answer:
                state: dict[str, Any] = await answer.json()
            if state["state"] in {"answered", "refused", "cancelled"}:
                return state
            await asyncio.sleep(0.02)


async def ready(http: aiohttp.ClientSession, program: Program) -> dict[str, Any]:
    """Poll until every part is ready; the parts."""
    await program.logged("web_started")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(f"{program.url}/health/ready") as answer:
                body = await answer.json()
            if answer.status == 200:
                return dict(body["parts"])
            await asyncio.sleep(0.02)


async def test_a_question_on_the_page_is_answered_with_a_picture(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with running_program(tmp_path, INSTANT) as program:
        await ready(http, program)
        state = await answered(http, program, await ask(http, program, "!face 😂 x:2 layout:strip"))
        assert state["state"] == "answered"
        async with http.get(program.url + state["picture"]["url"]) as picture:
            assert picture.status == 200
            assert (await picture.read())[8:12] == b"WEBP"


async def test_a_child_killed_over_its_work_loses_no_request(
    tmp_path: Path, http: aiohttp.ClientSession, gate: Path
) -> None:
    async with running_program(tmp_path, GATED) as program:
        parts = await ready(http, program)
        request_id = await ask(http, program, "!face 😂")
        await drawing(gate)
        os.kill(parts["worker"]["detail"]["child_pid"], signal.SIGKILL)
        gate.touch()
        assert (await answered(http, program, request_id))["state"] == "answered"


async def test_a_program_killed_over_its_work_answers_after_its_restart(
    tmp_path: Path, http: aiohttp.ClientSession, gate: Path
) -> None:
    async with running_program(tmp_path, GATED) as program:
        await ready(http, program)
        requests = [await ask(http, program, text) for text in ("!face 😂", "!face 🍕")]
        await drawing(gate)
        await program.ended(signal.SIGKILL)
    async with running_program(tmp_path, INSTANT) as program:
        assert (await program.logged("program_started"))["recovered"] == 2
        await ready(http, program)
        states = [await answered(http, program, request_id) for request_id in requests]
        assert [state["state"] for state in states] == ["answered", "answered"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_signal_lets_requests_in_work_finish(
    tmp_path: Path, http: aiohttp.ClientSession, gate: Path, number: signal.Signals
) -> None:
    async with running_program(tmp_path, GATED) as program:
        await ready(http, program)
        await ask(http, program, "!face 😂")
        await drawing(gate)
        program.process.send_signal(number)
        await program.logged("program_stopping")
        gate.touch()
        assert await program.ended() == 0
    assert program.first("request_finished")["state"] == "answered"
    async with running_program(tmp_path, INSTANT) as program:
        assert (await program.logged("program_started"))["recovered"] == 0


async def test_no_child_outlives_a_killed_program(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with running_program(tmp_path, INSTANT) as program:
        child_pid = (await ready(http, program))["worker"]["detail"]["child_pid"]
        await program.ended(signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while _alive(child_pid):
                await asyncio.sleep(0.02)


async def test_a_second_program_in_the_same_directory_says_so(tmp_path: Path) -> None:
    async with running_program(tmp_path, INSTANT) as first:
        await first.logged("program_started")
        async with running_program(tmp_path, INSTANT) as second:
            assert await second.ended() == 1
        assert any("another emoteface uses" in str(event["event"]) for event in second.events)


async def test_a_taken_port_is_named_and_ends_the_program(tmp_path: Path) -> None:
    async with running_program(tmp_path / "a", INSTANT) as first:
        port = (await first.logged("web_started"))["port"]
        async with running_program(tmp_path / "b", {**INSTANT, "web.port": str(port)}) as second:
            assert await second.ended() == 1
        assert any("emoteface cannot run" in str(event["event"]) for event in second.events)


async def test_a_question_in_discord_is_answered_there_by_the_same_program(tmp_path: Path) -> None:
    async with FakeDiscord() as discord:
        settings = INSTANT | discord.variables() | CHATTY
        channel, kim = discord.add_channel("general"), discord.user("kim")
        emoji_id, dancing_id = discord.files.add_emoji(), discord.files.add_emoji(pictures.RED_FILES["animated gif"])
        async with running_program(tmp_path, settings) as program:
            await discord.until(lambda: discord.commands)
            question = discord.say(channel, kim, f"!face 😂 <:kappa:{emoji_id}>")
            answer = await discord.answer_to(question, picture=True)
            interaction = discord.interact(channel, kim, emote=f"<a:dance:{dancing_id}>")
            await discord.until(lambda: interaction.original and interaction.original.attachments)
            assert await program.ended(signal.SIGTERM) == 0
        assert len(discord.replies_to(question)) == 1
        assert durations_ms(answer.attachments[0].content) == [0]
        assert interaction.original
        assert durations_ms(interaction.original.attachments[0].content) == [80, 80, 80]
        assert not discord.complaints
        assert discord.token not in str(program.events)


async def test_stickers_pictures_and_avatars_in_discord_become_faces(tmp_path: Path) -> None:
    async with FakeDiscord() as discord:
        settings = INSTANT | discord.variables() | CHATTY
        kim = discord.user("kim")
        discord.files.add_portrait(kim, pictures.RED_FILES["png"])
        discord.files.add_portrait(discord.guild, pictures.RED_FILES["png"])
        photo = Attachment("photo.png", pictures.huge_png(3000), content_type="image/png", size=(3000, 3000))
        gif = discord.files.add_sticker(pictures.RED_FILES["animated gif"], 4)
        dancing = discord.files.add_sticker(lottie.encoded(lottie.animation(12, per_s=24)), 3)
        async with running_program(tmp_path, settings) as program:
            await discord.until(lambda: discord.commands)
            still = discord.say(discord.channel, kim, "!face @me @server", attachments=[photo])
            moving = [discord.say(discord.channel, kim, "!face", stickers=[sticker]) for sticker in (gif, dancing)]
            answers = [await discord.answer_to(question, picture=True) for question in (still, *moving)]
            assert await program.ended(signal.SIGTERM) == 0
        frames = [len(durations_ms(answer.attachments[0].content)) for answer in answers]
        assert frames == [1, 3, 12]
        assert answers[0].attachments[0].description == (
            "Faces made from a picture, an avatar, the server's icon, AI-generated"
        )
        assert not discord.complaints


async def test_buttons_work_before_and_after_a_restart_of_the_program(tmp_path: Path) -> None:
    async with FakeDiscord(interaction_limit_s=60) as discord:
        settings = INSTANT | discord.variables() | {"servers.cooldown_s": "3600"}
        kim, bob = discord.user("kim"), discord.user("bob")
        kim.manages = True  # and does not wait between one request and the next
        async with running_program(tmp_path, settings) as program:
            await discord.until(lambda: discord.commands)
            face = await discord.answer_to(discord.say(discord.channel, kim, f"{discord.bot.mention} 😂"), picture=True)
            again = await discord.response_to(discord.press(face, kim, "Again"))
            more = await discord.response_to(discord.press(face, kim, "More"))
            assert (await discord.response_to(discord.press(face, bob, "Again"))).pictures()
            assert "again in" in await refusal_of_press(discord, face, bob)
            assert await program.ended(signal.SIGTERM) == 0
        async with running_program(tmp_path, settings) as program:
            await program.logged("discord_connected")
            voted = discord.press(more, kim, "⭐")
            large = await discord.response_to(discord.press(more, kim, "Large"))
            third = await discord.response_to(discord.press(again, kim, "Again"))
            await discord.until(lambda: voted.acknowledged)
            assert await program.ended(signal.SIGTERM) == 0
        shapes = [opened(answer.pictures()[0].content).size for answer in (face, again, large, third)]
        assert shapes == [(1056, 512), (1056, 512), (512, 512), (1056, 512)]
        assert "Good one (1)" in [button["label"] for button in more.buttons()]
        assert not discord.complaints


async def refusal_of_press(discord: FakeDiscord, face: Message, user: User) -> str:
    """What Again says to somebody who is too early, once the answer to an earlier press is written down."""
    while True:
        press = discord.press(face, user, "Again")
        said = await discord.until(partial(words_after, press))
        if "still at it" not in said:
            return said


def words_after(press: Interaction) -> str:
    """What was said first; empty as long as there are no words."""
    return next((message.content for message in (*press.followups, press.original) if message and message.content), "")


def opened(webp: bytes) -> Image.Image:
    return Image.open(BytesIO(webp), formats=["WEBP"])


def durations_ms(webp: bytes) -> list[int]:
    lasting = []
    with Image.open(BytesIO(webp), formats=["WEBP"]) as picture:
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            lasting.append(frame.info["duration"])
    return lasting


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
