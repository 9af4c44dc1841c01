import numpy as np
import pytest
import torch

from inference.training.classic.examples import ExampleMaker
from inference.training.faces import Faces, held_out


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("emote_share", [0.0, 0.3, 1.0])
def test_a_batch_has_as_many_inputs_as_targets(faces: Faces, emote_share: float) -> None:
    batch = ExampleMaker(faces, emote_share).draw(4, stream())
    assert batch.inputs.shape == (4, 3, 16, 16)
    assert batch.targets.shape == (4, 3, 128, 128)
    assert batch.landmarks.shape == (4, 25, 2)


def test_a_batch_is_a_function_of_its_stream(faces: Faces) -> None:
    maker = ExampleMaker(faces, 0.3)
    first, again = (maker.draw(4, stream(1)) for _ in range(2))
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.targets, maker.draw(4, stream(2)).targets)


def test_held_out_faces_are_never_drawn(faces: Faces) -> None:
    """The held-out faces are made white and the others black: no batch then shows white."""
    pictures = np.zeros_like(faces.pictures)
    pictures[held_out(len(faces))[1]] = 255
    batch = ExampleMaker(Faces(pictures, faces.landmarks), emote_share=0.0).draw(60, stream())
    assert (batch.targets < -0.99).all()


def test_moving_a_batch_keeps_its_numbers(faces: Faces) -> None:
    batch = ExampleMaker(faces, 0.3).draw(2, stream())
    moved = batch.to(torch.device("cpu"))
    assert torch.equal(moved.inputs, batch.inputs)
    assert moved.targets.is_contiguous(memory_format=torch.channels_last)
