"""Whatever way a face is asked for: its file says that a machine made it, and so do the words beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from bot.discord.buttons.emoji import emoji_file
from inference.encoding import Shot, encoded
from inference.protocol import Format
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Message
from tests.program import running_program

pytestmark = pytest.mark.timeout(240)

SETTINGS = {
    "inference.runtime": "fakes.generators:instant",
    "servers.cooldown_s": "0",
    "servers.outstanding_per_user": "9",
}
MARK = b"trainedAlgorithmicMedia"
ASKED = {
    "face": "😂 layout:face",
    "pair": "😂 layout:pair",
    "strip": "😂 layout:strip x:2",
    "grid": "😂 🍕 layout:grid",
    "morph": "😂 layout:morph x:2",
    "gif": "😂 layout:morph x:2 format:gif",
    "blend": "😂+🍕",
}


def says_it(content: bytes) -> bool:
    """In the XMP of a WebP or PNG; in that of a GIF, or its comment, as the format has it."""
    return MARK in content


async def test_every_way_of_answering_marks_the_file_and_says_it_in_words(tmp_path: Path) -> None:
    async with FakeDiscord() as discord:
        kim = discord.user("kim")
        async with running_program(tmp_path, SETTINGS | discord.variables()) as program:
            await program.logged("discord_commands_registered")
            shown: dict[str, Message] = {}
            for name, words in ASKED.items():
                question = discord.say(discord.channel, kim, f"{discord.bot.mention} {words}")
                shown[name] = await discord.answer_to(question, picture=True)
            slash = discord.interact(discord.channel, kim, emote="😂")
            shown["slash"] = await discord.response_to(slash)
            riddle = discord.interact(discord.channel, kim, "guess")
            await discord.until(lambda: riddle.original and riddle.original.pictures(), 60)
            assert riddle.original is not None
            shown["guess"] = riddle.original
            for name, message in shown.items():
                [picture] = message.pictures()
                assert says_it(picture.content), name
                assert "AI-generated" in (picture.description or ""), name


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("form", list(Format))
def test_an_emoji_made_of_a_face_is_marked_too(frames: int, form: Format) -> None:
    images = [Image.new("RGB", (128, 128), (80 * at, 60, 90)) for at in range(frames)]
    face = encoded([Shot(image, 100) for image in images], form, 900_000)
    assert says_it(emoji_file(face.content))
