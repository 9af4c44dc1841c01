from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from inference.checkpoint import DialCheckpoint
from inference.export import Exported
from inference.feeds import Feed, Floats, rows
from inference.preparation import DialPreparation, noise
from inference.runtimes import torch as runtime
from inference.runtimes.recorded import InBfloat16
from inference.runtimes.torch import BUCKETS, TorchGenerator, filled


def pictures(count: int) -> Feed:
    return {"image": np.random.default_rng(count).uniform(-1, 1, (count, 3, 16, 16)).astype(np.float32)}


@pytest.mark.parametrize(("count", "size"), [(1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (32, 32)])
def test_a_batch_is_filled_up_to_the_next_bucket_with_its_last_picture(count: int, size: int) -> None:
    feed = pictures(count)
    bucket = filled(feed)
    assert rows(bucket) == size
    assert np.array_equal(bucket["image"][:count], feed["image"])
    assert (bucket["image"][count:] == feed["image"][-1]).all()


def test_every_size_has_a_bucket_that_is_less_than_twice_as_large() -> None:
    assert [next(size for size in BUCKETS if size >= count) < 2 * count for count in range(1, 33)] == [True] * 32


@pytest.mark.parametrize("count", [1, 3, 33])
def test_on_a_cpu_it_draws_what_the_network_draws(dial: DialCheckpoint, exported_dial: Exported, count: int) -> None:
    blank = DialPreparation().blank(count)
    feed = {**blank, "latent": np.stack([noise(seed, 256)[0] for seed in range(count)])}
    generator = TorchGenerator(exported_dial.path)
    at = count - 1
    with torch.inference_mode():
        alone = dial.generator(**{name: torch.from_numpy(array[at:]) for name, array in feed.items()}).numpy()
    drawn = generator(feed)
    assert generator.precision == "f32"
    assert drawn.shape == (count, 3, 256, 256)
    assert drawn.dtype == np.float32
    assert np.abs(drawn[at:] - alone).max() < 0.02  # the file holds half the digits


def test_what_a_gpu_computes_in_stays_above_38_db(dial: DialCheckpoint, exported_dial: Exported) -> None:
    """The same arithmetic on the CPU, as there is no GPU in tests."""
    weights = runtime.onnx_weights(exported_dial.path)
    feed = {name: torch.from_numpy(array) for name, array in DialPreparation().blank(1).items()}
    feed["latent"], feed["grain"] = (torch.from_numpy(array[None]) for array in noise(3, 256))
    with torch.inference_mode():
        exact = runtime.serving_network(weights)(**feed)
        rough = InBfloat16(runtime.serving_network(weights))(**feed)
    assert rough.dtype == torch.float32
    assert float(10 * torch.log10(4 / (rough - exact).square().mean())) >= 38


def test_work_is_recorded_where_there_is_a_gpu_and_only_there(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Mapping[str, tuple[int, ...]]] = []

    def record(network: torch.nn.Module, inputs: Mapping[str, tuple[int, ...]]) -> object:
        recorded.append(inputs)
        return lambda feed: np.zeros((rows(feed), 3, 128, 128), np.float32)

    monkeypatch.setattr(runtime, "_recorded", record)
    TorchGenerator(exported.path)
    assert recorded == []
    monkeypatch.setattr(runtime, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True)))
    generator = TorchGenerator(exported.path)
    assert recorded == [{"image": (3, 16, 16)}]
    assert generator.precision == "bf16"
    faces: Floats = generator(pictures(35))
    assert faces.shape == (35, 3, 128, 128)
