import pytest
import torch

from inference.networks.classic import FULLY_GROWN, ClassicGenerator
from inference.training.classic.batchnorm import measuring, normalisations, recalibrate


def batches(count: int = 3) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    return [torch.rand(4, 3, 16, 16, generator=random) * 2 - 1 for _ in range(count)]


def test_statistics_become_those_of_the_inputs() -> None:
    torch.manual_seed(0)
    network = ClassicGenerator(8)
    network(batches()[0] * 100)  # something else altogether
    recalibrate(network, batches(), FULLY_GROWN)
    entry, norm = network.step1[0], normalisations(network)[0]
    expected = torch.stack([entry(batch).mean((0, 2, 3)) for batch in batches()]).mean(0)
    torch.testing.assert_close(norm.running_mean, expected.detach())
    assert norm.num_batches_tracked == 3


def test_the_network_is_left_ready_to_use_with_its_old_momentum() -> None:
    network = ClassicGenerator(8).train()
    recalibrate(network, batches(1), FULLY_GROWN)
    assert not network.training
    assert {layer.momentum for layer in normalisations(network)} == {0.1}


def test_weights_stay_as_they_were() -> None:
    network = ClassicGenerator(8)
    before = [parameter.clone() for parameter in network.parameters()]
    recalibrate(network, batches(1), FULLY_GROWN)
    assert all(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_a_failure_while_measuring_restores_the_momentum() -> None:
    network = ClassicGenerator(8)

    def fail() -> None:
        with measuring(network):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert {layer.momentum for layer in normalisations(network)} == {0.1}
