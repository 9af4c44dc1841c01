"""Animations: every frame as it is shown, for as long as it is shown."""

import time
import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.decode import normalise as module
from bot.decode.film import Film, Shot, thinned
from bot.decode.limits import MAX_FILM_BYTES
from bot.decode.normalise import normalise
from inference.protocol import MAX_JOB_BYTES, FaceJob, FaceOptions, Picture
from tests.fakes import pictures

COLOURS = [(40 * red, 120 * green, 250 * blue) for red in range(6) for green in range(3) for blue in range(2)]
LOSSLESS = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}}


def file_of(frames: Sequence[Image.Image], file_format: str, durations_ms: Sequence[int]) -> bytes:
    first, *rest = frames
    return pictures.encoded(
        first, file_format, save_all=True, append_images=rest, duration=list(durations_ms), **LOSSLESS[file_format]
    )


def plain(*colours: tuple[int, int, int]) -> list[Image.Image]:
    return [Image.new("RGB", (20, 10), colour) for colour in colours]


def durations(picture: Picture) -> list[int]:
    return [frame.duration_ms for frame in picture.frames]


def first_pixels(picture: Picture) -> list[tuple[int, ...]]:
    return [tuple(frame.rgba[:4]) for frame in picture.frames]


@given(
    kind=st.sampled_from(sorted(LOSSLESS)),
    shown=st.lists(st.tuples(st.sampled_from(COLOURS), st.integers(2, 500)), min_size=2, max_size=60),
)
@settings(deadline=None, max_examples=60)
def test_all_frames_come_out_in_order_with_their_colours_and_durations(
    kind: str, shown: list[tuple[tuple[int, int, int], int]]
) -> None:
    shown = [each for at, each in enumerate(shown) if at == 0 or each[0] != shown[at - 1][0]]
    lasting = [10 * hundredths for _, hundredths in shown]
    picture = normalise(file_of(plain(*(colour for colour, _ in shown)), kind, lasting))
    assert (picture.width_px, picture.height_px) == (20, 10)
    assert first_pixels(picture) == [(*colour, 255) for colour, _ in shown]
    assert durations(picture) == (lasting if len(shown) > 1 else [0])


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("disposal", [1, 2])
def test_transparent_frames_are_put_together_as_the_file_says(kind: str, disposal: int) -> None:
    frames = []
    for at in range(4):
        frame = Image.new("RGBA", (16, 16))
        frame.paste((*pictures.RED, 255), (4 * at, 0, 4 * at + 4, 8))
        frame.paste((*pictures.BLUE, 255), (15 - at, 15, 16, 16))  # else a WebP of opaque pieces forgets what is not
        frames.append(frame)
    first, *rest = frames
    options = {"disposal": disposal} if kind == "GIF" else LOSSLESS[kind]
    if kind == "PNG":
        options = {"blend": 0}
    file = pictures.encoded(first, kind, save_all=True, append_images=rest, duration=50, **options)
    picture = normalise(file)
    visible = [np.frombuffer(frame.rgba, np.uint8).reshape(16, 16, 4)[0, ::4, 3] > 0 for frame in picture.frames]
    assert len(visible) == 4
    if kind != "GIF" or disposal == 2:
        assert [np.flatnonzero(row).tolist() for row in visible] == [[0], [1], [2], [3]]


@pytest.mark.parametrize(("told_ms", "meant_ms"), [(0, 100), (10, 100), (20, 20), (70, 70), (200_000, 60_000)])
def test_what_is_too_short_to_be_meant_lasts_as_long_as_in_a_browser(told_ms: int, meant_ms: int) -> None:
    picture = normalise(file_of(plain(pictures.RED, pictures.BLUE), "GIF", [told_ms, 50]))
    assert durations(picture) == [meant_ms, 50]


def test_frames_that_show_the_same_are_one_and_an_animation_of_one_is_a_still() -> None:
    shown = [pictures.RED, pictures.RED, pictures.BLUE]
    frames = (Image.new("RGB", (20, 10), colour) for colour in shown)
    film = Film(120)
    for frame in frames:
        film.add(frame, 50)
    assert [shot.duration_ms for shot in film.shots] == [100, 50]
    assert durations(normalise(pictures.gif_of_frames(300))) == [0]


@given(st.integers(1, 700))
@settings(deadline=None, max_examples=40)
def test_a_long_animation_is_thinned_out_evenly_and_takes_as_long(count: int) -> None:
    film = Film(120)
    for at in range(count):
        film.add(Image.new("RGBA", (1, 1), (at % 256, at // 256, 0, 255)), 30)
    shots = thinned(film.shots, 60)
    assert sum(shot.duration_ms for shot in shots) == 30 * count
    assert len(shots) == count if count <= 60 else 30 <= len(shots) <= 60
    assert max(shot.duration_ms for shot in shots) <= max(30, 4 * 30 * count / 60)


def test_an_animation_is_read_no_further_than_the_limit_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILM_PIXELS", 10 * 64 * 64)
    assert len(normalise(pictures.gif_of_colours(30)).frames) == 10


def test_ten_thousand_frames_take_bounded_time() -> None:
    began = time.process_time()
    picture = normalise(pictures.gif_of_colours(10_000))
    assert len(picture.frames) == 60
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", LOSSLESS)
def test_damage_after_a_whole_frame_ends_the_animation_there(kind: str) -> None:
    noise = [pictures.noise((40, 40), seed).convert("RGB") for seed in range(6)]
    content = file_of(noise, kind, [50] * 6)
    picture = normalise(content[: len(content) * 2 // 3]) if kind != "WEBP" else normalise(content)
    assert 1 <= len(picture.frames) <= 6


def test_a_picture_for_readers_without_animation_is_not_part_of_it() -> None:
    cover, *frames = plain(pictures.GREEN, pictures.RED, pictures.BLUE)
    content = pictures.encoded(cover, "PNG", save_all=True, append_images=frames, default_image=True, duration=70)
    assert first_pixels(normalise(content)) == [(*pictures.RED, 255), (*pictures.BLUE, 255)]


def test_sixty_frames_of_noise_fit_a_job_smaller_and_fewer() -> None:
    noise = [pictures.noise((128, 128), seed) for seed in range(60)]
    picture = normalise(file_of(noise, "PNG", [40] * 60))
    assert min(picture.width_px, picture.height_px) >= 60
    assert 20 <= len(picture.frames) < 60
    assert sum(durations(picture)) == 60 * 40
    assert len(zlib.compress(b"".join(frame.rgba for frame in picture.frames), 1)) <= MAX_FILM_BYTES
    assert len(FaceJob("model", (picture,), FaceOptions(), 0.0).to_bytes()) <= MAX_JOB_BYTES


def test_an_animation_that_does_not_fit_gets_coarser_colours_first() -> None:
    chance = np.random.default_rng(4)
    pixels = np.full((60, 64, 64, 4), 255, np.uint8)
    pixels[..., :3] = chance.integers(120, 130, (60, 64, 64, 3))
    picture = normalise(file_of([Image.fromarray(frame) for frame in pixels], "PNG", [40] * 60))
    assert (picture.width_px, picture.height_px, len(picture.frames)) == (64, 64, 60)
    shown = np.frombuffer(picture.frames[7].rgba, np.uint8).reshape(64, 64, 4)
    assert np.abs(shown.astype(int) - pixels[7]).max() <= 3


def test_large_frames_share_one_small_box() -> None:
    frames = [Image.new("RGB", (400, 200), colour) for colour in (pictures.RED, pictures.GREEN)]
    picture = normalise(file_of(frames, "GIF", [40, 60]))
    assert (picture.width_px, picture.height_px, len(picture.frames)) == (128, 64, 2)


def test_thinning_never_asks_for_more_than_there_is() -> None:
    shot = Shot(Image.new("RGBA", (1, 1)), 40)
    assert thinned([shot], 60) == [shot]
