import torch

from inference.networks.landmarks import LandmarkNetwork


def test_every_landmark_has_a_heatmap_of_half_the_side() -> None:
    heatmaps = LandmarkNetwork()(torch.rand(3, 3, 64, 64) * 2 - 1)
    assert heatmaps.shape == (3, 25, 32, 32)
    assert heatmaps.min() >= 0
    assert heatmaps.max() <= 1


def test_it_is_small() -> None:
    assert 350_000 < sum(parameter.numel() for parameter in LandmarkNetwork().parameters()) < 450_000


def test_before_training_it_finds_nothing() -> None:
    assert LandmarkNetwork()(torch.zeros(1, 3, 64, 64)).mean() < 0.1
