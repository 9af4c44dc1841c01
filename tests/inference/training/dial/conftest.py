"""A folder of drawn emoji, and trainers with tiny batches."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from inference.training.dial.drawn import Drawn
from inference.training.dial.recipe import DialRecipe
from inference.training.dial.trainer import DialTrainer
from inference.training.faces import Faces

RED, BLUE = (255, 0, 0), (0, 0, 255)


def disc(colour: tuple[int, int, int], alpha: int = 255) -> Image.Image:
    """A disc of 60 px, off the middle of a transparent picture."""
    picture = Image.new("RGBA", (128, 100), (0, 255, 0, 0))
    ImageDraw.Draw(picture).ellipse((10, 20, 69, 79), fill=(*colour, alpha))
    return picture


@pytest.fixture(scope="session")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two faces, which are red, and a thing, which is blue."""
    folder = tmp_path_factory.mktemp("art")
    for kind, name, colour in (("faces", "a.png", RED), ("faces", "b.webp", RED), ("things", "c.png", BLUE)):
        (folder / kind).mkdir(exist_ok=True)
        disc(colour).save(folder / kind / name, lossless=True)
    return folder


@pytest.fixture(scope="session")
def drawn(art: Path, face_cache: Path) -> Drawn:
    """The emoji of the folder."""
    return Drawn(art, face_cache)


@pytest.fixture
def trainer_of(faces: Faces, drawn: Drawn) -> Callable[..., DialTrainer]:
    """A trainer with four pictures a batch, and what else is asked of its recipe."""

    def make(**recipe: float) -> DialTrainer:
        return DialTrainer(DialRecipe(**{"batch": 4, "critic_steps": 1} | recipe), faces, drawn, torch.device("cpu"))  # type: ignore[arg-type]

    return make
