"""The operator's terminal, as a process beside the running program: takedowns, the kill switch, blocks, broadcasts; and
what of people's own pictures and words ends up on disk."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes import pictures
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Attachment, Message
from tests.program import NO_OUTSIDE, ROOT, running_program

pytestmark = pytest.mark.timeout(240)

SETTINGS = {
    "inference.runtime": "fakes.generators:instant",
    "servers.cooldown_s": "0",
    "servers.outstanding_per_user": "9",
    "requests.keep_pictures_h": "1",
}
SECRET_WORDS = "the owl flies at midnight"


async def operator(data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    variables = {f"EMOTEFACE_{name.replace('.', '__').upper()}": value for name, value in NO_OUTSIDE.items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EMOTEFACE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "operator", *arguments,
        cwd=ROOT,
        env={**inherited, **variables, "EMOTEFACE_DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def noise() -> bytes:
    """A picture of which no eight bytes are found by chance."""
    chance = random.Random(7)
    return pictures.encoded(Image.frombytes("RGB", (96, 96), chance.randbytes(96 * 96 * 3)), "PNG")


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_the_operator_decides_in_the_terminal_and_the_running_bot_does_it(tmp_path: Path) -> None:
    async with FakeDiscord() as discord:
        data_dir, kim, bob = tmp_path / "var", discord.user("kim"), discord.user("bob")
        discord.guild.system_channel = discord.channel
        scope_id = str(discord.guild.id)
        async with running_program(data_dir, SETTINGS | discord.variables()) as program:
            await program.logged("discord_commands_registered")
            await program.logged("discord_servers_compared")

            async def faced(text: str = "😂") -> Message:
                question = discord.say(discord.channel, kim, f"{discord.bot.mention} {text}")
                return await discord.answer_to(question, picture=True)

            first, same = await faced(), await faced()
            other = await faced("🍕")
            await program.logged("request_finished")
            asking = discord.open_menu(first, bob, "Report this face")
            await discord.opened(asking)
            sent = discord.submit(asking, bob, {"reason": ["hate"]})
            assert "Thank you" in (await discord.response_to(sent)).content

            code, listed, _ = await operator(data_dir, "reports")
            assert (code, listed.splitlines()[-1]) == (0, "1 open")
            request_id = listed.split()[0]
            assert any(request_id in path.name for path in files_in(data_dir / "pictures"))
            code, said, _ = await operator(data_dir, "takedown", request_id)
            assert (code, "2 request(s)" in said) == (0, True)
            await discord.until(lambda: first.deleted and same.deleted, 60)
            assert not other.deleted
            assert not any(request_id in path.name for path in files_in(data_dir / "pictures"))
            assert (await operator(data_dir, "reports"))[1] == "0 open\n"

            assert (await operator(data_dir, "pause"))[0] == 0
            refused = await discord.answer_to(discord.say(discord.channel, kim, f"{discord.bot.mention} 🍕"))
            assert not refused.pictures()
            assert (await operator(data_dir, "resume"))[0] == 0
            assert (await faced("🍕")).pictures()

            assert (await operator(data_dir, "block", "user", str(kim.id)))[0] == 0
            blocked = await discord.answer_to(discord.say(discord.channel, kim, f"{discord.bot.mention} 🍕"))
            assert not blocked.pictures()
            assert (await operator(data_dir, "unblock", "user", str(kim.id)))[0] == 0

            assert (await operator(data_dir, "broadcast", "Back at noon"))[1].startswith("1 server(s)")
            await discord.until(lambda: any(each.content == "Back at noon" for each in discord.messages), 60)

            code, _, _ = await operator(data_dir, "export-server", scope_id, "-o", str(tmp_path / "out.json"))
            assert code == 0
            data = json.loads((tmp_path / "out.json").read_text())
            assert {row["user_id"] for row in data["request"]} == {str(kim.id)}

            assert (await operator(data_dir, "leave", scope_id))[0] == 0
            await discord.until(lambda: discord.guild not in discord.guilds, 60)

        for arguments in (
            ("takedown", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            ("dismiss", "nothing"),
            ("leave", "12"),
            ("block", "user", "nobody"),
            ("unblock", "emote", "bttv:1"),
            ("broadcast", ""),
        ):
            code, _, problem = await operator(data_dir, *arguments)
            assert (code, bool(problem)) == (1, True), arguments
        assert (await operator(data_dir, "stats"))[0] == 0
        assert (await operator(data_dir, "nonsense"))[0] == 2


async def test_of_uploads_and_messages_nothing_is_written_to_disk(tmp_path: Path) -> None:
    """A `pair` shows an upload as sixteen pixels a side; of its own bytes and of words there is nothing."""
    upload = noise()
    async with FakeDiscord() as discord:
        data_dir, kim = tmp_path / "var", discord.user("kim")
        async with running_program(data_dir, SETTINGS | discord.variables() | {"log.level": "debug"}) as program:
            await program.logged("discord_commands_registered")
            for words in (f"{discord.bot.mention} 😂 layout:pair", f"{discord.bot.mention} layout:pair"):
                attachments = [Attachment("mine.png", upload, content_type="image/png", size=(96, 96))]
                question = discord.say(discord.channel, kim, words, attachments=attachments)
                answer = await discord.answer_to(question, picture=True)
                assert answer.pictures()
            question = discord.say(discord.channel, kim, f"{discord.bot.mention} {SECRET_WORDS}")
            assert not (await discord.answer_to(question)).pictures()
            on_disk = files_in(data_dir)
        assert len([path for path in on_disk if path.parent.parent.name == "pictures"]) == 2
        pieces = [upload[at : at + 24] for at in range(64, len(upload) - 24, 1024)]
        for path, content in on_disk.items():
            assert not any(piece in content for piece in pieces), path
            for word in (SECRET_WORDS, "midnight"):
                assert word.encode() not in content, path
        assert "midnight" not in str(program.events)
