"""One contract for a folder and a bucket; what only a bucket can get wrong is below."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.bucket import Bucket, BucketOutOfReach
from bot.store.pictures import Keep, PictureStore
from bot.store.shelf import Folder, Shelf, open_shelf
from config.store import PicturesSettings
from inference.protocol import FaceResult
from tests.servers.s3 import S3Server, running_s3

NOBODY = {"region": "us-east-1", "endpoint_url": None, "access_key_id": None, "secret_access_key": None}
FAR = 1e11  # later than anything is written


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.scale)])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return open_shelf(PicturesSettings(url=None, **NOBODY), tmp_path / "pictures")
    server: S3Server = request.getfixturevalue("s3")
    return open_shelf(server.settings(f"s3://faces/{tmp_path.name}"), tmp_path)


async def test_what_is_put_is_got_as_it_was(shelf: Shelf) -> None:
    everything = bytes(range(256)) * 1000
    await shelf.put("0A/01A.webp", everything)
    assert await shelf.get("0A/01A.webp") == everything


async def test_putting_again_replaces(shelf: Shelf) -> None:
    await shelf.put("0A/01A.webp", b"one")
    await shelf.put("0A/01A.webp", b"two")
    assert await shelf.get("0A/01A.webp") == b"two"


async def test_what_is_not_there_is_none_and_deleting_it_does_no_harm(shelf: Shelf) -> None:
    assert await shelf.get("0A/01A.webp") is None
    await shelf.delete(["0A/01A.webp"])
    await shelf.put("0A/01A.webp", b"one")
    await shelf.delete(["0B/01B.webp", "0A/01A.webp"])
    assert await shelf.get("0A/01A.webp") is None


async def test_many_at_once(shelf: Shelf) -> None:
    async with asyncio.timeout(120):
        await asyncio.gather(*(shelf.put(f"{n:02}/01{n:02}.webp", bytes([n])) for n in range(40)))
        assert await asyncio.gather(*(shelf.get(f"{n:02}/01{n:02}.webp") for n in range(40))) == [
            bytes([n]) for n in range(40)
        ]


async def test_what_was_written_before_some_time_is_swept(shelf: Shelf) -> None:
    for number in range(3):
        await shelf.put(f"0{number}/01{number}.webp", b"x")
    assert await shelf.delete_older(time.time() - 3600) == 0
    assert await shelf.get("00/010.webp") == b"x"
    assert await shelf.delete_older(FAR) == 3
    assert await shelf.get("00/010.webp") is None
    assert await shelf.delete_older(FAR) == 0


@pytest.mark.scale
async def test_a_sweep_of_one_folder_leaves_the_bucket_s_others_alone(s3: S3Server) -> None:
    ours, others = (Bucket.of(s3.settings(f"s3://shared/{name}")) for name in ("ours", "others"))
    for each in (ours, others):
        await each.put("0A/01A.webp", b"x")
    assert await ours.delete_older(FAR) == 1
    assert await others.get("0A/01A.webp") == b"x"


@pytest.mark.scale
async def test_the_picture_store_works_on_a_bucket(engine: AsyncEngine, s3: S3Server, tmp_path: Path) -> None:
    pictures = PictureStore(engine, open_shelf(s3.settings(f"s3://faces/{tmp_path.name}"), tmp_path))
    for number in range(5):
        await pictures.save(f"picture{number}", FaceResult("k" * 64, bytes(100), 256, 128, 14.0), 1e9 + number)
    assert await pictures.sweep(Keep(0, 250), Keep(0, 0)) == 3
    assert [number for number in range(5) if await pictures.load(f"picture{number}")] == [3, 4]
    await pictures.delete(["picture3"])
    assert await pictures.load("picture3") is None


@pytest.mark.scale
async def test_a_refused_key_is_said_without_showing_it(s3: S3Server) -> None:
    bucket = Bucket.of(s3.settings("s3://faces", secret_access_key="wrong-secret"))
    with pytest.raises(BucketOutOfReach) as refused:
        await bucket.put("0A/01A.webp", b"x")
    assert "wrong-secret" not in str(refused.value)
    assert refused.value.__suppress_context__


async def test_a_server_that_is_not_there_is_an_error_of_its_own() -> None:
    nowhere = PicturesSettings(
        url="s3://faces",
        **NOBODY | {"endpoint_url": "http://127.0.0.1:9", "access_key_id": "x", "secret_access_key": "x"},
    )
    with pytest.raises(BucketOutOfReach):
        await Bucket.of(nowhere).get("0A/01A.webp")


@pytest.mark.parametrize(
    "url", ["https://example.org/x", "s3://", "s3://key:secret@bucket", "s3://bucket?x=1", "bucket", ""]
)
def test_only_plain_bucket_urls_are_settings(url: str) -> None:
    with pytest.raises(ValidationError):
        PicturesSettings(url=url, **NOBODY)


def test_without_a_bucket_pictures_lie_in_the_folder(tmp_path: Path) -> None:
    assert isinstance(open_shelf(PicturesSettings(url=None, **NOBODY), tmp_path), Folder)
