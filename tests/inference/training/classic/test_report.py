from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.networks.classic import ClassicGenerator, Stage
from inference.training.classic.report import gain_over_bicubic, generate, held_out_faces, save_sheet
from inference.training.faces import Faces


class Enlarging(ClassicGenerator):
    """Not a face in sight: bilinear enlarging, to know what to expect."""

    def forward(self, image: torch.Tensor, stage: Stage = Stage()) -> torch.Tensor:  # noqa: B008
        return torch.nn.functional.interpolate(image, size=stage.output_px, mode="bilinear", antialias=False)


def test_held_out_faces_are_framed_and_reduced(faces: Faces) -> None:
    held = held_out_faces(faces)
    assert held.targets.shape == (1, 128, 128, 3)
    assert held.inputs.shape == (1, 16, 16, 3)


def test_pictures_go_through_the_network_in_order() -> None:
    inputs = np.linspace(-1, 1, 40, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 16, 16), np.float32)
    drawn = generate(Enlarging(8), inputs, Stage(32))
    assert drawn.shape == (40, 32, 32, 3)
    assert (np.diff(drawn[:, 0, 0, 0].astype(int)) >= 0).all()
    assert (drawn[0] == 0).all()
    assert (drawn[-1] == 255).all()


@pytest.mark.parametrize("output_px", [32, 128])
def test_bilinear_gains_little_over_bicubic(faces: Faces, output_px: int) -> None:
    reached, gain = gain_over_bicubic(Enlarging(8), held_out_faces(faces), Stage(output_px))
    assert 10 < reached < 35
    assert -2 < gain < 0.5


def test_a_sheet_shows_faces_and_emoji(tmp_path: Path, faces: Faces) -> None:
    save_sheet(tmp_path / "sheet.png", Enlarging(8), held_out_faces(faces), Stage(64))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (12 * 128, 7 * 128)
        assert len(np.unique(np.asarray(sheet)[3 * 128 :].reshape(-1, 3), axis=0)) > 100
