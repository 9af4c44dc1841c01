import json
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from inference.bench import lineup as lining_up
from inference.bench.engines import Contender, Served
from inference.bench.lineup import gflop, lineup, shipped_width
from inference.export import Exported
from inference.preparation import ClassicPreparation, DialPreparation
from inference.protocol import Style
from inference.weights import MANIFEST, shipped


@pytest.fixture
def contenders(
    exported: Exported,
    exported_dial: Exported,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> list[Contender]:
    """With both test networks shipped, on a machine without a GPU."""
    manifest = {}
    for each in (exported, exported_dial):
        (tmp_path / each.path.name).symlink_to(each.path)
        manifest |= json.loads((each.path.parent / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    monkeypatch.setattr(lining_up, "shipped", partial(shipped, folder=tmp_path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return lineup(list(Style), threads=1)


def test_styles_that_share_a_network_share_its_rows(contenders: list[Contender]) -> None:
    assert [each.name for each in contenders] == [
        "published w512",
        "published w16",
        *("classic", "classic, bf16", "classic, f32", "classic, AVX2 only"),
        *("real, cursed", "real, cursed, bf16", "real, cursed, f32", "real, cursed, AVX2 only"),
    ]
    assert [each.is_published for each in contenders] == [True, True] + [False] * 8


def test_every_network_is_fed_what_it_takes(contenders: list[Contender]) -> None:
    kinds = {each.name: type(each.preparation) for each in contenders}
    assert kinds["published w512"] is kinds["classic"] is ClassicPreparation
    assert kinds["real, cursed"] is DialPreparation


def test_without_avx512_a_network_runs_in_what_is_its_default_there(contenders: list[Contender]) -> None:
    engines = {each.name: each.engine for each in contenders if each.device == "AVX2"}
    assert {name: engine.precision for name, engine in engines.items() if isinstance(engine, Served)} == {
        "classic, AVX2 only": "int8",
        "real, cursed, AVX2 only": "int8",
    }
    assert all(isinstance(engine, Served) and engine.instructions == "AVX2" for engine in engines.values())


def test_the_published_network_costs_what_it_is_known_to_cost(contenders: list[Contender]) -> None:
    costs = {each.name: each.gflop for each in contenders}
    assert costs["published w512"] == pytest.approx(10.48, abs=0.01)
    assert costs["published w16"] == costs["classic"]


def test_a_multiplication_and_an_addition_count_as_two() -> None:
    class Pixelwise(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 5, kernel_size=1, bias=False)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            convolved: torch.Tensor = self.convolution(image)
            return convolved

    assert gflop(Pixelwise(), ClassicPreparation().blank(1)) * 1e9 == pytest.approx(2 * 3 * 5 * 16 * 16)


def test_the_shipped_width_is_read_from_the_file(exported: Exported) -> None:
    assert shipped_width(exported.path) == 16
