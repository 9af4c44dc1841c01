from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import FacePicture
from bot.store.pictures import Keep, PictureStore
from bot.store.shelf import Folder
from bot.store.tables import picture as table
from bot.store.tables import staged_face
from inference.protocol import FaceResult

NOW = 1_700_000_000.0
ALL = Keep(0, 10**12)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


@pytest.fixture
def pictures(engine: AsyncEngine, directory: Path) -> PictureStore:
    return PictureStore(engine, Folder(directory))


def result(content: bytes = b"RIFF webp") -> FaceResult:
    return FaceResult("k" * 64, content, 256, 128, 14.0)


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


async def test_a_saved_picture_is_loaded_as_it_was(pictures: PictureStore) -> None:
    saved = await pictures.save("01A", result(), NOW)
    assert saved == FacePicture("01A", b"RIFF webp", 256, 128)
    assert await pictures.load("01A") == saved


async def test_the_file_is_written_whole_under_its_name_and_nothing_else_is_left(
    pictures: PictureStore, directory: Path
) -> None:
    await pictures.save("01ABCD", result(), NOW)
    assert [path.name for path in files(directory)] == ["01ABCD.webp"]
    assert files(directory)[0].read_bytes() == b"RIFF webp"


async def test_saving_again_replaces_the_picture(pictures: PictureStore, directory: Path) -> None:
    await pictures.save("01A", result(b"one"), NOW)
    await pictures.save("01A", result(b"two"), NOW + 1)
    loaded = await pictures.load("01A")
    assert loaded is not None
    assert loaded.content == b"two"
    assert len(files(directory)) == 1


async def test_an_unknown_picture_is_none(pictures: PictureStore) -> None:
    assert await pictures.load("01A") is None
    assert await pictures.load("../../etc/passwd") is None


async def test_a_picture_whose_file_is_gone_is_none(pictures: PictureStore, directory: Path) -> None:
    await pictures.save("01A", result(), NOW)
    files(directory)[0].unlink()
    assert await pictures.load("01A") is None


async def test_a_picture_that_cannot_be_written_is_not_indexed(pictures: PictureStore, directory: Path) -> None:
    await asyncio.to_thread(directory.write_text, "in the way")
    with pytest.raises(OSError, match="directory"):
        await pictures.save("01A", result(), NOW)
    await asyncio.to_thread(directory.unlink)
    assert await pictures.load("01A") is None


async def test_many_are_saved_at_once(pictures: PictureStore) -> None:
    async with asyncio.timeout(60):
        saved = await asyncio.gather(*(pictures.save(f"01{n:02}", result(bytes([n])), NOW) for n in range(30)))
    assert [await pictures.load(picture.id) for picture in saved] == saved


async def test_what_is_too_old_goes(pictures: PictureStore, directory: Path) -> None:
    await pictures.save("old", result(), NOW - 1)
    await pictures.save("new", result(), NOW)
    assert await pictures.sweep(Keep(NOW, 10**9), ALL) == 1
    assert await pictures.load("old") is None
    assert await pictures.load("new") is not None
    assert [path.stem for path in files(directory)] == ["new"]


async def test_the_oldest_go_until_the_rest_fits(pictures: PictureStore) -> None:
    for number in range(5):
        await pictures.save(f"picture{number}", result(bytes(100)), NOW + number)
    assert await pictures.sweep(Keep(0, 500), ALL) == 0
    assert await pictures.sweep(Keep(0, 250), ALL) == 3
    left = [number for number in range(5) if await pictures.load(f"picture{number}")]
    assert left == [3, 4]
    assert await pictures.sweep(Keep(0, 0), ALL) == 2


async def test_a_sweep_of_nothing_finds_nothing(pictures: PictureStore) -> None:
    assert await pictures.sweep(Keep(NOW, 0), ALL) == 0


async def test_a_large_sweep_goes_on_to_its_end(pictures: PictureStore, engine: AsyncEngine) -> None:
    row = {"key": "k", "width_px": 1, "height_px": 1, "size_bytes": 1}
    rows = [row | {"id": f"{number:026}", "created_at": NOW + number} for number in range(1203)]
    async with engine.begin() as connection:
        await connection.execute(insert(table), rows)
    assert await pictures.sweep(Keep(NOW + 1100, 3), ALL) == 1200


async def test_the_gallery_has_bounds_of_its_own(pictures: PictureStore, engine: AsyncEngine) -> None:
    await pictures.save("01A", result(bytes(100)), NOW - 2)
    await pictures.save("01B", result(bytes(100)), NOW - 1)
    await pictures.save("01C", result(bytes(100)), NOW)
    shown = {"platform": "twitch", "scope_id": "1", "state": "shown", "at": NOW, "in_gallery": True}
    async with engine.begin() as connection:
        rows = [shown | {"request_id": f"01{letter}", "slug": letter} for letter in "AB"]
        await connection.execute(insert(staged_face), rows)
    assert await pictures.sweep(Keep(NOW + 1, 10**9), Keep(0, 200)) == 1
    assert [each for each in "ABC" if await pictures.load(f"01{each}")] == ["A", "B"]
    assert await pictures.sweep(ALL, Keep(0, 100)) == 1
    assert await pictures.load("01B") is not None
    assert await pictures.sweep(ALL, Keep(NOW, 10**9)) == 1
