"""`emoteface face`, with a test network in the real inference child."""

from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from bot.terminal import draw_from_terminal
from config.settings import Settings
from inference.protocol import FaceOptions, Layout
from tests.fakes import lottie, pictures
from tests.fakes.discord.server import FakeDiscord

FACE = FaceOptions(layout=Layout.FACE)


def pixels(path: Path) -> bytes:
    with Image.open(path) as picture:
        assert picture.format == path.suffix[1:].upper()
        return picture.convert("RGB").tobytes()


async def test_several_emotes_become_files_named_by_stem(settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert await draw_from_terminal(settings, ["😂", ":pizza:", "🍕😂"], FACE, out)
    assert {path.name for path in out.iterdir()} == {"1f602.png", "1f355.png", "1f355_1f602.png"}
    assert pixels(out / "1f602.png") != pixels(out / "1f355.png")


async def test_a_picture_file_becomes_a_face_named_after_it(settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "kappa.png"
    Image.new("RGB", (40, 30), "teal").save(source)
    assert await draw_from_terminal(settings, [str(source), str(source)], FACE, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"kappa.png", "kappa-2.png"}


async def test_a_link_and_a_lottie_file_become_faces_inside_the_folder(settings: Settings, tmp_path: Path) -> None:
    sticker = tmp_path / "wave.json"
    sticker.write_bytes(lottie.STICKER)
    async with FakeDiscord() as fake:
        emoji_id = fake.files.add_emoji()
        here = settings.model_copy(update={"discord": fake.settings()})
        inputs = [f"{fake.cdn_url}/emojis/{emoji_id}.png", str(sticker)]
        assert await draw_from_terminal(here, inputs, FACE, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"cdn-emojis-{emoji_id}.png", "wave.webp"}


async def test_one_input_may_name_its_file_and_format(settings: Settings, tmp_path: Path) -> None:
    assert await draw_from_terminal(settings, ["😂"], FACE, tmp_path / "lol.webp")
    assert pixels(tmp_path / "lol.webp")


async def test_a_png_keeps_the_mark_that_says_how_it_came_about(settings: Settings, tmp_path: Path) -> None:
    assert await draw_from_terminal(settings, ["😂"], FACE, tmp_path / "lol.png")
    with Image.open(tmp_path / "lol.png") as picture:
        assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]


async def test_what_fails_is_said_and_the_rest_is_drawn(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    assert not await draw_from_terminal(settings, ["zzqxv", str(broken), "😂"], FACE, tmp_path / "out")
    said = capsys.readouterr()
    assert "I don't know that emote" in said.err
    assert "I can't read that picture" in said.err
    assert said.out.splitlines() == [str(tmp_path / "out" / "1f602.png")]


async def test_a_network_that_cannot_start_is_named(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inference = settings.inference.model_copy(update={"runtime": "fakes.generators:missing"})
    broken = settings.model_copy(update={"inference": inference})
    assert not await draw_from_terminal(broken, ["😂"], FACE, tmp_path / "out")
    assert "missing" in capsys.readouterr().err


def animated_gif(folder: Path) -> Path:
    path = folder / "dance.gif"
    path.write_bytes(pictures.RED_FILES["animated gif"])
    return path


def played(path: Path) -> tuple[str | None, list[int]]:
    lasting = []
    with Image.open(path) as picture:
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            lasting.append(frame.info["duration"])
        return picture.format, lasting


async def test_what_moves_is_written_as_webp_unless_the_name_says_otherwise(settings: Settings, tmp_path: Path) -> None:
    source = str(animated_gif(tmp_path))
    assert await draw_from_terminal(settings, [source, "😂"], FACE, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"dance.webp", "1f602.png"}
    assert played(tmp_path / "out" / "dance.webp") == ("WEBP", [80, 80, 80])
    assert await draw_from_terminal(settings, [source], FACE, tmp_path / "dance-face.gif")
    assert played(tmp_path / "dance-face.gif") == ("GIF", [80, 80, 80])


async def test_a_gif_says_how_it_came_about_and_loops(settings: Settings, tmp_path: Path) -> None:
    assert await draw_from_terminal(settings, ["😂"], FaceOptions(layout=Layout.MORPH), tmp_path / "lol.gif")
    with Image.open(tmp_path / "lol.gif") as picture:
        assert b"trainedAlgorithmicMedia" in picture.info["comment"]
        assert picture.info["loop"] == 0
        assert getattr(picture, "n_frames", 1) > 5


async def test_a_still_face_can_be_a_gif_too(settings: Settings, tmp_path: Path) -> None:
    assert await draw_from_terminal(settings, ["😂"], FACE, tmp_path / "lol.gif")
    assert pixels(tmp_path / "lol.gif")
