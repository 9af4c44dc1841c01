from pathlib import Path

import pytest
import torch

from inference.checkpoint import CheckpointError, load_checkpoint
from inference.training.classic.recipe import ClassicRecipe
from inference.training.classic.trainer import ClassicTrainer
from inference.training.faces import Faces
from inference.training.recipe_options import stored_recipe
from inference.training.run_folder import RunFolder, stored_state

RECIPE = ClassicRecipe(width=8, batch=2, pictures=100, seed=5, calibration_inputs=32, stage_shares=(0.5, 0.3, 0.2))


@pytest.fixture
def trainer(faces: Faces) -> ClassicTrainer:
    return ClassicTrainer(RECIPE, faces, torch.device("cpu"))


def test_a_checkpoint_holds_the_average_and_the_recipe(tmp_path: Path, trainer: ClassicTrainer) -> None:
    trainer.step()
    path = RunFolder(tmp_path, "classic").save(trainer)
    loaded = load_checkpoint(path)
    assert loaded.info.pictures_seen == 2
    assert torch.equal(loaded.generator.step1[0].weight, trainer.average.step1[0].weight)
    assert stored_recipe(ClassicRecipe, loaded.info.recipe) == RECIPE


def test_the_state_beside_it_lets_another_trainer_go_on(tmp_path: Path, trainer: ClassicTrainer, faces: Faces) -> None:
    trainer.step()
    path = RunFolder(tmp_path, "classic").save(trainer)
    other = ClassicTrainer(RECIPE, faces, torch.device("cpu"))
    other.load_state_dict(stored_state(path))
    assert other.step() == trainer.step()


def test_the_last_two_checkpoints_are_kept(tmp_path: Path, trainer: ClassicTrainer) -> None:
    folder = RunFolder(tmp_path, "classic")
    for trainer.pictures_seen in (2, 4, 10):
        folder.save(trainer)
    names = sorted(path.name for path in tmp_path.glob("classic-*"))
    assert names == [f"classic-{seen:09d}.{kind}" for seen in (4, 10) for kind in ("resume", "safetensors")]
    assert [path.stem for path in folder.checkpoints()] == ["classic-000000004", "classic-000000010"]


def test_a_process_killed_while_saving_leaves_the_last_checkpoint(
    tmp_path: Path, trainer: ClassicTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path, "classic")
    good = folder.save(trainer)

    def killed(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    trainer.pictures_seen = 50
    with pytest.raises(KeyboardInterrupt):
        folder.save(trainer)
    assert folder.checkpoints() == [good]
    assert stored_state(good)["pictures_seen"] == 0


def test_a_checkpoint_without_its_state_cannot_be_resumed(tmp_path: Path, trainer: ClassicTrainer) -> None:
    path = RunFolder(tmp_path, "classic").save(trainer)
    path.with_suffix(".resume").unlink()
    with pytest.raises(CheckpointError, match="cannot go on from here"):
        stored_state(path)


def test_another_network_has_checkpoints_of_its_own(tmp_path: Path, trainer: ClassicTrainer) -> None:
    RunFolder(tmp_path, "classic").save(trainer)
    assert RunFolder(tmp_path, "dial").checkpoints() == []
