import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from inference.preparation import low_passed
from inference.training.dial.low_pass import low_pass, low_pass_matrices, random_cutoffs


def noise(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_flat_colour_stays_and_so_does_the_mean() -> None:
    cutoffs = torch.tensor([6.0, 32.0])
    torch.testing.assert_close(low_pass(torch.full((2, 3, 64, 64), 0.3), cutoffs), torch.full((2, 3, 64, 64), 0.3))
    torch.testing.assert_close(low_pass(noise(), cutoffs).mean(), noise().mean(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("cutoff", [6.0, 13.0, 32.0])
@pytest.mark.parametrize("half_waves", [1, 7, 20])
def test_a_wave_that_fits_mirrored_edges_is_weakened_as_a_gaussian_says(cutoff: float, half_waves: int) -> None:
    """Cosines whose slope is 0 at the edges are the eigenvectors of the blur."""
    wave = torch.cos(math.pi * half_waves * (torch.arange(64) + 0.5) / 64)
    sigma_px = 64 / (2 * cutoff)
    kept = math.exp(-((math.pi * half_waves / 64 * sigma_px) ** 2) / 2)
    blurred = low_pass(wave.expand(1, 1, 64, 64), torch.tensor([cutoff]))
    torch.testing.assert_close(blurred[0, 0, 10], wave * kept, atol=2e-4, rtol=0)


@pytest.mark.parametrize("cutoff", [6.0, 12.0, 24.0])
def test_it_is_about_the_gaussian_blur_of_pil(cutoff: float) -> None:
    """Away from the edges, which PIL repeats and we mirror; PIL approximates by three box blurs."""
    pixels = ((noise(1)[0].permute(1, 2, 0).numpy() + 1) * 127.5).astype(np.uint8)
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(64 / (2 * cutoff)))
    ours = low_pass(torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)[None].float(), torch.tensor([cutoff]))
    difference = (ours[0].permute(1, 2, 0).numpy() + 1) * 127.5 - np.asarray(blurred).astype(float)
    assert np.abs(difference[16:-16, 16:-16]).mean() < 1.5


def test_serving_blurs_the_same() -> None:
    cutoffs = torch.tensor([6.0, 19.0])
    served = low_passed(noise().numpy(), cutoffs.numpy())
    torch.testing.assert_close(torch.from_numpy(served), low_pass(noise(), cutoffs), atol=1e-5, rtol=0)


def test_each_picture_has_its_own_cutoff_and_less_of_it_keeps_less() -> None:
    one = noise(1)
    coarse, fine = low_pass(one.expand(2, -1, -1, -1), torch.tensor([6.0, 32.0]))
    assert coarse.std() < 0.5 * fine.std() < 0.5 * one.std()
    torch.testing.assert_close(coarse, low_pass(one, torch.tensor([6.0]))[0])


def test_mirroring_the_picture_mirrors_the_result() -> None:
    cutoffs = torch.tensor([7.0, 20.0])
    torch.testing.assert_close(low_pass(noise().flip(3), cutoffs), low_pass(noise(), cutoffs).flip(3))


def test_weights_are_shares() -> None:
    matrices = low_pass_matrices(16, torch.tensor([6.0, 30.0]))
    assert matrices.shape == (2, 16, 16)
    assert matrices.min() >= 0
    torch.testing.assert_close(matrices.sum(2), torch.ones(2, 16))


def test_cutoffs_lie_on_the_dial_and_many_are_coarse() -> None:
    """A fifth by decree, and those of the rest that a log-uniform draw puts there."""
    cutoffs = random_cutoffs(8000, torch.Generator().manual_seed(2))
    assert 6 <= cutoffs.min() < 6.01
    assert 31.9 < cutoffs.max() <= 32
    expected = 0.2 + 0.8 * math.log(8 / 6) / math.log(32 / 6)
    assert (cutoffs < 8).float().mean().item() == pytest.approx(expected, abs=0.02)
    rest = cutoffs[cutoffs >= 8].log()
    assert rest.mean().item() == pytest.approx((math.log(8) + math.log(32)) / 2, abs=0.03)
