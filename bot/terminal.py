"""`emoteface face`: the same use case as in chat, asked from a terminal and answered with files."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import SecretStr
from tqdm import tqdm
from yarl import URL

from bot.command import FaceCommand
from bot.core import Core, WorkerUnavailable, open_core
from bot.errors import FaceError
from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform
from bot.replies import caption, words_for
from bot.store.database import IN_MEMORY_URL
from bot.texts import say
from config.settings import Settings
from inference.protocol import FaceOptions, Format

ORIGIN = Origin(Platform.CLI, scope_id="terminal", channel_id="terminal", user_id="terminal")
PICTURE_SUFFIXES = {".png", ".webp", ".gif"}


async def draw_from_terminal(
    settings: Settings, inputs: Sequence[str], options: FaceOptions, output: Path, *, channel: str | None = None
) -> bool:
    """Draw every input and write the files; what fails is said on stderr. True when all of them worked.

    `channel` is a Twitch channel whose emotes count. An empty input is anything that has a face.
    The store lives in memory and a temporary folder: a terminal waits for its own answers, and nothing is left for a
    restart.
    """
    names = _Names(output, several=len(inputs) > 1)
    options = options.changed(form=names.form)
    failed = 0
    with TemporaryDirectory(prefix="emoteface-") as scratch:
        async with open_core(without_store(settings), Path(scratch)) as core, core.service.running(grace_s=0):
            if not await _linked(core, channel):
                return False
            for item in tqdm([_read(text) for text in inputs], unit="face", disable=len(inputs) < 2 or None):
                try:
                    request, content = await _draw(core, item, options)
                    stem = _stem(request) if item.content is None else Path(item.text).stem
                    tqdm.write(str(names.write(stem, content)), file=sys.stdout)
                    if said := caption(request.emotes):
                        tqdm.write(say(said), file=sys.stderr)
                except (_Refused, OSError) as error:
                    failed += 1
                    tqdm.write(f"{item.text}: {error}", file=sys.stderr)
    return not failed


def without_store(settings: Settings) -> Settings:
    """The same settings with a store that ends with the program, which serves nobody else."""
    store = settings.store.model_copy(update={"url": SecretStr(IN_MEMORY_URL)})
    pictures = settings.pictures.model_copy(update={"url": None})
    nats = settings.queue.nats.model_copy(update={"serve": None})
    queue = settings.queue.model_copy(update={"nats": nats})
    return settings.model_copy(update={"store": store, "pictures": pictures, "queue": queue})


async def _linked(core: Core, channel: str | None) -> bool:
    """Whether the channel's emotes count now; if not, it has been said why."""
    if channel is not None:
        try:
            await core.emotes.link_channel(ORIGIN.scope_id, channel, by_user_id=ORIGIN.user_id)
        except FaceError as error:
            tqdm.write(f"{channel}: {say(words_for(error))}", file=sys.stderr)
            return False
    return True


class _Refused(Exception):
    """The words for an input that has no face."""


@dataclass(frozen=True, slots=True)
class _Input:
    """One argument as typed; `content` where it names a file."""

    text: str
    content: bytes | None


def _read(text: str) -> _Input:
    path = Path(text)
    return _Input(text, path.read_bytes() if path.suffix and path.is_file() else None)


async def _draw(core: Core, item: _Input, options: FaceOptions) -> tuple[FaceRequest, bytes]:
    """The request, which knows its emotes, and the file."""
    uploads = () if item.content is None else (core.uploads.add(item.content),)
    words = tuple(item.text.split()) if item.content is None else ()
    try:
        request = await core.service.ask(ORIGIN, FaceCommand(words, options), uploads=uploads)
        await core.worker_ready()
    except FaceError as error:
        raise _Refused(say(words_for(error))) from None
    except WorkerUnavailable as error:
        raise _Refused(str(error)) from None
    async for progress in core.service.watch(request.id):
        if progress.refusal:
            raise _Refused(progress.refusal)
    picture = await core.service.picture(request.id)
    if picture is None:
        raise _Refused("The face was drawn and is gone again.")
    return request, picture.content


def _stem(request: FaceRequest) -> str:
    return "_".join("+".join(_file_name(part) for part in emote.parts) for emote in request.emotes)


def _file_name(emote: Emote) -> str:
    """Its id; of a link the path with its slashes gone, so that nothing lands in another folder."""
    name = URL(emote.id).path.partition(".")[0] if emote.source is EmoteSource.LINK else emote.id
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "link"


class _Names:
    """Where answers go: OUT itself when it names a picture, else files in the folder OUT; equal stems are numbered.

    The suffix decides the format: a PNG shows the first frame of what moves. In a folder, what moves is WebP.
    """

    def __init__(self, output: Path, *, several: bool) -> None:
        self._file = output if not several and output.suffix.lower() in PICTURE_SUFFIXES else None
        self._folder = output
        self._taken: set[str] = set()

    @property
    def form(self) -> Format:
        """What to ask for."""
        return Format.GIF if self._file and self._file.suffix.lower() == ".gif" else Format.WEBP

    def write(self, stem: str, content: bytes) -> Path:
        path = self._file or self._folder / f"{self._free(stem)}{'.webp' if _is_animated(content) else '.png'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".png":
            _save_as_png(content, path)
        else:
            path.write_bytes(content)
        return path

    def _free(self, stem: str) -> str:
        name, number = stem, 2
        while name in self._taken:
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(name)
        return name


def _is_animated(webp: bytes) -> bool:
    with Image.open(BytesIO(webp), formats=["WEBP"]) as picture:
        return bool(getattr(picture, "is_animated", False))


def _save_as_png(webp: bytes, path: Path) -> None:
    """With the mark that says how the picture came about."""
    mark = PngInfo()
    with Image.open(BytesIO(webp), formats=["WEBP"]) as picture:
        if xmp := picture.info.get("xmp"):
            mark.add_itxt("XML:com.adobe.xmp", xmp.decode())
        picture.save(path, pnginfo=mark)
