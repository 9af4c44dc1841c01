import numpy as np
import pytest
import torch
from matplotlib import cbook
from PIL import Image
from torch.nn import functional

from inference.training.projected import PhotographFeatures, ProjectedCritic, ProjectedOpponent, sets_in

MILITARY_UNIFORM = 652
"""Of ImageNet's thousand classes."""


def pictures(side_px: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, side_px, side_px, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture(scope="module")
def features() -> PhotographFeatures:
    return PhotographFeatures()


def test_the_classifier_knows_what_a_photograph_shows(features: PhotographFeatures) -> None:
    """Grace Hopper in uniform; pictures go in as they are here, in [-1, 1]."""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as photograph:
        square = photograph.convert("RGB").crop((0, 20, 512, 532)).resize((224, 224))
    seen = torch.from_numpy(np.array(square)).permute(2, 0, 1)[None] / 127.5 - 1
    assert features.classifier(seen).argmax() == MILITARY_UNIFORM


@pytest.mark.parametrize("side_px", [64, 128])
def test_features_have_four_scales_whatever_the_size_of_the_picture(features: PhotographFeatures, side_px: int) -> None:
    found = features(pictures(side_px))
    assert [tuple(scale.shape) for scale in found] == [
        (2, 64, 32, 32),
        (2, 128, 16, 16),
        (2, 256, 8, 8),
        (2, 256, 4, 4),
    ]
    assert ProjectedCritic()(found).shape == (2, 4)


def test_features_mean_the_same_in_every_process(features: PhotographFeatures) -> None:
    torch.manual_seed(99)
    for one, other in zip(features(pictures(128)), PhotographFeatures()(pictures(128)), strict=True):
        torch.testing.assert_close(one, other)


def test_making_features_leaves_the_randomness_of_the_run_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    PhotographFeatures()
    assert torch.equal(torch.rand(1), expected)


def test_a_picture_learns_through_features_that_do_not(features: PhotographFeatures) -> None:
    seen = pictures(128).requires_grad_(True)
    sum(scale.mean() for scale in features(seen)).backward()  # type: ignore[union-attr]
    assert seen.grad is not None
    assert seen.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in features.parameters())


def test_every_scale_learns_to_tell_smooth_pictures_from_noisy_ones(features: PhotographFeatures) -> None:
    torch.manual_seed(0)
    critic = ProjectedCritic()
    steps = torch.optim.Adam(critic.parameters(), 1e-3, (0.0, 0.99))
    smooth = functional.interpolate(pictures(4, 4), size=128, mode="bilinear")
    real, fake = features(smooth), features(pictures(128, 4))
    for _ in range(8):
        loss = functional.softplus(-critic(real)).mean() + functional.softplus(critic(fake)).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
    assert (critic(real).amin(0) > critic(fake).amax(0)).all()


def test_an_opponent_learns_from_pictures_and_is_hard_on_fakes() -> None:
    torch.manual_seed(0)
    opponent, random = ProjectedOpponent(torch.device("cpu")), torch.Generator().manual_seed(2)
    real = functional.interpolate(pictures(4, 4), size=128, mode="bilinear")
    losses = []
    for number in range(6):
        scores, found = opponent.scores(pictures(128, 4), random)
        losses.append(float(opponent.step(found, real, random, penalised=number == 0)))
    assert losses[-1] < 0.7 * losses[0]
    assert scores.mean() < opponent.scores(real, random)[0].mean()


def test_it_sets_in_over_the_first_pictures() -> None:
    assert [sets_in(seen) for seen in (0, 500, 2_000, 90_000)] == [0, 0.25, 1, 1]
