import json
from pathlib import Path

import pytest
from PIL import Image

from inference.__main__ import main
from inference.training.dial.art import ArtError, copy_art

GRINNING, PIZZA, RUNNER, CHEQUERED_FLAG, DOG = "1f600", "1f355", "1f3c3", "1f3c1", "1f436"


def pack(folder: Path, name: str, pictures: Path, codes: list[str]) -> Path:
    """An unpacked package as npm leaves it."""
    (folder / pictures).parent.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": name}))
    for code in codes:
        path = folder / pictures.with_stem(code)
        path.parent.mkdir(exist_ok=True)
        Image.new("RGBA", (4, 4), (int(code[:2], 16), 0, 0, 255)).save(path, lossless=True)
    return folder


@pytest.fixture
def google(tmp_path: Path) -> Path:
    codes = [GRINNING, PIZZA, RUNNER, CHEQUERED_FLAG, DOG, "1f471", *(f"1f471-1f3f{tone}" for tone in "bcdef")]
    return pack(tmp_path / "google", "emoji-datasource-google", Path("img/google/64/x.png"), codes)


@pytest.fixture
def fluent(tmp_path: Path) -> Path:
    return pack(tmp_path / "fluent", "@lobehub/fluent-emoji-3d", Path("assets/x.webp"), [GRINNING, "2639-fe0f"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pictures_are_sorted_by_unicodes_groups(google: Path, fluent: Path, tmp_path: Path) -> None:
    """Faces of people and animals apart from things; runners are too small, flags left out, two of five tones taken."""
    copied = copy_art([google, fluent], tmp_path / "art")
    faces, things = names(tmp_path / "art" / "faces"), names(tmp_path / "art" / "things")
    toned = [name for name in faces if name.startswith("g-1f471-")]
    assert [name[-5] in "bcd" for name in toned] == [True, False]
    assert sorted(set(faces) - set(toned)) == [
        "f-1f600.webp",
        "f-2639-fe0f.webp",
        "g-1f436.png",
        "g-1f471.png",
        "g-1f600.png",
    ]
    assert things == ["g-1f355.png", "g-1f3c3.png"]
    assert copied == {"faces": 7, "things": 2}


def test_no_other_pack_is_taken(tmp_path: Path) -> None:
    twitter = pack(tmp_path / "twitter", "emoji-datasource-twitter", Path("img/twitter/64/x.png"), [GRINNING])
    with pytest.raises(ArtError, match="emoji-datasource-twitter is none of"):
        copy_art([twitter], tmp_path / "art")
    with pytest.raises(ArtError, match="not an unpacked npm package"):
        copy_art([tmp_path], tmp_path / "art")
    empty = pack(tmp_path / "empty", "emoji-datasource-google", Path("img/google/64/x.png"), [])
    with pytest.raises(ArtError, match="holds no pictures"):
        copy_art([empty], tmp_path / "art")


def test_the_command_counts_and_does_not_overwrite(
    google: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prepare-art", "--out", str(tmp_path / "art"), str(google)]
    assert main(words) == 0
    assert capsys.readouterr().out.split() == ["5", "faces", "2", "things"]
    assert main(words) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["prepare-art", "--out", str(tmp_path / "more"), str(tmp_path)]) == 1
    assert "not an unpacked npm package" in capsys.readouterr().err
