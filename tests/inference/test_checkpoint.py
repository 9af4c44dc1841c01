import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from inference.checkpoint import (
    CheckpointError,
    CheckpointInfo,
    DialCheckpoint,
    DialInfo,
    load_checkpoint,
    load_classic,
    load_dial,
    save_checkpoint,
)
from inference.networks.classic import FULLY_GROWN, ClassicGenerator, Stage
from inference.networks.dial import DialGenerator
from inference.weights import FOLDER

INFO = CheckpointInfo(width=8, stage=Stage(64, 0.5), pictures_seen=1234, recipe={"seed": 7})


def generator(width: int = 8) -> ClassicGenerator:
    torch.manual_seed(3)
    return ClassicGenerator(width).eval()


def authors_file(path: Path, **changes: object) -> Path:
    """A file as the original code saves it."""
    content = {"model_state_dict": generator().state_dict(), "step": 3, "alpha": -1, "iteration": 5000}
    torch.save(content | changes, path)
    return path


def ours_file(path: Path) -> Path:
    save_checkpoint(path, generator(), INFO)
    return path


def same(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    loaded = load_checkpoint(ours_file(tmp_path / "ours.safetensors"))
    assert same(loaded.generator, generator())
    assert loaded.info == INFO
    assert not loaded.generator.training


def test_a_file_of_ours_may_begin_like_a_pickle(tmp_path: Path) -> None:
    """It begins with the length of its header, which is any multiple of eight."""
    path = tmp_path / "ours.safetensors"
    for padding in range(300):
        save_checkpoint(path, generator(), replace(INFO, recipe={"padding": "x" * padding}))
        if path.read_bytes()[:1] == b"\x80":
            break
    assert path.read_bytes()[:1] == b"\x80"
    assert same(load_checkpoint(path).generator, generator())


def test_half_precision_files_load_as_full_precision(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "half.safetensors", generator(), INFO, torch.float16)
    save_checkpoint(tmp_path / "full.safetensors", generator(), INFO)
    assert (tmp_path / "half.safetensors").stat().st_size < (tmp_path / "full.safetensors").stat().st_size * 0.7
    weight = load_checkpoint(tmp_path / "half.safetensors").generator.step1[0].weight
    assert weight.dtype == torch.float32
    torch.testing.assert_close(weight, generator().step1[0].weight, rtol=1e-3, atol=1e-4)


def test_saving_leaves_no_unfinished_file(tmp_path: Path) -> None:
    ours_file(tmp_path / "ours.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["ours.safetensors"]


def test_the_authors_files_load(tmp_path: Path) -> None:
    loaded = load_checkpoint(authors_file(tmp_path / "theirs.ckpt"))
    assert same(loaded.generator, generator())
    assert loaded.info == CheckpointInfo(8, FULLY_GROWN, pictures_seen=5000, recipe={})


def test_the_authors_older_pickles_load(tmp_path: Path) -> None:
    content = {"model_state_dict": generator().state_dict()}
    torch.save(content, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    assert same(load_checkpoint(tmp_path / "old.ckpt").generator, generator())


def test_the_prefix_of_a_distributed_run_is_dropped(tmp_path: Path) -> None:
    state = {f"module.{name}": tensor for name, tensor in generator().state_dict().items()}
    loaded = load_checkpoint(authors_file(tmp_path / "distributed.ckpt", model_state_dict=state))
    assert same(loaded.generator, generator())


@pytest.mark.parametrize(
    ("step", "alpha", "stage"),
    [(1, -1, Stage(32)), (1, 0.5, Stage(32)), (2, 0.5, Stage(64, 0.5)), (3, 0, Stage(128)), (3, 1, Stage(128))],
)
def test_the_authors_step_and_alpha_become_a_stage(tmp_path: Path, step: int, alpha: float, stage: Stage) -> None:
    assert load_checkpoint(authors_file(tmp_path / "theirs.ckpt", step=step, alpha=alpha)).info.stage == stage


@pytest.mark.parametrize("changes", [{"step": 9}, {"step": "three"}, {"alpha": []}, {"iteration": None}])
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="makes no sense"):
        load_checkpoint(authors_file(tmp_path / "theirs.ckpt", **changes))


def test_missing_and_unexpected_weights_are_named(tmp_path: Path) -> None:
    state = generator().state_dict()
    state["surprise"] = state.pop("to_rgb.2.bias")
    with pytest.raises(CheckpointError, match=r"missing: to_rgb\.2\.bias; unexpected: surprise"):
        load_checkpoint(authors_file(tmp_path / "theirs.ckpt", model_state_dict=state))


def test_weights_of_another_shape_are_named(tmp_path: Path) -> None:
    state = generator().state_dict()
    state["to_rgb.2.bias"] = torch.zeros(4)
    with pytest.raises(CheckpointError, match=r"`to_rgb\.2\.bias` has the shape \(4,\), but \(3,\) is needed"):
        load_checkpoint(authors_file(tmp_path / "theirs.ckpt", model_state_dict=state))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "no `model_state_dict`"),
        ({"model_state_dict": 5}, "no `model_state_dict`"),
        ({"model_state_dict": {"step1.0.weight": 5}}, "more than tensors"),
        ({"model_state_dict": {}}, "no `step1.0.weight`"),
        ({"model_state_dict": {"step1.0.weight": torch.zeros(12, 3, 3, 3)}}, "multiple of 8"),
        ({"model_state_dict": {"step1.0.weight": torch.zeros(8192, 1, 1, 1)}}, "more than this program builds"),
    ],
)
def test_other_pickled_contents_are_refused(tmp_path: Path, content: object, words: str) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(tmp_path / "other.ckpt")


class Attack:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    content = {"model_state_dict": Attack(tmp_path / "owned")}
    torch.save(content, tmp_path / "evil.ckpt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "owned").exists()


def test_a_bare_hostile_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "evil.ckpt").write_bytes(pickle.dumps(Attack(tmp_path / "owned")))
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "evil.ckpt")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.99])
@pytest.mark.parametrize("ours", [True, False])
def test_a_truncated_file_is_refused(tmp_path: Path, ours: bool, kept: float) -> None:
    path = (ours_file if ours else authors_file)(tmp_path / "whole")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be opened"):
        load_checkpoint(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    ("description", "words"),
    [
        (None, "without a description"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ("{}", "damaged"),
        ('{"format": "something/9"}', "format 'something/9'"),
        ('{"format": "emoteface-classic/1", "width": 8, "stage_px": 17}', "damaged"),
    ],
)
def test_a_safetensors_file_of_another_kind_is_refused(tmp_path: Path, description: str | None, words: str) -> None:
    metadata = None if description is None else {"emoteface": description}
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors", metadata=metadata)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(tmp_path / "other.safetensors")


@given(start=st.sampled_from([b"", b"\x80\x02", b"PK\x03\x04"]), rest=st.binary())
def test_any_bytes_are_refused_with_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(start + rest)
    with pytest.raises(CheckpointError):
        load_checkpoint(path)


# -- the emote-native network ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dial() -> DialGenerator:
    torch.manual_seed(3)
    return DialGenerator().eval()


def test_the_emote_native_network_is_saved_and_loaded_too(dial: DialGenerator, tmp_path: Path) -> None:
    info = DialInfo(pictures_seen=1234, recipe={"seed": 7})
    save_checkpoint(tmp_path / "dial.safetensors", dial, info)
    loaded = load_dial(tmp_path / "dial.safetensors")
    assert same(loaded.generator, dial)
    assert loaded.info == info
    assert not loaded.generator.training
    assert isinstance(load_checkpoint(tmp_path / "dial.safetensors"), DialCheckpoint)


def test_the_wrong_network_is_refused_by_name(dial: DialGenerator, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "dial.safetensors", dial, DialInfo(1, {}))
    with pytest.raises(CheckpointError, match="emote-native network, but the classic one is needed"):
        load_classic(tmp_path / "dial.safetensors")
    with pytest.raises(CheckpointError, match="classic network, but the emote-native one is needed"):
        load_dial(ours_file(tmp_path / "ours.safetensors"))


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x0a", bytes(100)])
def test_any_bytes_in_a_served_file_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dial.onnx").write_bytes(content)
    with pytest.raises(CheckpointError, match="not a file that `export` wrote"):
        load_dial(tmp_path / "dial.onnx")


def test_a_folded_network_is_refused_as_a_checkpoint() -> None:
    with pytest.raises(CheckpointError, match="folded for serving"):
        load_checkpoint(FOLDER / "classic.onnx")
