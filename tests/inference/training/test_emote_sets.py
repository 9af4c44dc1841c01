from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.preprocess import MATTE
from inference.training.emote_sets import EmotesError, face_like, folder_set, things, tones


def codes(text: str) -> list[str]:
    return [f"{ord(character):x}" for character in text]


def test_faces_are_smileys_people_and_animals_that_are_faces() -> None:
    faces = face_like()
    assert len(faces) >= 150
    assert set(codes("😀💩🤖😺🙈👩🐶🐸")) <= set(faces.stems)
    assert not set(codes("🍕🐕🧠👋")) & set(faces.stems)


def test_objects_are_animals_food_and_things_without_a_face() -> None:
    objects, groups = things(), face_like()
    assert len(objects) >= 100
    assert not set(objects.stems) & set(groups.stems)
    assert len(set(objects.stems)) == len(objects)


def test_no_drawing_is_there_twice() -> None:
    pictures = [emote.tobytes() for emote in face_like().emotes]
    assert len(set(face_like().stems)) == len(pictures)


def test_tones_are_the_same_people_from_light_to_dark() -> None:
    sets = tones()
    assert [each.name for each in sets] == [f"tone-{number}" for number in range(1, 6)]
    assert len({len(each) for each in sets}) == 1
    people = [[stem.replace(tone, "") for stem in each.stems] for each, tone in zip(sets, TONE_CODES, strict=True)]
    assert all(each == people[0] for each in people)
    middles = [each.shown()[:, 40:90, 40:90].mean() for each in sets]
    assert middles == sorted(middles, reverse=True)


TONE_CODES = ("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff")


def test_a_folder_gives_the_first_frames_of_its_pictures(tmp_path: Path) -> None:
    red, blue = (Image.new("RGBA", (300, 150), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "b.webp", save_all=True, append_images=[blue], duration=50, lossless=True)
    red.save(tmp_path / "a.GIF", save_all=True, append_images=[blue], duration=50)
    blue.resize((10, 20)).save(tmp_path / "c.png")
    (tmp_path / "notes.txt").write_text("no picture")
    emotes = folder_set(tmp_path)
    assert (emotes.name, emotes.stems) == ("folder", ("a", "b", "c"))
    assert [emote.size for emote in emotes.emotes] == [(128, 128), (128, 128), (20, 20)]
    shown = emotes.shown()
    assert shown.shape == (3, 128, 128, 3)
    assert shown[0, 64, 64, 0] > 250
    assert tuple(shown[1, 5, 64]) == MATTE
    assert np.array_equal(shown[2, 64, 64], (0, 0, 255))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmotesError, match="holds no"):
        folder_set(tmp_path)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(EmotesError, match=r"a\.png"):
        folder_set(tmp_path)


def test_files_that_would_be_saved_under_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a.png", "a.gif"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(EmotesError, match="only in their extension"):
        folder_set(tmp_path)
