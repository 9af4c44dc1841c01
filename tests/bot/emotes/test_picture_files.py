"""Kept pictures: found again, bounded, and never half."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.emotes.picture_files import FORMAT, PictureFiles
from bot.models import Emote, EmoteSource
from inference.protocol import Frame, Picture

SIDE_PX = 16


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def emote(number: int, source: EmoteSource = EmoteSource.BTTV) -> Emote:
    return Emote(source, str(number))


def picture(seed: int = 0, frames: int = 1) -> Picture:
    noise = os.urandom(4 * SIDE_PX * SIDE_PX - 1)
    return Picture(SIDE_PX, SIDE_PX, tuple(Frame(bytes([seed]) + noise, 40 * (frames > 1)) for _ in range(frames)))


def opened(folder: Path, *, max_bytes: int = 100_000, clock: Clock | None = None) -> PictureFiles:
    files = PictureFiles(folder, max_bytes, clock=clock or Clock())
    files.open()
    return files


def on_disk(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*/*"))


def test_a_picture_comes_back_as_it_was_also_after_a_restart(tmp_path: Path) -> None:
    still, film = picture(1), picture(2, frames=3)
    files = opened(tmp_path)
    files.put(emote(1), still)
    files.put(emote(2), film)
    for again in (files, opened(tmp_path)):
        assert (again.get(emote(1)), again.get(emote(2)), again.get(emote(3))) == (still, film, None)


def test_equal_ids_of_different_sources_and_both_pictures_of_one_emote_are_told_apart(tmp_path: Path) -> None:
    files = opened(tmp_path)
    emotes = [emote(1), emote(1, EmoteSource.FFZ), Emote(EmoteSource.BTTV, "1", animated=True)]
    shown = [picture(seed) for seed in range(3)]
    for each, its_picture in zip(emotes, shown, strict=True):
        files.put(each, its_picture)
    assert [files.get(each) for each in emotes] == shown


@pytest.mark.parametrize("hostile", ["../../../etc/passwd", "a/b", "", "\0", "x" * 5000, "CON", "🍕"])
def test_no_id_reaches_the_file_system(tmp_path: Path, hostile: str) -> None:
    files = opened(tmp_path / "emotes")
    shown = picture()
    files.put(Emote(EmoteSource.SEVENTV, hostile), shown)
    assert files.get(Emote(EmoteSource.SEVENTV, hostile)) == shown
    (path,) = on_disk(tmp_path / "emotes")
    assert path.parent.name == "seventv"


def test_the_least_recently_used_make_room_also_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    files = opened(tmp_path, max_bytes=4 * 1200, clock=clock)
    for number in range(4):
        clock.now += 1
        files.put(emote(number), picture(number))
    clock.now += 1
    assert files.get(emote(0)) is not None
    files.put(emote(4), picture(4))
    assert [number for number in range(5) if files.get(emote(number))] == [0, 2, 3, 4]
    smaller = opened(tmp_path, max_bytes=2 * 1200, clock=clock)
    assert smaller.size_bytes <= 2 * 1200
    assert [number for number in range(5) if smaller.get(emote(number))] == [3, 4]
    assert len(on_disk(tmp_path)) == 2


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=40))
def test_the_files_never_take_more_than_their_bound(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int]]
) -> None:
    folder = tmp_path_factory.mktemp("emotes")
    files = opened(folder, max_bytes=3500)
    for puts, number in steps:
        if puts:
            files.put(emote(number), picture(number))
        elif (found := files.get(emote(number))) is not None:
            assert found.frames[0].rgba[0] == number
        assert sum(path.stat().st_size for path in on_disk(folder)) == files.size_bytes <= 3500


def test_a_bound_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    files = opened(tmp_path, max_bytes=0)
    files.put(emote(1), picture())
    assert on_disk(tmp_path) == []


def test_twitch_is_kept_for_less_than_a_day_and_others_longer(tmp_path: Path) -> None:
    clock = Clock()
    files = opened(tmp_path, clock=clock)
    for source in (EmoteSource.TWITCH, EmoteSource.BTTV):
        files.put(emote(1, source), picture())
        os.utime(on_disk(tmp_path)[-1], (clock.now, clock.now))
    clock.now += 24 * 3600 - 1
    assert files.get(emote(1, EmoteSource.TWITCH)) is not None  # reading makes it no younger
    clock.now += 1
    restarted = opened(tmp_path, clock=clock)
    assert restarted.get(emote(1, EmoteSource.TWITCH)) is None
    assert files.get(emote(1, EmoteSource.TWITCH)) is None
    assert restarted.get(emote(1)) is not None
    assert len(on_disk(tmp_path)) == 1


@pytest.mark.parametrize("kept_bytes", [0, 1, 500, -1])
def test_a_file_cut_short_by_a_crash_is_a_miss_and_goes(tmp_path: Path, kept_bytes: int) -> None:
    files = opened(tmp_path)
    files.put(emote(1), picture())
    (path,) = on_disk(tmp_path)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    restarted = opened(tmp_path)
    assert restarted.get(emote(1)) is None
    assert on_disk(tmp_path) == []


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_a_file_of_any_bytes_is_a_miss(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("emotes")
    opened(folder).put(emote(1), picture())
    on_disk(folder)[0].write_bytes(content)
    assert opened(folder).get(emote(1)) is None


def test_what_a_crash_left_half_written_goes_at_the_start(tmp_path: Path) -> None:
    files = opened(tmp_path)
    files.put(emote(1), picture())
    (path,) = on_disk(tmp_path)
    path.with_suffix(".partial").write_bytes(b"half")
    opened(tmp_path)
    assert on_disk(tmp_path) == [path]


def test_what_another_version_kept_is_not_read_and_does_not_stay(tmp_path: Path) -> None:
    opened(tmp_path).put(emote(1), picture())
    (tmp_path / FORMAT).rename(tmp_path / "0")
    assert opened(tmp_path).get(emote(1)) is None
    assert on_disk(tmp_path) == []


def test_a_disk_that_takes_nothing_costs_nobody_a_picture(tmp_path: Path) -> None:
    (tmp_path / "emotes").write_bytes(b"a file where the folder should be")
    files = opened(tmp_path / "emotes")
    files.put(emote(1), picture())
    assert (files.get(emote(1)), files.size_bytes) == (None, 0)
