"""Faces and emoji to learn from."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from inference.training.dial.drawn import Drawn
from inference.training.faces import Faces
from inference.training.landmark_network.examples import LandmarkExamples


@pytest.fixture(scope="session")
def art_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn emoji: discs for faces, bars for things."""
    folder = tmp_path_factory.mktemp("art")
    for kind, shape in (("faces", (4, 4, 67, 67)), ("things", (4, 30, 67, 41))):
        (folder / kind).mkdir()
        for number, colour in enumerate(("red", "gold", "navy")):
            picture = Image.new("RGBA", (72, 72))
            ImageDraw.Draw(picture).ellipse(shape, fill=colour)
            picture.save(folder / kind / f"{number}.png")
    return folder


@pytest.fixture
def examples(faces: Faces, art_folder: Path, tmp_path: Path) -> LandmarkExamples:
    """Of a few drawn faces and emoji."""
    return LandmarkExamples(faces, Drawn(art_folder, tmp_path))
