"""The real pool with real children."""

import asyncio
import os
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.decode.decoder import Decoder
from bot.decode.process import DecoderLost
from bot.errors import Busy, PictureTooLarge, UnsupportedPicture
from config.settings import EmotesSettings
from tests.bot.decode.conftest import MAX_BYTES
from tests.fakes import pictures

RED_FILE = pictures.RED_FILES["png"]
SLOW_FILE = pictures.encoded(pictures.plain(size=(8000, 6000)), "JPEG", progressive=True)


async def eventually(holds: Callable[[], bool], timeout_s: float = 30) -> None:
    async with asyncio.timeout(timeout_s):
        while not holds():  # it holds in another process
            await asyncio.sleep(0.01)


def only_child(decoder: Decoder) -> psutil.Process:
    (pid,) = decoder.stats.pids
    return psutil.Process(pid)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def standard_streams(process: psutil.Process) -> set[str]:
    return {str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) for number in (0, 1, 2)}


def impostor(folder: Path, then: str) -> str:
    """A program in the child's place that says it is ready, takes a file, and does something else."""
    program = folder / "impostor"
    program.write_text(f"#!{sys.executable}\nimport os\nos.write(1, bytes(9))\nos.read(0, 9999)\n{then}\n")
    program.chmod(stat.S_IRWXU)
    return str(program)


async def decoding(decoder: Decoder, group: asyncio.TaskGroup, content: bytes = RED_FILE) -> asyncio.Task[object]:
    """A decode whose file is with the child, which is stopped and stays so."""
    only_child(decoder).suspend()
    task: asyncio.Task[object] = group.create_task(decoder.decode(content))
    await asyncio.sleep(0)  # it runs as far as the child's answer
    return task


async def test_every_format_is_read_in_the_child(decoder: Decoder) -> None:
    for name, content in pictures.RED_FILES.items():
        picture = await decoder.decode(content)
        assert (picture.width_px, picture.height_px) == (48, 32)
        assert [frame.duration_ms for frame in picture.frames] == ([80] * 3 if "animated" in name else [0])
        assert picture.frames[0].rgba[3::4] == b"\xff" * (48 * 32)


async def test_what_is_no_picture_is_unsupported_and_the_child_lives_on(decoder: Decoder) -> None:
    for content in pictures.NO_PICTURES.values():
        with pytest.raises(UnsupportedPicture):
            await decoder.decode(content)
    with pytest.raises(UnsupportedPicture):
        await decoder.decode(pictures.png_with_giant_text())
    await decoder.decode(RED_FILE)
    assert (decoder.stats.refused, decoder.stats.decoded) == (len(pictures.NO_PICTURES) + 1, 1)
    assert (decoder.stats.started, decoder.stats.lost) == (1, 0)


async def test_bombs_are_refused_with_little_memory_and_long_animations_read(decoder: Decoder) -> None:
    for side_px in (8_000, 30_000):
        with pytest.raises(PictureTooLarge, match="megapixels"):
            await decoder.decode(pictures.huge_png(side_px))
    still = await decoder.decode(pictures.gif_of_frames(10_000))
    assert (still.width_px, len(still.frames)) == (64, 1)
    long = await decoder.decode(pictures.gif_of_colours(10_000))
    assert (long.width_px, len(long.frames)) == (64, 60)
    assert only_child(decoder).memory_info().rss < 100_000_000
    assert decoder.stats.started == 1


async def test_a_file_over_the_byte_limit_never_reaches_a_child(decoder: Decoder) -> None:
    with pytest.raises(PictureTooLarge, match="8 MB"):
        await decoder.decode(bytes(MAX_BYTES + 1))


async def test_a_phone_photo_stays_within_the_memory_limit(decoder: Decoder) -> None:
    picture = await decoder.decode(SLOW_FILE)
    assert (picture.width_px, picture.height_px) == (128, 96)
    assert only_child(decoder).memory_info().vms < 512 * 1024 * 1024
    assert decoder.stats.lost == 0


async def test_a_picture_that_needs_more_memory_than_allowed_is_too_large(settings: EmotesSettings) -> None:
    small = settings.model_copy(update={"decode_memory_mb": 48})
    large_file = pictures.encoded(pictures.plain("RGBA", (2000, 1990)), "PNG")
    async with Decoder(small, max_bytes=MAX_BYTES) as decoder:
        with pytest.raises(PictureTooLarge, match="48 MB of memory"):
            await decoder.decode(large_file)
        await decoder.decode(RED_FILE)
        assert decoder.stats.started == 2
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        await decoder.decode(large_file)


async def test_a_picture_that_takes_too_long_is_refused_and_its_child_killed(settings: EmotesSettings) -> None:
    hasty = settings.model_copy(update={"decode_timeout_s": 0.05})
    async with Decoder(hasty, max_bytes=MAX_BYTES) as decoder:
        child = only_child(decoder)
        with pytest.raises(PictureTooLarge, match=r"0\.05 seconds"):
            await decoder.decode(SLOW_FILE)
        await eventually(lambda: is_gone(child.pid))
        assert decoder.stats.lost == 1
        assert decoder.ready


async def test_a_child_at_its_processor_limit_counts_as_too_slow(decoder: Decoder) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_too_slow(decoder))
        await asyncio.sleep(0)
        child = only_child(decoder)
        child.send_signal(signal.SIGXCPU)
        child.resume()
        await task


async def _too_slow(decoder: Decoder) -> None:
    only_child(decoder).suspend()
    with pytest.raises(PictureTooLarge, match="seconds of decoding"):
        await decoder.decode(RED_FILE)


async def test_a_picture_that_crashes_its_child_is_unsupported(decoder: Decoder) -> None:
    async def crash() -> None:
        with pytest.raises(UnsupportedPicture):
            await decoder.decode(RED_FILE)

    child = only_child(decoder)
    child.suspend()
    async with asyncio.TaskGroup() as group:
        group.create_task(crash())
        await asyncio.sleep(0)
        child.send_signal(signal.SIGSEGV)
        child.resume()
    await decoder.decode(RED_FILE)
    assert decoder.stats.started == 2


async def test_a_child_killed_from_outside_costs_nobody_a_picture(decoder: Decoder) -> None:
    async with asyncio.TaskGroup() as group:
        task = await decoding(decoder, group)
        only_child(decoder).kill()
    assert task.done()
    assert (decoder.stats.decoded, decoder.stats.refused, decoder.stats.started) == (1, 0, 2)


async def test_an_idle_child_that_died_is_replaced(decoder: Decoder) -> None:
    child = only_child(decoder)
    child.kill()
    await eventually(lambda: not decoder.stats.pids)
    await decoder.decode(RED_FILE)
    assert only_child(decoder).pid != child.pid


async def test_a_caller_that_gives_up_leaves_a_working_pool(decoder: Decoder) -> None:
    async with asyncio.TaskGroup() as group:
        task = await decoding(decoder, group, content=bytes(MAX_BYTES))
        task.cancel()
    assert task.cancelled()
    await decoder.decode(RED_FILE)
    assert decoder.stats.waiting == 0


async def test_more_pictures_than_children_wait_for_their_turn(settings: EmotesSettings) -> None:
    async with Decoder(settings.model_copy(update={"decoders": 2}), max_bytes=MAX_BYTES) as decoder:
        async with asyncio.TaskGroup() as group:
            for content in list(pictures.RED_FILES.values()) * 2:
                group.create_task(decoder.decode(content))
        assert decoder.stats.decoded == 2 * len(pictures.RED_FILES)
        assert (len(decoder.stats.pids), decoder.stats.started) == (2, 2)


async def test_too_many_waiting_callers_are_told_to_come_back(settings: EmotesSettings) -> None:
    async with Decoder(settings, max_bytes=MAX_BYTES, max_waiting=1) as decoder:
        child = only_child(decoder)
        async with asyncio.TaskGroup() as group:
            await decoding(decoder, group)
            group.create_task(decoder.decode(RED_FILE))
            await asyncio.sleep(0)
            with pytest.raises(Busy):
                await decoder.decode(RED_FILE)
            child.resume()
    assert decoder.stats.decoded == 2


async def test_a_child_is_replaced_after_its_share_of_pictures(settings: EmotesSettings) -> None:
    async with Decoder(settings, max_bytes=MAX_BYTES, pictures_per_process=3) as decoder:
        pids = []
        for _ in range(7):
            await decoder.decode(RED_FILE)
            pids.append(only_child(decoder).pid)
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


async def test_the_loop_keeps_running_while_a_picture_is_decoded(decoder: Decoder) -> None:
    beats = 0
    async with asyncio.TaskGroup() as group:
        task = group.create_task(decoder.decode(SLOW_FILE))
        while not task.done():
            beats += 1
            await asyncio.sleep(0.01)
    assert beats >= 5


async def test_the_child_is_locked_in(settings: EmotesSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN", "a-secret")
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        await decoder.decode(RED_FILE)
        child = only_child(decoder)
        limits = {kind: child.rlimit(getattr(psutil, f"RLIMIT_{kind}")) for kind in ("AS", "NOFILE", "FSIZE", "CORE")}
        assert limits == {"AS": (512 * 2**20,) * 2, "NOFILE": (16, 16), "FSIZE": (0, 0), "CORE": (0, 0)}
        assert 0 < child.rlimit(psutil.RLIMIT_CPU)[0] < 60
        assert "a-secret" not in str(child.environ())
        assert standard_streams(child) == {os.devnull}


async def test_ctrl_c_leaves_the_child_to_its_parent(decoder: Decoder) -> None:
    child = only_child(decoder)
    child.send_signal(signal.SIGINT)
    await decoder.decode(RED_FILE)
    assert (only_child(decoder).pid, decoder.stats.started) == (child.pid, 1)
    assert os.getpgid(child.pid) == child.pid


async def test_no_child_is_left_after_the_end(settings: EmotesSettings) -> None:
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        (pid,) = decoder.stats.pids
        assert decoder.ready
    assert not psutil.pid_exists(pid)
    assert not decoder.ready


async def test_a_stopped_child_is_killed_at_the_end(settings: EmotesSettings) -> None:
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        child = only_child(decoder)
        child.suspend()
    assert is_gone(child.pid)


async def test_the_child_does_not_outlive_a_killed_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PARENT), stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(60):
        lines = [line.decode() async for line in parent.stdout if line.startswith(b"pid")]
    await eventually(lambda: is_gone(int(lines[0].split()[1])))
    await parent.wait()


_PARENT = """
import asyncio, os, signal
from bot.decode.process import DecoderProcess, Limits

async def main():
    child = await DecoderProcess.start(Limits(512, 30, 10))
    os.kill(child.pid, signal.SIGSTOP)  # so that it cannot notice the end of the pipe
    print("pid", child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_child_that_does_not_come_up_stops_the_start(
    settings: EmotesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DecoderLost):
        async with Decoder(settings, max_bytes=MAX_BYTES):
            pass


async def test_a_replacement_that_does_not_come_up_is_busy_and_not_ready(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_child(decoder).kill()
    await eventually(lambda: not decoder.stats.pids)
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/bin/false")
        with pytest.raises(Busy):
            await decoder.decode(RED_FILE)
        assert not decoder.ready
    await decoder.decode(RED_FILE)
    assert decoder.ready


@pytest.mark.parametrize(
    "answer",
    [
        b"\x01\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x01\x00\x02\x00\x02\x00\x00\x00\x04abcd",
        b"\x01\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x63\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x01\x00\x02",
    ],
    ids=["more pixels than there can be", "other than said", "none", "no such status", "half"],
)
async def test_a_child_that_answers_nonsense_is_not_believed(
    settings: EmotesSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(sys, "executable", impostor(tmp_path, f"os.write(1, {answer!r})"))
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        with pytest.raises(UnsupportedPicture):
            await decoder.decode(RED_FILE)
        assert decoder.stats.lost == 1


async def test_a_picture_whose_children_are_killed_twice_is_given_up(
    settings: EmotesSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", impostor(tmp_path, "os.kill(os.getpid(), 9)"))
    async with Decoder(settings, max_bytes=MAX_BYTES) as decoder:
        with pytest.raises(UnsupportedPicture):
            await decoder.decode(RED_FILE)
        assert (decoder.stats.started, decoder.stats.lost) == (2, 2)


async def test_small_pictures_are_quick(decoder: Decoder) -> None:
    started_at = time.monotonic()
    for _ in range(50):
        await decoder.decode(RED_FILE)
    assert time.monotonic() - started_at < 10
