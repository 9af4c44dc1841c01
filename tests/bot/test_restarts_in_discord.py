"""The whole program, killed in bad moments: on Discord nobody notices, and nothing is there twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fakes.discord.server import FakeDiscord
from tests.program import Program, running_program

INSTANT = {"inference.runtime": "fakes.generators:instant"}
GATED = {"inference.runtime": "fakes.generators:gated"}


async def answered(program: Program) -> None:
    """The recovered request has come to its end."""
    assert (await program.logged("request_finished"))["state"] == "answered"


async def killed(program: Program) -> None:
    await program.ended(signal.SIGKILL)


@pytest.mark.parametrize("is_slash", [False, True])
async def test_a_kill_between_the_post_and_its_record_posts_nothing_twice(tmp_path: Path, is_slash: bool) -> None:
    async with FakeDiscord(interaction_limit_s=60) as discord:
        settings, kim = INSTANT | discord.variables(), discord.user("kim")
        async with running_program(tmp_path, settings) as program:
            await program.logged("discord_commands_registered")
            path = "/webhooks/" if is_slash else "/messages$"
            held = discord.fail_next("PATCH" if is_slash else "POST", path, hold=True, after=True)
            if is_slash:
                discord.interact(discord.channel, kim, emote="😂")
            else:
                discord.say(discord.channel, kim, f"{discord.bot.mention} 😂")
            await discord.until(lambda: any(message.pictures() for message in discord.messages))
            await killed(program)
            held.release.set()
        discord.rest.forget_nonces()
        async with running_program(tmp_path, settings) as program:
            assert (await program.logged("program_started"))["recovered"] == 1
            await answered(program)
            assert await program.ended(signal.SIGTERM) == 0
        [answer] = [message for message in discord.messages if message.author is discord.bot and not message.deleted]
        assert len(answer.pictures()) == 1
        assert not discord.complaints


async def test_a_kill_over_the_drawing_leaves_a_status_line_that_becomes_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv("FAKE_GENERATOR_GATE", str(gate))
    async with FakeDiscord() as discord:
        kim = discord.user("kim")
        async with running_program(tmp_path, GATED | discord.variables()) as program:
            await program.logged("discord_commands_registered")
            held = discord.fail_next("POST", "/messages$", hold=True, after=True)  # so its id is not known to anybody
            question = discord.say(discord.channel, kim, f"{discord.bot.mention} 😂")
            status = await discord.answer_to(question)
            assert [button["label"] for button in status.buttons()] == ["Cancel"]
            await killed(program)
            held.release.set()
        discord.rest.forget_nonces()
        async with running_program(tmp_path, INSTANT | discord.variables()) as program:
            await answered(program)
            assert await program.ended(signal.SIGTERM) == 0
        assert discord.replies_to(question) == [status]
        assert len(status.pictures()) == 1
        assert not discord.complaints
