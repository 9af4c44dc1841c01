import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.training.faces import MIRRORED, Faces, FacesError, held_out, load_faces

WriteSplit = Callable[[Path, str, int], None]


def test_pictures_are_decoded_as_they_are(faces: Faces, face_folder: Path) -> None:
    assert len(faces) == 40
    assert faces.pictures.shape == (40, 256, 256, 3)
    assert faces.pictures.dtype == np.uint8
    with Image.open(face_folder / "train" / "0007.webp") as picture:
        assert np.array_equal(faces.pictures[7], np.asarray(picture.convert("RGB")))


def test_landmarks_are_shares_of_the_side(faces: Faces, face_folder: Path) -> None:
    records = json.loads((face_folder / "train.json").read_text())
    assert faces.landmarks.dtype == np.float32
    np.testing.assert_allclose(faces.landmarks[7] * 256, records[7]["landmarks"], rtol=1e-5)


def test_the_second_call_maps_what_the_first_decoded(
    tmp_path: Path, write_split: WriteSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_split(tmp_path, "train", 2)
    first = load_faces(tmp_path, "train", tmp_path / "cache")
    monkeypatch.setattr(Image, "open", None)
    second = load_faces(tmp_path, "train", tmp_path / "cache")
    assert np.array_equal(first.pictures, second.pictures)
    assert isinstance(second.pictures, np.memmap)


def test_a_changed_picture_is_decoded_anew(tmp_path: Path, write_split: WriteSplit) -> None:
    write_split(tmp_path, "train", 2)
    load_faces(tmp_path, "train", tmp_path / "cache")
    changed = tmp_path / "train" / "0000.webp"
    Image.new("RGB", (256, 256), "red").save(changed, lossless=True)
    os.utime(changed, ns=(1, 1))
    assert (load_faces(tmp_path, "train", tmp_path / "cache").pictures[0] == (255, 0, 0)).all()


def test_three_percent_are_held_out_and_never_trained_on() -> None:
    training, development = held_out(2080)
    assert len(development) == 63
    assert sorted([*training, *development]) == list(range(2080))


def test_mirroring_twice_changes_nothing() -> None:
    assert [MIRRORED[other] for other in MIRRORED] == list(range(25))


def test_a_missing_list_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(FacesError, match=r"train\.json: not a readable list"):
        load_faces(tmp_path, "train", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not a readable list"),
        ("{}", "holds no faces"),
        ("[]", "holds no faces"),
        ('[{"file": "a.webp"}]', "needs `file` and `landmarks`"),
        ('[{"file": "a.webp", "landmarks": [[1, 2]]}]', "needs 25 landmarks"),
    ],
)
def test_a_list_of_another_kind_is_an_error_of_ours(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "train.json").write_text(content)
    with pytest.raises(FacesError, match=words):
        load_faces(tmp_path, "train", tmp_path)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path, write_split: WriteSplit) -> None:
    write_split(tmp_path, "train", 2)
    (tmp_path / "train" / "0001.webp").unlink()
    with pytest.raises(FacesError, match=r"0001\.webp: named in train\.json but not there"):
        load_faces(tmp_path, "train", tmp_path / "cache")


def test_a_picture_that_is_none_is_named(tmp_path: Path, write_split: WriteSplit) -> None:
    write_split(tmp_path, "train", 2)
    (tmp_path / "train" / "0001.webp").write_bytes(b"no picture")
    with pytest.raises(FacesError, match=r"0001\.webp: not a readable picture"):
        load_faces(tmp_path, "train", tmp_path / "cache")


def test_a_picture_of_another_size_is_named(tmp_path: Path, write_split: WriteSplit) -> None:
    write_split(tmp_path, "train", 2)
    Image.new("RGB", (128, 256)).save(tmp_path / "train" / "0001.webp")
    with pytest.raises(FacesError, match=r"0001\.webp: 256x256 pixels expected"):
        load_faces(tmp_path, "train", tmp_path / "cache")
