import pytest
import torch
from torch import nn

from inference.training.steps import TrainingDiverged, descend, finite, follow, one_thread, set_rate, stream


def test_every_batch_has_randomness_of_its_own() -> None:
    first, again, other_batch, other_seed = (
        torch.rand(3, generator=stream(seed, number)) for seed, number in ((1, 5), (1, 5), (1, 6), (2, 5))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other_batch)
    assert not torch.equal(first, other_seed)


def test_descending_lessens_the_loss_at_the_rate_set() -> None:
    weight = nn.Parameter(torch.tensor(2.0))
    steps = torch.optim.SGD([weight], lr=100)
    set_rate(steps, 0.25)
    for _ in range(2):
        descend(steps, weight * 2)
    assert weight.item() == 1.0


def test_an_average_moves_half_of_the_way_within_its_half_life() -> None:
    network, average = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.zeros_(average.weight)
    nn.init.ones_(network.weight)
    for _ in range(20):
        follow(average, network, steps=10_000, half_life_steps=20)
    assert average.weight.item() == pytest.approx(0.5)


def test_the_first_steps_move_it_faster() -> None:
    network, average = nn.Linear(1, 1), nn.Linear(1, 1)
    nn.init.zeros_(average.weight)
    nn.init.ones_(network.weight)
    follow(average, network, steps=1, half_life_steps=1000)
    assert average.weight.item() == pytest.approx(10 / 11)


def test_losses_become_numbers_and_other_numbers_end_the_run() -> None:
    assert finite({"a": torch.tensor(1.5), "b": torch.tensor(-2.0)}, 7) == {"a": 1.5, "b": -2.0}
    for bad in (float("nan"), float("inf")):
        with pytest.raises(TrainingDiverged, match="after 7 pictures"):
            finite({"a": torch.tensor(1.5), "b": torch.tensor(bad)}, 7)


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
