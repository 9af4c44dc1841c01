import numpy as np
import pytest
import torch

from inference.training.dial.drawn import Drawn
from inference.training.dial.examples import BatchMaker
from inference.training.faces import Faces, held_out


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("share", "pairs"), [(0.0, 8), (0.4, 4), (0.75, 2)])
@pytest.mark.parametrize("side_px", [64, 128])
def test_a_batch_is_disguised_faces_and_then_emoji(
    faces: Faces, drawn: Drawn, share: float, pairs: int, side_px: int
) -> None:
    batch = BatchMaker(faces, drawn, share).draw(8, side_px, stream())
    assert batch.pairs == pairs
    assert batch.faces.shape == (8, 3, side_px, side_px)
    assert batch.inputs.shape == (8, 3, 64, 64)
    assert batch.landmarks.shape == (8, 25, 2)
    assert max(batch.faces.abs().max(), batch.inputs.abs().max()) <= 1.0001


def test_every_emoji_is_there_twice(faces: Faces, drawn: Drawn) -> None:
    batch = BatchMaker(faces, drawn, 0.5).draw(8, 64, stream())
    emoji = batch.inputs[batch.pairs :]
    assert torch.equal(emoji[::2], emoji[1::2])
    assert not torch.equal(emoji[0], emoji[2])


def test_a_batch_is_a_function_of_its_stream(faces: Faces, drawn: Drawn) -> None:
    maker = BatchMaker(faces, drawn, 0.5)
    first, again, other = (maker.draw(4, 64, stream(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.faces, again.faces)
    assert not torch.equal(first.inputs, other.inputs)


def test_held_out_faces_are_never_drawn(faces: Faces, drawn: Drawn) -> None:
    """The held-out faces are made green and the others black: no batch then shows green."""
    pictures = np.zeros_like(faces.pictures)
    pictures[held_out(len(faces))[1], :, :, 1] = 255
    batch = BatchMaker(Faces(pictures, faces.landmarks), drawn, 0.5).draw(60, 64, stream())
    assert (batch.faces[:, 1] <= batch.faces[:, 0] + 0.1).all()


def test_moving_a_batch_moves_all_of_it(faces: Faces, drawn: Drawn) -> None:
    batch = BatchMaker(faces, drawn, 0.5).draw(4, 64, stream()).to(torch.device("meta"))
    assert {batch.faces.device.type, batch.inputs.device.type, batch.landmarks.device.type} == {"meta"}
    assert batch.pairs == 2
