import itertools

import pytest

from bot.emotes.uploads import Uploads
from bot.errors import PictureTooLarge, UploadGone
from bot.models import EmoteSource


def test_an_upload_comes_back_under_an_id_nobody_can_guess() -> None:
    uploads = Uploads(max_file_bytes=10)
    one, two = uploads.add(b"one"), uploads.add(b"one")
    assert (one.source, one.name) == (EmoteSource.UPLOAD, None)
    assert one.id != two.id
    assert len(one.id) == 32
    assert uploads.get(one.id) == b"one"


def test_the_oldest_uploads_make_room_when_there_are_too_many() -> None:
    uploads = Uploads(max_file_bytes=10, max_count=2)
    first, second, third = (uploads.add(content) for content in (b"1", b"2", b"3"))
    with pytest.raises(UploadGone):
        uploads.get(first.id)
    assert [uploads.get(emote.id) for emote in (second, third)] == [b"2", b"3"]


def test_the_oldest_uploads_make_room_when_they_take_too_much_memory() -> None:
    ids = (str(number) for number in itertools.count())
    uploads = Uploads(max_file_bytes=8, max_bytes=10, new_id=lambda: next(ids))
    for size in (4, 4, 8):
        uploads.add(bytes(size))
    for gone in ("0", "1"):
        with pytest.raises(UploadGone):
            uploads.get(gone)
    assert uploads.get("2") == bytes(8)
    uploads.add(bytes(2))
    assert uploads.get("2") == bytes(8)


def test_a_file_over_the_limit_pushes_nothing_out() -> None:
    uploads = Uploads(max_file_bytes=2_000_000)
    kept = uploads.add(b"kept")
    with pytest.raises(PictureTooLarge, match="2 MB"):
        uploads.add(bytes(2_000_001))
    assert uploads.get(kept.id) == b"kept"


def test_an_id_of_an_earlier_process_is_gone() -> None:
    with pytest.raises(UploadGone):
        Uploads(max_file_bytes=10).get("0123456789abcdef")
