import numpy as np
import torch

from inference.training.landmark_network.examples import bells
from inference.training.landmark_network.measure import auc, located


def test_landmarks_are_found_between_pixels() -> None:
    landmarks = torch.rand(4, 25, 2, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    assert np.abs(located(bells(landmarks).numpy()) - landmarks.numpy()).max() < 0.005


def test_an_empty_heatmap_still_gives_a_point() -> None:
    assert np.isfinite(located(np.zeros((1, 25, 32, 32), np.float32))).all()


def test_auc_is_how_often_the_first_kind_scores_more() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1, 4], [2, 3]) == 0.5
    assert auc([1], [1]) == 0.5
