"""Drawn faces with landmarks, in the format the training reads."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from inference.training.faces import Faces, load_faces

Point = tuple[float, float]


def draw_face(number: int) -> tuple[Image.Image, list[Point]]:
    """A 256 px cartoon with its 25 landmarks, different for every number."""
    chance = random.Random(number)
    skin = tuple(chance.randint(90, 240) for _ in range(3))
    picture = Image.new("RGB", (256, 256), tuple(chance.randint(0, 255) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    x, y = chance.randint(118, 138), chance.randint(126, 140)
    draw.ellipse((x - 62, y - 80, x + 62, y + 80), fill=skin)
    for eye in (x - 30, x + 30):
        draw.ellipse((eye - 12, y - 30, eye + 12, y - 14), fill="white")
        draw.ellipse((eye - 5, y - 27, eye + 5, y - 17), fill="black")
        draw.line((eye - 14, y - 40, eye + 14, y - 44), fill="black", width=4)
    draw.polygon(((x, y - 10), (x - 8, y + 14), (x + 8, y + 14)), fill="brown")
    draw.ellipse((x - 24, y + 32, x + 24, y + 50), fill="darkred")
    return picture, face_landmarks(x, y)


def face_landmarks(x: int, y: int) -> list[Point]:
    """The landmarks of a face drawn around (x, y)."""
    eyes = [(x - 30, y - 22), (x + 30, y - 22)]
    mouth = [(x - 24, y + 41), (x + 24, y + 41), (x, y + 36), (x, y + 46)]
    corners = [(x - 42, y - 22), (x - 18, y - 22), (x + 18, y - 22), (x + 42, y - 22)]
    brows = [(x - 44, y - 40), (x - 16, y - 44), (x + 44, y - 40), (x + 16, y - 44)]
    lids = [(x - 30, y - 30), (x - 30, y - 14), (x + 30, y - 30), (x + 30, y - 14)]
    inner = [(x - 22, y + 41), (x + 22, y + 41), (x - 62, y), (x + 62, y)]
    return [*eyes, (x, y + 12), *mouth, (x, y + 80), (x, y - 80), *corners, *brows, *lids, *inner]


def write_faces(folder: Path, split: str, count: int) -> None:
    """Add a split of drawn faces to a folder."""
    (folder / split).mkdir(parents=True)
    records = []
    for number in range(count):
        picture, landmarks = draw_face(number if split == "train" else number + 10_000)
        name = f"{number:04d}.webp"
        picture.save(folder / split / name, lossless=True)
        records.append({"file": name, "source": "drawn", "source_px": 256, "landmarks": landmarks})
    (folder / f"{split}.json").write_text(json.dumps(records))


@pytest.fixture(scope="session")
def face_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 train and 4 val faces."""
    folder = tmp_path_factory.mktemp("faces")
    write_faces(folder, "train", 40)
    write_faces(folder, "val", 4)
    return folder


@pytest.fixture(scope="session")
def face_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where decoded faces go."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def faces(face_folder: Path, face_cache: Path) -> Faces:
    """The 40 train faces."""
    return load_faces(face_folder, "train", face_cache)


@pytest.fixture
def write_split() -> Callable[[Path, str, int], None]:
    """Write more faces elsewhere."""
    return write_faces
