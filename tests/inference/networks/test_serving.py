import pytest
import torch

from inference.networks.classic import ClassicGenerator
from inference.networks.serving import ServingGenerator, fold
from inference.training.classic.batchnorm import normalisations


def trained(width: int) -> ClassicGenerator:
    """A network whose normalisations all do something of their own."""
    torch.manual_seed(width)
    network = ClassicGenerator(width).eval()
    for layer in normalisations(network):
        torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
        torch.nn.init.normal_(layer.bias, std=0.3)
        layer.running_mean = torch.randn_like(layer.weight.data) * 0.3
        layer.running_var = torch.rand_like(layer.weight.data) + 0.5
    return network


@torch.no_grad()
@pytest.mark.parametrize("width", [8, 32, 64])
def test_the_folded_network_draws_what_the_trained_one_draws(width: int) -> None:
    network = trained(width)
    pictures = torch.rand(3, 3, 16, 16) * 2 - 1
    expected = network(pictures)
    assert expected.std() > 0.01
    error = (fold(network)(pictures) - expected).abs().max() / expected.abs().max().clamp(min=1)
    assert error < 1e-5


def test_the_serving_network_has_no_normalisation_and_fewer_weights() -> None:
    network = trained(16)
    served = fold(network)
    assert normalisations(served) == []
    assert sum(p.numel() for p in served.parameters()) < sum(p.numel() for p in network.parameters())


def test_serving_names_follow_from_the_width_alone() -> None:
    assert list(fold(trained(16)).state_dict()) == list(ServingGenerator(16).state_dict())


def test_folding_leaves_the_trained_network_as_it_was() -> None:
    network = trained(8)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fold(network)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
