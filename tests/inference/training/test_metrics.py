import numpy as np
import pytest

from inference.training.metrics import ms_ssim, psnr, ssim


def noise(seed: int = 0, side_px: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)


def test_psnr_of_a_known_error() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(grey, grey + np.uint8(10)) == pytest.approx(20 * np.log10(25.5))


def test_psnr_counts_differences_below_zero_too() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(grey, grey - np.uint8(10)) == psnr(grey, grey + np.uint8(10))


def test_equal_pictures_are_perfect() -> None:
    assert psnr(noise(), noise()) == float("inf")
    assert ssim(noise(), noise()) == pytest.approx(1)
    assert ms_ssim(noise(side_px=96), noise(side_px=96)) == pytest.approx(1)


def test_unrelated_noise_has_no_structure_in_common() -> None:
    assert abs(ssim(noise(1), noise(2))) < 0.05


def test_ssim_of_two_flat_greys_is_its_luminance_term() -> None:
    one, other = np.full((16, 16, 3), 100, np.uint8), np.full((16, 16, 3), 150, np.uint8)
    constant = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert ssim(one, other) == pytest.approx(expected)


def test_blur_costs_more_ssim_than_a_change_of_brightness() -> None:
    picture = noise()
    blurred = np.stack([np.roll(picture, shift, (0, 1)) for shift in range(-2, 3)]).mean(0).astype(np.uint8)
    darker = np.clip(picture.astype(int) - 12, 0, 255).astype(np.uint8)
    assert ssim(picture, blurred) < ssim(picture, darker)


def test_ms_ssim_of_two_flat_greys_is_the_luminance_term_of_the_coarsest_scale() -> None:
    one, other = np.full((128, 128, 3), 100, np.uint8), np.full((128, 128, 3), 150, np.uint8)
    constant = (0.01 * 255) ** 2
    luminance = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert ms_ssim(one, other) == pytest.approx(luminance ** (0.2363 / (0.0448 + 0.2856 + 0.3001 + 0.2363)))


def test_ms_ssim_forgives_what_is_lost_in_the_finest_scale_only() -> None:
    coarse = np.kron(noise(side_px=16), np.ones((8, 8, 1), np.uint8))
    speckled = (coarse * 0.9 + noise(3, 128) * 0.1).astype(np.uint8)
    assert ms_ssim(coarse, speckled) > ssim(coarse, speckled)
    assert ms_ssim(coarse, 255 - coarse) == 0
