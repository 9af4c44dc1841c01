from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.training.evaluation.reconstruction import Row, bicubic, doubt, measured, val_faces
from inference.training.framing import FramedFaces


def faces_of(targets: np.ndarray) -> FramedFaces:
    return FramedFaces(targets, targets[:, ::8, ::8])


def test_val_faces_are_framed_and_reduced(face_folder: Path, face_cache: Path) -> None:
    faces = val_faces(face_folder, face_cache)
    assert faces.targets.shape == (4, 128, 128, 3)
    assert faces.inputs.shape == (4, 16, 16, 3)


def test_bicubic_is_that_of_pil() -> None:
    inputs = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    expected = Image.fromarray(inputs[1]).resize((128, 128), Image.Resampling.BICUBIC)
    assert np.array_equal(bicubic(inputs)[1], np.asarray(expected))


def test_scores_are_means_over_the_faces() -> None:
    targets = np.full((2, 128, 128, 3), 100, np.uint8)

    def off_by_10_and_20(inputs: np.ndarray) -> np.ndarray:
        return np.stack([targets[0] + np.uint8(10), targets[1] + np.uint8(20)])

    row = measured("wrong", "quite wrong", off_by_10_and_20, faces_of(targets))
    assert (row.name, row.method) == ("wrong", "quite wrong")
    assert row.psnr_db == pytest.approx((20 * np.log10(255 / 10) + 20 * np.log10(255 / 20)) / 2)
    assert 0.9 < row.ssim < 1
    assert 0.9 < row.ms_ssim < 1


@pytest.mark.parametrize(("psnr_db", "count", "doubted"), [(21.72, 120, False), (21.75, 120, True), (21.72, 4, True)])
def test_other_faces_than_the_projects_are_noticed(psnr_db: float, count: int, doubted: bool) -> None:
    assert (doubt(Row("bicubic", "bicubic", psnr_db, 0.6, 0.8), count) is not None) is doubted
