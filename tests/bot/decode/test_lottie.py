"""Stickers made of moving shapes."""

import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from bot.decode.decoder import Decoder
from bot.decode.film import Shot
from bot.decode.lottie import is_lottie, lottie_shots
from bot.errors import PictureTooLarge, UnsupportedPicture
from config.settings import EmotesSettings
from tests.fakes import lottie, pictures


def shots_of(content: bytes) -> list[Shot]:
    return list(lottie_shots(content))


def left_edges(shots: list[Shot]) -> list[int]:
    boxes = [shot.image.getchannel("A").getbbox() for shot in shots]
    return [box[0] for box in boxes if box]


def test_an_animation_is_drawn_on_transparent_ground() -> None:
    first = shots_of(lottie.STICKER)[0].image
    assert first.size == (128, 128)
    assert first.getpixel((32, 64)) == (255, 0, 0, 255)
    assert first.getpixel((125, 2)) == (0, 0, 0, 0)


def test_two_seconds_at_sixty_a_second_become_sixty_frames_that_take_as_long() -> None:
    shots = shots_of(lottie.STICKER)
    assert len(shots) == 60
    assert sum(shot.duration_ms for shot in shots) == pytest.approx(2000, abs=60)
    edges = left_edges(shots)
    assert edges == sorted(edges)
    assert edges[-1] - edges[0] > 50


def test_a_short_animation_keeps_every_frame() -> None:
    shots = shots_of(lottie.encoded(lottie.animation(12, per_s=24)))
    assert len(shots) == 12
    assert {shot.duration_ms for shot in shots} <= {41, 42}
    assert all(left < right for left, right in pairwise(left_edges(shots)))


def test_a_wide_stage_stays_wide() -> None:
    (shot, *_) = shots_of(lottie.encoded(lottie.animation(2, w=640, h=160)))
    assert shot.image.size == (128, 32)


def test_a_script_is_not_run() -> None:
    """It would put the disc elsewhere."""
    scripted = shots_of(lottie.with_script("var $bm_rt = [300, 300, 0];"))
    assert left_edges(scripted) == left_edges(shots_of(lottie.STICKER))


def test_a_script_without_end_takes_no_time() -> None:
    assert len(shots_of(lottie.with_script("while (true) {}"))) == 60


def test_a_picture_beside_the_animation_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (320, 320), pictures.BLUE).save(secret)
    with pytest.raises(ValueError, match="beside"):
        shots_of(lottie.with_file(str(secret)))


@pytest.mark.parametrize("kind", lottie.NO_LOTTIE)
def test_json_that_is_no_animation_is_an_error(kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        shots_of(lottie.NO_LOTTIE[kind])


@pytest.mark.parametrize("content", [b"{", b" \n{", b"\xef\xbb\xbf{}"])
def test_what_starts_with_a_brace_can_only_be_json(content: bytes) -> None:
    assert is_lottie(content)


@pytest.mark.parametrize("content", [b"", b"[1]", *pictures.RED_FILES.values(), *pictures.NO_PICTURES.values()])
def test_files_of_pixels_are_not_taken_for_json(content: bytes) -> None:
    assert not is_lottie(content)


async def test_stickers_are_drawn_in_the_child_and_bad_ones_leave_it_alive(decoder: Decoder) -> None:
    for content in lottie.NO_LOTTIE.values():
        with pytest.raises(UnsupportedPicture):
            await decoder.decode(content)
    picture = await decoder.decode(lottie.STICKER)
    assert len(picture.frames) == 60
    assert max(picture.width_px, picture.height_px) == 128
    assert (decoder.stats.started, decoder.stats.lost) == (1, 0)


@pytest.mark.parametrize("kind", lottie.ENDLESS)
async def test_drawings_without_end_cost_no_more_than_the_limits(settings: EmotesSettings, kind: str) -> None:
    hasty, began = settings.model_copy(update={"decode_timeout_s": 10, "decode_memory_mb": 256}), time.monotonic()
    async with Decoder(hasty, max_bytes=1_000_000) as decoder:
        with suppress(UnsupportedPicture, PictureTooLarge):
            await decoder.decode(lottie.ENDLESS[kind])
        assert time.monotonic() - began < 60
        assert (await decoder.decode(pictures.RED_FILES["png"])).width_px == 48
