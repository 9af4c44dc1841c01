import numpy as np
import pytest
import torch
from torch import nn

from inference.quantise import input_ranges


class Two(nn.Module):
    """A convolution that doubles, and one that takes what it makes, without what is below zero."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 1, kernel_size=1, bias=False)
        self.second = nn.Conv2d(1, 1, kernel_size=1, bias=False)
        nn.init.constant_(self.first.weight, 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        faces: torch.Tensor = self.second(self.first(image).relu())
        return faces


def test_ranges_span_all_pictures_and_zero_and_leave_nothing_in_the_network() -> None:
    images = np.linspace(-1, 3, 20, dtype=np.float32).reshape(20, 1, 1, 1)
    network = Two()
    ranges = input_ranges(network, {"image": images})
    assert ranges == {"first": (-1, pytest.approx(3)), "second": (0, pytest.approx(6))}
    assert not any(module._forward_pre_hooks for module in network.modules())
    assert input_ranges(network, {"image": images[-1:]})["first"] == (0, pytest.approx(3))
