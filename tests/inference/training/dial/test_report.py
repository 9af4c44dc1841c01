from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from inference.training.dial.report import DialReport
from inference.training.dial.trainer import DialTrainer
from inference.training.faces import Faces


def test_a_sheet_shows_emoji_along_the_dial_and_faces_held_out(
    trainer_of: Callable[..., DialTrainer], faces: Faces, tmp_path: Path
) -> None:
    trainer = trainer_of()
    report = DialReport(trainer, faces)
    numbers = report(tmp_path / "one.png")
    assert set(numbers) == {"development_kept_8", "development_kept_24"}
    assert all(0 < number < 1 for number in numbers.values())
    with Image.open(tmp_path / "one.png") as sheet:
        assert sheet.size == (12 * 128, 9 * 128)
        assert len(np.unique(np.asarray(sheet)[:128].reshape(-1, 3), axis=0)) > 100
    trainer.step()
    assert report(tmp_path / "later.png") != numbers
