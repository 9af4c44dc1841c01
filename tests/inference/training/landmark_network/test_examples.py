import torch
from torch import Generator

from inference.training.dial.low_pass import low_pass
from inference.training.landmark_network.examples import (
    LandmarkExamples,
    bells,
    blurred,
    noise,
    shuffled,
)


def random(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def test_a_batch_has_heatmaps_for_its_faces_only(examples: LandmarkExamples) -> None:
    batch = examples.draw(20, random())
    assert batch.images.shape == (20, 3, 64, 64)
    assert batch.heatmaps.shape == (20, 25, 32, 32)
    assert batch.images.abs().max() <= 1
    assert batch.heatmaps[:12].amax((1, 2, 3)).gt(0).any()
    assert not batch.heatmaps[12:].any()


def test_the_same_randomness_draws_the_same_batch(examples: LandmarkExamples) -> None:
    assert torch.equal(examples.draw(20, random(3)).images, examples.draw(20, random(3)).images)


def test_a_bell_stands_where_its_landmark_is() -> None:
    landmarks = torch.full((1, 25, 2), 0.5)
    landmarks[0, 3] = torch.tensor([0.765625, 0.265625])  # the middle of a pixel: x, y
    heatmap = bells(landmarks)[0, 3]
    assert divmod(int(heatmap.argmax()), 32) == (8, 24)
    assert heatmap.max() == 1


def test_a_landmark_outside_the_view_has_no_bell() -> None:
    assert bells(torch.full((1, 25, 2), 1.3)).max() < 1e-6


def test_the_less_is_left_of_a_face_the_less_it_counts() -> None:
    images = torch.rand(200, 3, 64, 64, generator=random()) * 2 - 1
    mixed, height = blurred(images, random(1))
    untouched = (mixed == images).all(3).all(2).all(1)
    assert 0.3 < untouched.float().mean() < 0.7
    assert height[untouched].eq(1).all()
    detail = mixed[~untouched].std((1, 2, 3))
    assert torch.corrcoef(torch.stack([detail, height[~untouched]]))[0, 1] > 0.7


def test_shuffled_patches_are_those_of_the_picture() -> None:
    images = torch.arange(2 * 3 * 64 * 64).view(2, 3, 64, 64).float()
    mixed = shuffled(images, random())
    assert not torch.equal(mixed, images)
    assert torch.equal(mixed.flatten().sort().values, images.flatten())
    assert torch.equal(mixed[:, 1] - mixed[:, 0], images[:, 1] - images[:, 0])


def test_noise_comes_in_every_size() -> None:
    blotches = noise(40, random())
    kept = low_pass(blotches, torch.full((40,), 8.0)).std((1, 2, 3)) / blotches.std((1, 2, 3))
    assert kept.min() < 0.4
    assert kept.max() > 0.8
