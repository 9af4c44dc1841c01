from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.training.dial.drawn import FACE_SHARE, Drawn
from inference.training.faces import FacesError

SaveArt = Callable[..., Path]
RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


@pytest.fixture
def save_art(tmp_path: Path) -> SaveArt:
    """A folder whose only face and only thing are one picture each."""

    def save(face: Image.Image, thing: Image.Image | None = None) -> Path:
        for kind, picture in (("faces", face), ("things", thing or face)):
            (tmp_path / kind).mkdir(exist_ok=True)
            picture.save(tmp_path / kind / "a.png")
        return tmp_path

    return save


def square(colour: tuple[int, int, int, int]) -> Image.Image:
    """20 px of a colour in a large transparent picture, whose hidden colour is green."""
    picture = Image.new("RGBA", (120, 90), (0, 255, 0, 0))
    picture.paste(colour, (80, 10, 100, 30))
    return picture


def draw(folder: Path, cache: Path, count: int = 40, seed: int = 0) -> torch.Tensor:
    return Drawn(folder, cache).draw(count, torch.Generator().manual_seed(seed))


def decoded(cache: Path) -> np.ndarray:
    """What was kept of the only pictures."""
    (path, *_) = cache.glob("drawn-*.npy")
    return np.load(path)


def test_emoji_are_pictures_of_64_px_in_range_and_a_function_of_their_stream(drawn: Drawn) -> None:
    first, again, other = (drawn.draw(8, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == (8, 3, 64, 64)
    assert first.abs().max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_transparent_border_is_cut_off(save_art: SaveArt, tmp_path: Path) -> None:
    draw(save_art(square(RED)), tmp_path / "cache", 1)
    pixels = decoded(tmp_path / "cache")
    assert pixels.shape == (1, 4, 72, 72)
    assert (pixels[0, 0] > 250).mean() > 0.95


def test_a_long_picture_is_made_square_not_stretched(save_art: SaveArt, tmp_path: Path) -> None:
    draw(save_art(Image.new("RGBA", (80, 20), RED)), tmp_path / "cache", 1)
    alpha = decoded(tmp_path / "cache")[0, 3]
    assert alpha[36].min() == 255
    assert alpha[[0, -1]].max() == 0
    assert (alpha > 127).mean() == pytest.approx(0.25, abs=0.03)


def test_colour_is_kept_multiplied_by_alpha_so_that_hidden_colours_never_show(
    save_art: SaveArt, tmp_path: Path
) -> None:
    pictures = draw(save_art(square((200, 0, 0, 128))), tmp_path / "cache")
    pixels = decoded(tmp_path / "cache")[0]
    assert pixels[1].max() == 0
    assert (pixels[:3] <= pixels[3]).all()
    assert pixels[0, 36, 36] == pytest.approx(100, abs=2)
    assert pictures.isfinite().all()


def test_faces_are_drawn_more_often_than_things(save_art: SaveArt, tmp_path: Path) -> None:
    folder = save_art(Image.new("RGBA", (20, 20), (255, 255, 255, 255)), Image.new("RGBA", (20, 20), (0, 0, 0, 255)))
    middles = draw(folder, tmp_path / "cache", 300)[:, :, 32, 32].mean(1)
    assert (middles > 0).float().mean() == pytest.approx(FACE_SHARE, abs=0.1)
    assert FACE_SHARE > 0.5


def test_pictures_are_decoded_once(save_art: SaveArt, tmp_path: Path) -> None:
    folder = save_art(square(RED), square(BLUE))
    first = draw(folder, tmp_path / "cache")
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert torch.equal(draw(folder, tmp_path / "cache"), first)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()} == kept
    save_art(square(BLUE), square(RED))
    assert not torch.equal(draw(folder, tmp_path / "cache"), first)


def test_a_folder_without_pictures_or_with_broken_ones_is_refused(save_art: SaveArt, tmp_path: Path) -> None:
    with pytest.raises(FacesError, match="holds no PNG or WebP"):
        Drawn(tmp_path / "absent", tmp_path / "cache")
    folder = save_art(square(RED))
    (folder / "things" / "b.webp").write_bytes(b"no picture")
    with pytest.raises(FacesError, match=r"b\.webp: not a readable picture"):
        Drawn(folder, tmp_path / "cache")
