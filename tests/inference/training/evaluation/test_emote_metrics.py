import numpy as np
import pytest
from PIL import Image

from inference.training.evaluation.emote_metrics import (
    Memory,
    centre_luminance,
    detail_power,
    grey,
    ranks,
    seed_distance,
    variety,
    worst_detail_db,
)


def blobs(count: int, side_px: int = 128, seed: int = 0) -> np.ndarray:
    """Pictures that differ in what 8 × 8 pixels hold."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(each).resize((side_px, side_px), Image.Resampling.BICUBIC)) for each in small]
    )


def noise(count: int, seed: int = 0, side_px: int = 128) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 196, (count, side_px, side_px, 3), dtype=np.uint8)


def test_grey_averages_blocks() -> None:
    picture = np.zeros((1, 4, 4, 3), np.uint8)
    picture[0, :2, :2] = 200
    assert grey(picture, 2)[0].tolist() == [[200, 0], [0, 0]]


def test_every_emote_is_most_like_itself_at_any_size() -> None:
    assert ranks(blobs(12, 256), blobs(12)).tolist() == [0] * 12


def test_brightness_and_contrast_do_not_matter() -> None:
    assert ranks((blobs(12) // 3 + 40).astype(np.uint8), blobs(12)).tolist() == [0] * 12


def test_the_rank_counts_the_emotes_that_are_more_alike() -> None:
    assert ranks(blobs(4)[[1, 0, 2, 3]], blobs(4))[:2].min() >= 1


def test_pictures_that_say_nothing_are_found_last() -> None:
    flat = np.full((6, 128, 128, 3), 90, np.uint8)
    assert ranks(flat, blobs(6)).tolist() == [5] * 6


def test_the_same_detail_everywhere_is_no_variety() -> None:
    detail = noise(1).astype(int) - 128
    same = np.clip(blobs(6) // 2 + 64 + detail // 2, 0, 255).astype(np.uint8)
    assert variety(same) > 0.8
    assert abs(variety(noise(6))) < 0.1


def test_variety_looks_at_details_only() -> None:
    alike = np.repeat(blobs(1), 6, 0) // 2 + noise(6) // 2
    assert abs(variety(alike)) < 0.1


def test_one_picture_has_no_variety() -> None:
    assert np.isnan(variety(noise(1)))


def test_detail_is_measured_in_decibels_of_power() -> None:
    reference = noise(8)
    weaker = np.rint((reference.astype(float) - 128) / 2 + 128).astype(np.uint8)
    assert worst_detail_db(weaker, detail_power(reference)) == pytest.approx(-6, abs=0.2)
    assert worst_detail_db(reference, detail_power(weaker)) == pytest.approx(6, abs=0.2)


def test_larger_pictures_lose_no_detail_when_they_are_reduced() -> None:
    large = noise(4, side_px=256)
    size = (128, 128)
    small = np.stack([np.asarray(Image.fromarray(each).resize(size, Image.Resampling.LANCZOS)) for each in large])
    assert abs(worst_detail_db(large, detail_power(small))) < 0.2


def test_blur_and_grids_show_in_the_worst_octave() -> None:
    reference = noise(8)
    blurred = np.stack([np.asarray(Image.fromarray(each).reduce(4).resize((128, 128))) for each in reference])
    gridded = reference // 2
    gridded[:, ::3] += 100
    assert worst_detail_db(blurred, detail_power(reference)) < -10
    assert worst_detail_db(gridded, detail_power(reference)) > 3
    assert worst_detail_db(np.full_like(reference, 9), detail_power(reference)) < -100


def test_copies_of_training_faces_are_noticed() -> None:
    memory = Memory.of(blobs(20, seed=1))
    assert memory.nearest(blobs(20, seed=1)[:5]) == pytest.approx(1)
    assert memory.nearest(blobs(5, seed=2)) < 0.8


def test_seeds_are_compared_with_emotes() -> None:
    faces = blobs(8)
    assert seed_distance(faces, faces) == 0
    assert seed_distance(faces, np.roll(faces, 1, 0)) == pytest.approx(1)
    assert np.isnan(seed_distance(faces[:1], faces[1:2]))


def test_luminance_is_that_of_most_of_the_middle() -> None:
    picture = np.zeros((1, 128, 128, 3), np.uint8)
    picture[0, 32:96, 32:96] = 150
    picture[0, 32:60, 32:96] = 20
    assert centre_luminance(picture).tolist() == [150]
