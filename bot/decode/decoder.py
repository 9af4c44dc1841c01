"""The parent's pool of decoder children."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from bot.decode.process import DecoderLost, DecoderProcess, Limits
from bot.decode.wire import Status
from bot.errors import Busy, EmoteUnavailable, PictureTooLarge, UnsupportedPicture
from bot.texts import Text
from config.settings import EmotesSettings
from inference.protocol import Picture

PICTURES_PER_PROCESS = 500  # then a fresh one, so that nothing a file left behind stays for long
MAX_WAITING = 1000  # callers waiting for a decoder; about what the bot accepts at all
_RETRY_AFTER_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DecoderStats:
    """For health and metrics: living children, callers waiting, and counts since the start."""

    pids: tuple[int, ...]
    waiting: int
    decoded: int
    refused: int
    started: int
    lost: int


@dataclass(slots=True)
class _Slot:
    """A place for one child; None while there is none, or one that cannot be used again."""

    process: DecoderProcess | None = None


class Decoder:
    """`async with` starts the first child; others, and replacements for lost ones, start when a picture needs them.

    `max_bytes` bounds a file, whatever is in it.
    """

    def __init__(
        self,
        settings: EmotesSettings,
        *,
        max_bytes: int,
        pictures_per_process: int = PICTURES_PER_PROCESS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._pictures_per_process = pictures_per_process
        self._max_waiting = max_waiting
        self._limits = Limits(settings.decode_memory_mb, settings.decode_timeout_s, max_bytes)
        self._slots = [_Slot() for _ in range(settings.decoders)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue(len(self._slots))  # last in: the one that is warm
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._ending: set[DecoderProcess] = set()
        self._ready = False
        self._waiting = self._decoded = self._refused = self._started = self._lost = 0

    async def __aenter__(self) -> Self:
        """Raise DecoderLost when a child does not start here: nothing would ever be decoded."""
        await self._start(self._slots[-1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ready = False
        running = [slot.process for slot in self._slots if slot.process]
        await asyncio.gather(*(process.close() for process in {*running, *self._ending}))

    @property
    def ready(self) -> bool:
        """Whether children start on this machine, as far as the last try tells."""
        return self._ready

    @property
    def stats(self) -> DecoderStats:
        """A snapshot."""
        pids = tuple(slot.process.pid for slot in self._slots if slot.process and slot.process.alive)
        return DecoderStats(pids, self._waiting, self._decoded, self._refused, self._started, self._lost)

    async def decode(self, content: bytes) -> Picture:
        """The file, normalised; of a very long animation the beginning.

        Raise UnsupportedPicture, PictureTooLarge, or Busy.
        """
        if len(content) > self._limits.max_bytes:
            raise PictureTooLarge(megabytes(self._limits.max_bytes))
        if self._waiting >= self._max_waiting:
            raise Busy(_RETRY_AFTER_S)
        self._waiting += 1
        try:
            slot = await self._free.get()
        finally:
            self._waiting -= 1
        try:
            picture = await self._decode_in(slot, content)
        except EmoteUnavailable:
            self._refused += 1
            raise
        finally:
            self._free.put_nowait(slot)
        self._decoded += 1
        return picture

    async def _decode_in(self, slot: _Slot, content: bytes) -> Picture:
        """A child ended by somebody else while it had the file is no verdict on the file: it gets a second one."""
        try:
            answer = await self._ask(slot, content)
        except DecoderLost as loss:
            if not loss.from_outside:
                raise self._verdict(loss) from loss
            try:
                answer = await self._ask(slot, content)
            except DecoderLost as second_loss:
                raise self._verdict(second_loss) from second_loss
        match answer:
            case Status.OK, Picture() as picture:
                return picture
            case Status.TOO_MANY_PIXELS, _:
                raise PictureTooLarge(Text("4 megapixels, or 50 for a JPEG"))
            case Status.OUT_OF_MEMORY, _:
                raise PictureTooLarge(Text("{n} MB of memory", {"n": self._limits.memory_mb}))
        raise UnsupportedPicture

    async def _ask(self, slot: _Slot, content: bytes) -> tuple[Status, Picture | None]:
        """A child is kept only after a whole answer; anything else leaves its pipes in the middle of a frame."""
        process = await self._child(slot)
        keep = False
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                answer = await process.ask(content)
            keep = answer[0] is not Status.OUT_OF_MEMORY
        except TimeoutError:
            log.warning("decoder_timed_out", pid=process.pid, size_bytes=len(content))
            raise PictureTooLarge(self._time_limit) from None
        except DecoderLost as loss:
            log.warning("decoder_lost", pid=process.pid, returncode=loss.returncode, size_bytes=len(content))
            raise
        finally:
            if not keep:
                self._drop(slot, process)
        return answer

    async def _child(self, slot: _Slot) -> DecoderProcess:
        if slot.process and (not slot.process.alive or slot.process.answered >= self._pictures_per_process):
            old, slot.process = slot.process, None
            await old.close()
        if slot.process:
            return slot.process
        try:
            return await self._start(slot)
        except (DecoderLost, OSError) as error:
            log.exception("decoder_start_failed")
            raise Busy(_RETRY_AFTER_S) from error

    async def _start(self, slot: _Slot) -> DecoderProcess:
        self._ready = False
        slot.process = await DecoderProcess.start(self._limits)
        self._ready = True
        self._started += 1
        return slot.process

    def _drop(self, slot: _Slot, process: DecoderProcess) -> None:
        """Also on cancellation, so nothing is awaited here; the ends of dead ones are collected at exit."""
        process.kill()
        slot.process = None
        self._lost += 1
        self._ending = {old for old in self._ending if old.alive} | {process}

    def _verdict(self, loss: DecoderLost) -> EmoteUnavailable:
        if loss.returncode == -signal.SIGXCPU:
            return PictureTooLarge(self._time_limit)
        return UnsupportedPicture()

    @property
    def _time_limit(self) -> Text:
        return Text("{n} seconds of decoding", {"n": f"{self._limits.timeout_s:g}"})


def megabytes(size_bytes: int) -> Text:
    """A limit in words for the asker."""
    return Text("{n} MB", {"n": f"{size_bytes / 1e6:g}"})
