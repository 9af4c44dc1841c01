"""`make pictures`: a session with the bot, photographed for the README (docs/session.webp).

The real program with the real networks answers people on the fake Discord; what they see is rendered and photographed.
Nothing is staged but what people say, and a few emoji that are drawn here because real ones are somebody's.
"""

from __future__ import annotations

import asyncio
import io
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw

from tests.browser import running_browser
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.transcript.page import Transcript, photograph
from tests.fakes.discord.world import Channel, Interaction, Message, User
from tests.program import Program, running_program

T = TypeVar("T")

PATIENCE_S = 300.0  # the first start compiles the networks, beside whatever else the machine does
COLUMN_PX = 490
COLUMNS = (("faces",), ("waiting", "guessing"))  # channels below each other
SHOWN_PX = 1500  # the width of the whole picture
MAX_BYTES = 400_000
SETTINGS = {"servers.cooldown_s": "0"}  # so that three people can play through all of it in a row
FRAMES = 60


class Session:
    """Three people in a server, and what they do there; `pages` are photographed, by channel."""

    def __init__(self, fake: FakeDiscord, data_dir: Path) -> None:
        self._fake = fake
        self._data_dir = data_dir
        self._ada, self._ben, self._cleo = (fake.user(name) for name in ("Ada", "Ben", "Cleo"))
        self._blob = fake.name_emoji("blobsmug", picture=blob())
        self._party = fake.name_emoji("blobparty", picture=dancing_blob(), animated=True)
        self._asking, self._waiting, self._guessing = map(fake.add_channel, ("faces", "waiting", "guessing"))
        self.pages: dict[str, str] = {}

    async def play(self, program: Program) -> None:
        """Everything, one after the other."""
        await self._ask()
        await self._guess(program)
        await self._look_up()
        await self._wait()

    async def _ask(self) -> None:
        first = await self._drawn(self._fake.interact(self._asking, self._ada, emote="😂"))
        question = self._fake.say(self._asking, self._ben, f"{self._fake.bot.mention} <:blobsmug:{self._blob}>")
        await self._until(lambda: any(reply.pictures() for reply in self._fake.replies_to(question)))
        await self._drawn(self._fake.interact(self._asking, self._ada, emote="🧑‍🚀", private=True))
        slip = self._fake.interact(self._asking, self._ada, emote="blobsmgu")
        await self._until(lambda: slip.followups)
        again = await self._drawn(self._fake.press(first, self._cleo, "Again"))
        await self._response(self._fake.press(again, self._ada, "More"))
        self._show(self._asking)

    async def _wait(self) -> None:
        """Long animations keep the network busy; who asks meanwhile is told so."""
        for user, options in (self._ada, "x:10"), (self._cleo, "x:10 seed:7"):
            await self._status(user, f"<a:blobparty:{self._party}> {options}")
        status = await self._status(self._ben, "🦊")
        self._fake.press(status, self._ben, "Cancel")
        await self._until(lambda: not status.buttons())
        self._show(self._waiting)

    async def _status(self, user: User, words: str) -> Message:
        """The line that says how long it takes."""
        question = self._fake.say(self._waiting, user, f"{self._fake.bot.mention} {words}")
        return await self._until(lambda: next(iter(self._fake.replies_to(question)), None))

    async def _guess(self, program: Program) -> None:
        riddle = await self._drawn(self._fake.interact(self._guessing, self._ada, "guess"))
        await program.logged("guess_round_opened")
        self._fake.say(self._guessing, self._ben, "a pirate?")
        self._fake.say(self._guessing, self._cleo, self._solution())
        await self._until(lambda: [button["label"] for button in riddle.buttons()] == ["Another round"])
        await self._until(lambda: self._fake.replies_to(riddle))

    async def _look_up(self) -> None:
        for name in ("leaderboard", "help"):
            await self._response(self._fake.interact(self._guessing, self._ada, f"emoteface {name}"))
        self._show(self._guessing)

    def _solution(self) -> str:
        """What whoever recognises the emote would say."""
        with sqlite3.connect(self._data_dir / "emoteface.db") as store:
            [name] = store.execute("select emote ->> 'name' from guess_round").fetchone()
        return str(name)

    async def _drawn(self, interaction: Interaction) -> Message:
        message = await self._response(interaction)
        await self._until(message.pictures)
        return message

    async def _response(self, interaction: Interaction) -> Message:
        return await self._fake.response_to(interaction, PATIENCE_S)

    async def _until(self, condition: Callable[[], T]) -> T:
        return await self._fake.until(condition, PATIENCE_S)

    def _show(self, channel: Channel) -> None:
        self.pages[channel.name] = Transcript(self._fake, self._ada).page(channel)


def blob(lean: float = 0.0, hue: str = "#7cc36a") -> bytes:
    """An emoji that is nobody's: a smug blob, leaning to a side."""
    size = 512
    picture = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 70, 472, 480), fill=hue)
    draw.polygon([(40, 275), (40, 440), (90, 470), (422, 470), (472, 440), (472, 275)], fill=hue)
    for x in (165, 335):
        draw.ellipse((x - 38, 190, x + 38, 276), fill="white")
        draw.ellipse((x - 6, 214, x + 34, 268), fill="#26323a")
        draw.rectangle((x - 44, 180, x + 44, 212), fill=hue)
        draw.line((x - 40, 206, x + 40, 214), fill="#26323a", width=12)
    draw.arc((190, 270, 370, 390), 10, 120, fill="#26323a", width=16)
    turned = picture.rotate(lean, resample=Image.Resampling.BICUBIC).resize((128, 128), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    turned.save(file, "PNG")
    return file.getvalue()


def dancing_blob() -> bytes:
    """As many frames as are kept."""
    swing = [15 - abs(frame % 20 - 10) * 3 for frame in range(FRAMES)]
    frames = [Image.open(io.BytesIO(blob(lean, "#e0a63c"))) for lean in swing]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=50, loop=0)
    return file.getvalue()


async def photographs() -> dict[str, bytes]:
    """What people see in each channel."""
    with tempfile.TemporaryDirectory() as folder:
        async with FakeDiscord(interaction_limit_s=60) as fake:
            session = Session(fake, Path(folder))
            async with running_program(Path(folder), SETTINGS | fake.variables()) as program:
                await fake.until(lambda: fake.commands, PATIENCE_S)
                await program.logged("inference_child_started")
                await session.play(program)
            assert not fake.complaints, fake.complaints
    async with running_browser() as browser:
        return {name: await photograph(browser, page, width_px=COLUMN_PX) for name, page in session.pages.items()}


def joined(photos: dict[str, bytes]) -> Image.Image:
    """All columns beside each other."""
    columns = [[Image.open(io.BytesIO(photos[name])).convert("RGB") for name in names] for names in COLUMNS]
    width = columns[0][0].width
    height = max(sum(picture.height for picture in column) for column in columns)
    whole = Image.new("RGB", (width * len(columns), height), columns[0][0].getpixel((0, 0)))
    for number, column in enumerate(columns):
        top = 0
        for picture in column:
            whole.paste(picture, (number * width, top))
            top += picture.height
    return whole.resize((SHOWN_PX, round(height * SHOWN_PX / whole.width)), Image.Resampling.LANCZOS)


def compressed(picture: Image.Image) -> bytes:
    """As good as the file may be large."""
    for quality in range(90, 30, -5):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= MAX_BYTES:
            return file.getvalue()
    raise AssertionError("the picture is too large")


def main() -> None:
    """Write it to the file that is named."""
    Path(sys.argv[1]).write_bytes(compressed(joined(asyncio.run(photographs()))))


if __name__ == "__main__":
    main()
