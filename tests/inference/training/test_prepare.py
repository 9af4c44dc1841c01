import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import inference.training.prepare_command as command
from inference.__main__ import main
from inference.training.faces import load_faces
from inference.training.landmarks import ModelsMissing, Points
from inference.training.prepare import PLACES, Face, Similarity, Skipped, aligned_face, photos_in, write_folder

DOTS = np.array([(300.0, 300.0), (420.0, 300.0), (360.0, 360.0), (315.0, 420.0), (405.0, 420.0)])


def landmarks_at(points: Points) -> Points:
    return np.concatenate([points, np.repeat(points[2:3], 20, axis=0)])


def photo(points: Points, size: tuple[int, int] = (800, 700)) -> Image.Image:
    """Grey, with a white dot at each point."""
    picture = Image.new("RGB", size, (90, 90, 90))
    draw = ImageDraw.Draw(picture)
    for x, y in points:
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill="white")
    return picture


def saved(picture: Image.Image, path: Path) -> Path:
    picture.save(path, quality=95)
    return path


def brightness_at(pixels: np.ndarray, points: Points) -> list[int]:
    return [int(pixels[round(y), round(x)].mean()) for x, y in points]


@pytest.mark.parametrize("degrees", [0, 25, -60])
def test_eyes_nose_and_mouth_come_to_their_places(tmp_path: Path, degrees: float) -> None:
    turn = Similarity(np.exp(1j * np.radians(degrees)), 0)
    points = turn(DOTS - DOTS[2]) + DOTS[2]
    face = aligned_face(saved(photo(points), tmp_path / "a.jpg"), lambda seen: landmarks_at(points))
    assert isinstance(face, Face)
    assert face.pixels.shape == (256, 256, 3)
    assert np.abs(face.landmarks[:5] - PLACES).max() < 12
    assert min(brightness_at(face.pixels, face.landmarks[:5])) > 220
    assert brightness_at(face.pixels, np.array([[128.0, 80.0]]))[0] < 110


def test_the_side_in_the_photo_tells_the_sharpness(tmp_path: Path) -> None:
    sizes = []
    for scale in (1, 2):
        points = DOTS * scale
        picture = photo(points, (1600, 1400))
        face = aligned_face(saved(picture, tmp_path / "a.png"), lambda seen, points=points: landmarks_at(points))
        assert isinstance(face, Face)
        sizes.append(face.source_px)
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=1)


def test_a_large_photo_is_reduced_without_aliasing(tmp_path: Path) -> None:
    """Fine stripes become an even grey."""
    stripes = np.zeros((2800, 3200, 3), np.uint8)
    stripes[:, ::2] = 255
    path = saved(Image.fromarray(stripes), tmp_path / "a.png")
    face = aligned_face(path, lambda seen: landmarks_at(DOTS * 4))
    assert isinstance(face, Face)
    assert face.pixels.std() < 6


def test_the_border_beyond_the_photo_is_mirrored(tmp_path: Path) -> None:
    near_edge = DOTS - DOTS.min(0) + 10
    face = aligned_face(saved(photo(near_edge), tmp_path / "a.png"), lambda seen: landmarks_at(near_edge))
    assert isinstance(face, Face)
    assert face.pixels[0, 0].mean() == pytest.approx(90, abs=3)


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its side
    photo(DOTS).save(tmp_path / "a.jpg", exif=exif)
    sizes = []
    aligned_face(tmp_path / "a.jpg", lambda seen: sizes.append(seen.size))
    assert sizes == [(700, 800)]


def test_photos_without_a_usable_face_are_skipped_with_the_reason(tmp_path: Path) -> None:
    good = saved(photo(DOTS), tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    assert aligned_face(tmp_path / "bad.png", lambda seen: None) is Skipped.UNREADABLE
    assert aligned_face(good, lambda seen: None) is Skipped.NO_FACE
    assert aligned_face(good, lambda seen: landmarks_at(DOTS / 5)) is Skipped.TOO_SMALL


def test_the_folder_can_be_trained_on(tmp_path: Path) -> None:
    photos = [saved(photo(DOTS), tmp_path / f"{number:02d}.png") for number in range(22)]
    (tmp_path / "05.png").write_bytes(b"no picture")
    outcomes = list(write_folder(photos, tmp_path / "faces", lambda seen: landmarks_at(DOTS)))
    assert [path.name for path, skipped in outcomes if skipped] == ["05.png"]
    assert len(load_faces(tmp_path / "faces", "train", tmp_path / "cache")) == 20
    assert len(load_faces(tmp_path / "faces", "val", tmp_path / "cache")) == 1
    record = json.loads((tmp_path / "faces" / "train.json").read_text())[5]
    assert record["file"] == "00005.webp"
    assert record["source"] == "06.png"
    assert len(record["landmarks"]) == 25


def test_photos_are_found_in_folders_of_folders(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.JPG", "deep/er/a.webp", "notes.txt", "deep/c.png"):
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in photos_in(tmp_path)] == [
        "b.JPG",
        "deep/c.png",
        "deep/er/a.webp",
    ]


@given(st.floats(0.1, 10), st.floats(-3, 3), st.floats(-500, 500), st.floats(-500, 500))
def test_a_similarity_is_found_again_and_can_be_undone(scale: float, angle: float, x: float, y: float) -> None:
    moved = Similarity(scale * np.exp(1j * angle), complex(x, y))
    found = Similarity.between(DOTS, moved(DOTS))
    np.testing.assert_allclose(found(DOTS), moved(DOTS), atol=1e-6)
    np.testing.assert_allclose(found.inverse()(found(DOTS)), DOTS, atol=1e-6)


def test_the_command_counts_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    saved(photo(DOTS), tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.png").write_bytes(b"no picture")
    monkeypatch.setattr(command, "load_landmarker", lambda: lambda seen: landmarks_at(DOTS))
    assert main(["prepare", str(tmp_path / "photos"), str(tmp_path / "faces")]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == ["1", "aligned", "1", "not", "a", "readable", "picture"]
    assert "b.png: not a readable picture" in printed.err


def test_the_command_says_when_it_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise ModelsMissing("install this")

    monkeypatch.setattr(command, "load_landmarker", missing)
    photos = tmp_path / "photos"
    photos.mkdir()
    for words, complaint in (
        ((photos, tmp_path / "faces"), "no photos"),
        ((photos, photos), "exists already"),
        ((photos, tmp_path / "faces"), "install this"),
    ):
        if complaint != "no photos":
            saved(photo(DOTS), photos / "a.png")
        assert main(["prepare", *map(str, words)]) == 1
        assert complaint in capsys.readouterr().err
