import numpy as np
import pytest
import torch

from inference.training.augment import Views, random_views, reduced
from inference.training.dial.disguise import disguised
from inference.training.dial.examples import FACES
from inference.training.faces import Faces


def stream(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def views(faces: Faces) -> Views:
    return random_views(faces, np.arange(40), FACES, stream(1), 128)


def changed(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """(N,): whether each picture differs from the other of its number."""
    return (one != other).flatten(1).any(1)


def test_pictures_are_in_range_and_targets_as_large_as_the_views(views: Views) -> None:
    targets, inputs = disguised(views, stream(2))
    assert targets.shape == (40, 3, 128, 128)
    assert inputs.shape == (40, 3, 64, 64)
    assert max(targets.abs().max(), inputs.abs().max()) <= 1


def test_a_disguise_is_a_function_of_its_stream(views: Views) -> None:
    first, again, other = (disguised(views, stream(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert changed(first[1], other[1]).any()


def test_some_are_left_as_photographs(views: Views) -> None:
    targets, inputs = disguised(views, stream(5))
    disguises = changed(inputs, reduced(targets, 64))
    assert 0.05 < 1 - disguises.float().mean() < 0.4


def test_targets_stay_human_and_some_are_cut_out(views: Views) -> None:
    """The nose is never touched; what is cut out is even around the head."""
    targets, _ = disguised(views, stream(6))
    touched = changed(targets, views.faces)
    assert 0.2 < touched.float().mean() < 0.6
    for number in range(len(targets)):
        x, y = (views.landmarks[number, 2] * 128).long().clamp(0, 127).tolist()
        torch.testing.assert_close(targets[number, :, y, x], views.faces[number, :, y, x], atol=1e-3, rtol=0)


def test_disguises_differ_much_from_what_they_hide(views: Views) -> None:
    targets, inputs = disguised(views, stream(7))
    seen = reduced(targets, 64)
    assert (inputs - seen).abs().mean((1, 2, 3))[changed(inputs, seen)].median() > 0.1
