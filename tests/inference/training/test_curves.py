import json
from pathlib import Path

import pytest
from PIL import Image

from inference.training.curves import save_curves


def test_curves_show_every_number_in_the_history(tmp_path: Path) -> None:
    lines = [{"pictures": 1, "l1": 0.5}, {"pictures": 2, "l1": 0.4, "critic": 1.0}, {"pictures": 2, "gain": 0.1}]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    save_curves(tmp_path / "curves.png", tmp_path / "history.jsonl")
    with Image.open(tmp_path / "curves.png") as curves:
        assert curves.width == 810
        assert curves.height == pytest.approx(3 * 2.2 * 90, abs=1)
