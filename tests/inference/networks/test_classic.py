import re

import pytest
import torch
from torch.nn import functional

from inference.networks.classic import ClassicGenerator, ResidualBlock, Stage


def network(width: int = 8) -> ClassicGenerator:
    torch.manual_seed(1)
    return ClassicGenerator(width).eval()


def pictures(count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.mark.parametrize("output_px", [32, 64, 128])
def test_a_stage_decides_how_large_the_face_is(output_px: int) -> None:
    assert network()(pictures(), Stage(output_px)).shape == (2, 3, output_px, output_px)


def test_a_fully_grown_network_is_the_default() -> None:
    grown = network()
    assert torch.equal(grown(pictures()), grown(pictures(), Stage(128, 1.0)))


@pytest.mark.parametrize("output_px", [64, 128])
def test_a_new_step_is_mixed_with_the_doubled_picture_of_the_one_before(output_px: int) -> None:
    growing = network()
    before = functional.interpolate(growing(pictures(), Stage(output_px // 2)), scale_factor=2, mode="nearest")
    after = growing(pictures(), Stage(output_px))
    mixed = growing(pictures(), Stage(output_px, 0.25))
    torch.testing.assert_close(mixed, 0.75 * before + 0.25 * after)


@pytest.mark.parametrize(("output_px", "blend"), [(16, 1.0), (256, 1.0), (64, 0.0), (64, 1.01), (64, -1.0), (32, 0.5)])
def test_a_stage_that_cannot_be_is_refused(output_px: int, blend: float) -> None:
    with pytest.raises(ValueError, match=r"stage|blend"):
        Stage(output_px, blend)


@pytest.mark.parametrize("width", [0, 4, 12, -8])
def test_a_width_that_cannot_be_halved_three_times_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        ClassicGenerator(width)


def test_the_published_network_has_nine_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in ClassicGenerator(512).parameters())
    assert round(count / 1e6, 2) == 8.97


def test_every_name_is_one_of_the_authors_files() -> None:
    norm = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
    block = rf"conv\.([03]\.conv\.(weight_orig|bias)|[14]\.{norm})"
    first = rf"step1\.([04]\.(weight|bias)|[15]\.{norm}|3\.{block})"
    later = rf"step[23]\.(0\.{block}|1\.(weight|bias)|2\.{norm})"
    expected = re.compile(rf"{first}|{later}|to_rgb\.[012]\.(weight|bias)")
    names = list(network().state_dict())
    assert [name for name in names if not expected.fullmatch(name)] == []
    # step1 has 7 + 14 + 7, a later step 14 + 7, to_rgb 3 x 2
    assert len(names) == (2 + 5 + 14 + 2 + 5) + 2 * (14 + 2 + 5) + 6


def test_a_residual_block_rectifies_before_it_adds() -> None:
    torch.manual_seed(0)
    features = torch.randn(1, 8, 5, 5)
    assert (ResidualBlock(8).eval()(features) >= features).all()


def test_weights_of_unit_variance_keep_the_scale_of_what_goes_through() -> None:
    torch.manual_seed(0)
    convolution = ResidualBlock(64).conv[0]
    passed = convolution(torch.randn(4, 64, 16, 16))
    assert passed.std().item() == pytest.approx(2**0.5, rel=0.1)
