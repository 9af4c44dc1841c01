import torch

from inference.training.landmark_network.examples import LandmarkExamples
from inference.training.landmark_network.trainer import BATCH, LandmarkTrainer


def test_training_lowers_the_loss_and_counts_pictures(examples: LandmarkExamples) -> None:
    progress = list(LandmarkTrainer(examples, 8 * BATCH).run())
    assert [each.pictures for each in progress] == [BATCH * step for step in range(1, 9)]
    assert progress[-1].loss < progress[0].loss


def test_the_average_follows_the_network(examples: LandmarkExamples) -> None:
    trainer = LandmarkTrainer(examples, BATCH)
    list(trainer.run())
    for kept, new in zip(trainer.average.parameters(), trainer.network.parameters(), strict=True):
        assert torch.equal(kept, new)
