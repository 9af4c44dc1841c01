import argparse
from pathlib import Path

import pytest
import torch
from PIL import Image

from inference.__main__ import main
from inference.checkpoint import CheckpointInfo, DialInfo, load_checkpoint, load_dial, save_checkpoint
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.networks.dial import DialGenerator
from inference.training.classic.recipe import ClassicRecipe
from inference.training.critic import Critic
from inference.training.critic_file import save_critic
from inference.training.dial.recipe import DialRecipe
from inference.training.recipe_options import stored_recipe
from inference.training.run_folder import stored_state
from inference.training.train_command import duration_s

TINY = ["--width", "8", "--batch", "2", "--calibration-inputs", "32"]


@pytest.fixture
def train(face_folder: Path, face_cache: Path, tmp_path: Path) -> "Train":
    shared = ["train", "--device", "cpu", "--data", str(face_folder), "--cache", str(face_cache)]
    return Train([*shared, "--out", str(tmp_path / "run"), "--network", "classic"], tmp_path / "run")


class Train:
    """The command with its folders given."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self.words = words
        self.folder = folder

    def __call__(self, *more: str) -> int:
        return main([*self.words, *more])

    def checkpoints(self) -> list[Path]:
        return sorted(self.folder.glob("*.safetensors"))


def test_a_run_trains_and_says_where_the_result_is(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*TINY, "--pictures", "4") == 0
    assert load_checkpoint(train.checkpoints()[-1]).info.pictures_seen == 4
    assert f"complete: {train.checkpoints()[-1]}" in capsys.readouterr().err


def test_calling_again_goes_on_with_the_same_recipe(train: Train) -> None:
    train(*TINY, "--pictures", "4", "--seed", "3", "--stage-shares", "0.5", "0.25", "0.25")
    assert train("--pictures", "6") == 0
    assert load_checkpoint(train.checkpoints()[-1]).info.pictures_seen == 6
    recipe = stored_recipe(ClassicRecipe, load_checkpoint(train.checkpoints()[-1]).info.recipe)
    assert (recipe.width, recipe.batch, recipe.seed, recipe.pictures) == (8, 2, 3, 6)
    assert recipe.stage_shares == (0.5, 0.25, 0.25)


def test_going_on_from_a_named_checkpoint(train: Train) -> None:
    train(*TINY, "--pictures", "4")
    assert train("--resume", str(train.checkpoints()[0]), "--pictures", "8") == 0
    assert [load_checkpoint(path).info.pictures_seen for path in train.checkpoints()] == [4, 8]


def test_a_new_run_does_not_overwrite_an_old_one(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    train(*TINY, "--pictures", "2", "--resume", "none")
    assert train(*TINY, "--pictures", "4", "--resume", "none") == 1
    assert "already holds a run" in capsys.readouterr().err


def test_time_can_run_out(train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*TINY, "--pictures", "100000", "--stop-after", "0.1s", "--threads", str(torch.get_num_threads())) == 0
    assert "out of time" in capsys.readouterr().err


def test_starting_from_trained_weights(train: Train, tmp_path: Path) -> None:
    network = ClassicGenerator(8)
    save_checkpoint(tmp_path / "start.safetensors", network, CheckpointInfo(8, FULLY_GROWN, 1, recipe={}))
    arguments = [*TINY, "--pictures", "2", "--learning-rate", "0", "--init-from", str(tmp_path / "start.safetensors")]
    assert train(*arguments) == 0
    trained = load_checkpoint(train.checkpoints()[-1]).generator
    torch.testing.assert_close(trained.step1[0].weight, network.step1[0].weight, atol=1e-4, rtol=0)


@pytest.mark.parametrize("words", [["--width", "7"], ["--batch", "1"], ["--init-from", "absent.safetensors"]])
def test_what_cannot_be_trained_is_said(train: Train, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*words) == 1
    assert capsys.readouterr().err.startswith("train: ")


def test_a_folder_without_faces_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--network", "classic", "--data", str(tmp_path), "--out", str(tmp_path / "run")]) == 1
    assert "not a readable list of faces" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("9m", 540), ("1.5h", 5400)])
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["9", "m", "9 minutes", "-9m"])
def test_a_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no duration"):
        duration_s(text)


@pytest.fixture
def train_dial(train: Train, tmp_path: Path) -> Train:
    """The emote-native network, on one drawn emoji."""
    for kind in ("faces", "things"):
        (tmp_path / "art" / kind).mkdir(parents=True)
        Image.new("RGBA", (20, 20), "gold").save(tmp_path / "art" / kind / "a.png")
    return Train([*train.words[:-1], "dial", "--art", str(tmp_path / "art")], train.folder)


def test_the_emote_native_network_is_trained_shown_and_gone_on_with(train_dial: Train) -> None:
    assert train_dial("--batch", "4", "--pictures", "4", "--report-pictures", "4") == 0
    assert (train_dial.folder / "sheets" / "000000004.png").exists()
    assert train_dial("--pictures", "8") == 0
    (first, last) = train_dial.checkpoints()
    assert [path.stem for path in (first, last)] == ["dial-000000004", "dial-000000008"]
    checkpoint = load_dial(last)
    assert checkpoint.info.pictures_seen == 8
    assert stored_recipe(DialRecipe, checkpoint.info.recipe) == DialRecipe(batch=4, pictures=8)


def test_the_emote_native_network_starts_from_a_generator_and_a_critic(train_dial: Train, tmp_path: Path) -> None:
    torch.manual_seed(5)
    generator, critic = DialGenerator(), Critic()
    save_checkpoint(tmp_path / "start.safetensors", generator, DialInfo(1, recipe={}))
    torch.save({"critic": critic.state_dict()}, tmp_path / "start.resume")
    save_critic(tmp_path / "critic.safetensors", tmp_path / "start.safetensors")
    started = [
        "--init-from",
        str(tmp_path / "start.safetensors"),
        "--critic-from",
        str(tmp_path / "critic.safetensors"),
    ]
    slowly = ["--learning-rate", "1e-9", "--final-learning-rate", "1e-9", "--critic-learning-rate", "1e-9"]
    assert train_dial("--batch", "4", "--pictures", "4", *slowly, *started) == 0
    (checkpoint,) = train_dial.checkpoints()
    torch.testing.assert_close(load_dial(checkpoint).generator.entry.weight, generator.entry.weight, atol=1e-6, rtol=0)
    trained = stored_state(checkpoint)["critic"]
    torch.testing.assert_close(trained["score.weight"], critic.score.weight, atol=1e-3, rtol=1e-3)


def test_what_another_network_needs_is_said(
    train: Train, train_dial: Train, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Train(train_dial.words[:-2], train.folder)() == 1
    assert "--art FOLDER" in capsys.readouterr().err
    assert train_dial("--width", "8") == 1
    assert "DialRecipe knows no width" in capsys.readouterr().err
