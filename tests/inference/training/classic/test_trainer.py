from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from inference.checkpoint import CheckpointInfo, save_checkpoint
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.training.classic.batchnorm import normalisations
from inference.training.classic.recipe import ClassicRecipe
from inference.training.classic.trainer import ClassicTrainer
from inference.training.faces import Faces
from inference.training.steps import TrainingDiverged

MakeTrainer = Callable[..., ClassicTrainer]
FAST = {"width": 8, "batch": 2, "emote_share": 0.5, "calibration_inputs": 32}


@pytest.fixture
def trainer_of(faces: Faces) -> MakeTrainer:
    def make(**recipe: object) -> ClassicTrainer:
        return ClassicTrainer(ClassicRecipe(**FAST | recipe), faces, torch.device("cpu"))  # type: ignore[arg-type]

    return make


def weights(trainer: ClassicTrainer) -> list[torch.Tensor]:
    kept = [*trainer.generator.state_dict().values(), *trainer.critic.state_dict().values()]
    return [tensor.clone() for tensor in [*kept, *trainer.average.state_dict().values()]]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def test_a_run_that_was_cut_ends_where_an_unbroken_one_does(trainer_of: MakeTrainer) -> None:
    """Through growth, critic, fed-back inputs and frozen statistics."""
    recipe = {"pictures": 32, "adversarial_weight": 0.01, "adversarial_from": 0.6, "fed_back_share": 0.6}
    unbroken, first, second = trainer_of(**recipe), trainer_of(**recipe), trainer_of(**recipe)
    for _ in range(16):
        unbroken.step()
    for _ in range(11):
        first.step()
    torch.manual_seed(123)
    second.load_state_dict(first.state_dict())
    for _ in range(5):
        second.step()
    assert second.pictures_seen == 32
    assert equal(weights(unbroken), weights(second))


def test_the_seed_decides_the_run(trainer_of: MakeTrainer) -> None:
    runs = [trainer_of(pictures=8, seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        run.step()
    assert equal(weights(runs[0]), weights(runs[1]))
    assert not equal(weights(runs[0]), weights(runs[2]))


def test_training_comes_nearer_to_the_faces(faces: Faces) -> None:
    one_face = Faces(faces.pictures[:1], faces.landmarks[:1])
    recipe = ClassicRecipe(width=16, batch=4, learning_rate=1e-2, emote_share=0.0)
    trainer = ClassicTrainer(recipe, one_face, torch.device("cpu"))
    losses = [trainer.step()["l1"] for _ in range(30)]
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


def test_the_critic_is_only_trained_once_it_has_joined(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(pictures=100, adversarial_weight=0.01, adversarial_from=0.7)
    before = weights(trainer)
    assert set(trainer.step()) == {"l1", "landmark_l1"}
    critic = slice(len(trainer.generator.state_dict()), -len(trainer.average.state_dict()))
    assert equal(before[critic], weights(trainer)[critic])
    trainer.pictures_seen = 96  # of which every 16th step adds R1
    assert set(trainer.step()) == {"l1", "landmark_l1", "adversarial", "critic"}
    assert not equal(before[critic], weights(trainer)[critic])


def test_the_average_follows_the_weights_slowly(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(pictures=10_000, ema_half_life=20, learning_rate=1e-2)
    start = trainer.generator.to_rgb[0].weight.detach().clone()
    for _ in range(10):
        trainer.step()
    moved = (trainer.generator.to_rgb[0].weight - start).norm()
    followed = (trainer.average.to_rgb[0].weight - start).norm()
    assert 0 < followed < moved


def test_calibrating_gives_the_average_statistics_and_disturbs_nothing(trainer_of: MakeTrainer) -> None:
    trainer, undisturbed = trainer_of(pictures=100), trainer_of(pictures=100)
    before = normalisations(trainer.average)[0].running_mean.clone()
    trainer.settle()
    assert not torch.equal(normalisations(trainer.average)[0].running_mean, before)
    for run in (trainer, undisturbed):
        run.step()
    assert equal(list(trainer.generator.state_dict().values()), list(undisturbed.generator.state_dict().values()))


def test_frozen_statistics_no_longer_move(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(pictures=10, frozen_statistics_from=0.0)
    trainer.step()
    frozen = [layer.running_mean.clone() for layer in normalisations(trainer.generator)]
    trainer.step()
    assert equal(frozen, [layer.running_mean for layer in normalisations(trainer.generator)])
    assert frozen[0].abs().max() > 0


def test_a_run_can_start_from_trained_weights(trainer_of: MakeTrainer, tmp_path: Path) -> None:
    torch.manual_seed(9)
    network = ClassicGenerator(8)
    save_checkpoint(tmp_path / "start.safetensors", network, CheckpointInfo(8, FULLY_GROWN, 1, recipe={}))
    trainer = trainer_of()
    trainer.start_from(tmp_path / "start.safetensors")
    for copy in (trainer.generator, trainer.average):
        assert equal(list(copy.state_dict().values()), list(network.state_dict().values()))


def test_a_run_that_diverges_says_so(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of()
    torch.nn.init.constant_(trainer.generator.to_rgb[0].bias, float("nan"))
    with pytest.raises(TrainingDiverged, match="after 2 pictures"):
        trainer.step()
