"""Reading and writing trained generators: our own files, and those of the original authors.

Ours are safetensors files whose metadata says what the network is; of the emote-native network the served ONNX file has
everything that training needs, too. The authors' are pickled dicts `{model_state_dict, step, alpha, iteration}`; a
distributed run put `module.` before every name. All are read without running anything they hold, and every name and
shape must fit exactly.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from inference.networks.classic import STAGE_PX, ClassicGenerator, Stage
from inference.networks.dial import DialGenerator
from inference.onnx_weights import onnx_weights

CLASSIC_FORMAT, DIAL_FORMAT = "emoteface-classic/1", "emoteface-dial/1"
WIDEST = 4096
_ZIP_MAGIC = b"PK\x03\x04"
_PICKLE_MAGIC = b"\x80"
_HEADER_AT = 8  # of a safetensors file, whose first byte is of a length and may be that of a pickle
_Network = TypeVar("_Network", bound=nn.Module)


class CheckpointError(Exception):
    """The file is missing, damaged, or not a generator of ours or of the original authors."""


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """What a checkpoint of the classic network says about its weights; `recipe` is empty for the authors' files."""

    width: int
    stage: Stage
    pictures_seen: int
    recipe: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DialInfo:
    """The same of the emote-native network; `recipe` is empty for served files."""

    pictures_seen: int
    recipe: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A classic generator in eval mode, on the CPU, with what its file said about it."""

    generator: ClassicGenerator
    info: CheckpointInfo


@dataclass(frozen=True, slots=True)
class DialCheckpoint:
    """An emote-native generator, likewise."""

    generator: DialGenerator
    info: DialInfo


def load_checkpoint(path: Path) -> Checkpoint | DialCheckpoint:
    """Read a checkpoint of any kind."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_AT + 1)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be opened ({error.strerror})") from error
    info: CheckpointInfo | DialInfo
    if path.suffix == ".onnx":
        state, info = _read_served(path)
    elif start[_HEADER_AT:] != b"{" and start.startswith((_ZIP_MAGIC, _PICKLE_MAGIC)):
        state, info = _read_authors(path)
    else:
        state, info = _read_ours(path)
    if isinstance(info, DialInfo):
        return DialCheckpoint(_fitted(path, state, DialGenerator()), info)
    return Checkpoint(_fitted(path, state, _classic(path, info.width)), info)


def load_classic(path: Path) -> Checkpoint:
    """Read a checkpoint that has to be of the classic network."""
    checkpoint = load_checkpoint(path)
    if isinstance(checkpoint, DialCheckpoint):
        raise CheckpointError(f"{path}: the emote-native network, but the classic one is needed")
    return checkpoint


def load_dial(path: Path) -> DialCheckpoint:
    """Read a checkpoint, or a served file, that has to be of the emote-native network."""
    checkpoint = load_checkpoint(path)
    if isinstance(checkpoint, Checkpoint):
        raise CheckpointError(f"{path}: the classic network, but the emote-native one is needed")
    return checkpoint


def save_checkpoint(
    path: Path, generator: nn.Module, info: CheckpointInfo | DialInfo, dtype: torch.dtype = torch.float32
) -> None:
    """Write a generator of ours; the file appears whole or not at all. `dtype` is for floating tensors."""
    described: dict[str, Any] = {"pictures_seen": info.pictures_seen, "recipe": dict(info.recipe)}
    if isinstance(info, DialInfo):
        described |= {"format": DIAL_FORMAT}
    else:
        stage = {"stage_px": info.stage.output_px, "blend": info.stage.blend}
        described |= {"format": CLASSIC_FORMAT, "width": info.width, **stage}
    state = {
        name: tensor.detach().cpu().to(dtype if tensor.is_floating_point() else tensor.dtype).contiguous()
        for name, tensor in generator.state_dict().items()
    }
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(save(state, metadata={"emoteface": json.dumps(described)}))
    unfinished.replace(path)


def _read_ours(path: Path) -> tuple[dict[str, Tensor], CheckpointInfo | DialInfo]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: not a readable checkpoint ({error})") from error
    return state, _described(path, metadata.get("emoteface"))


def _described(path: Path, text: str | None) -> CheckpointInfo | DialInfo:
    if text is None:
        raise CheckpointError(f"{path}: a safetensors file, but without a description of an emoteface network")
    try:
        described = json.loads(text)
        kind = described["format"]
        if kind not in {CLASSIC_FORMAT, DIAL_FORMAT}:
            known = f"{CLASSIC_FORMAT!r} and {DIAL_FORMAT!r}"
            raise CheckpointError(f"{path}: format {kind!r}, but this version reads {known}")
        pictures_seen, recipe = int(described["pictures_seen"]), dict(described["recipe"])
        if kind == DIAL_FORMAT:
            return DialInfo(pictures_seen, recipe)
        stage = Stage(described["stage_px"], described["blend"])
        return CheckpointInfo(int(described["width"]), stage, pictures_seen, recipe)
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: its description of the network is damaged ({error!r})") from error


def _read_served(path: Path) -> tuple[dict[str, Tensor], DialInfo]:
    try:
        weights = onnx_weights(path)
        pictures_seen = int(weights.described["pictures_seen"])
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: not a file that `export` wrote ({error})") from error
    if "cutoff" not in weights.inputs:
        raise CheckpointError(f"{path}: the classic network is folded for serving and cannot be trained any more")
    return weights.state, DialInfo(pictures_seen, recipe={})


def _read_authors(path: Path) -> tuple[dict[str, Tensor], CheckpointInfo]:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make the unpickler raise anything at all
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: not a readable checkpoint ({reason})") from error
    if not isinstance(content, dict) or not isinstance(content.get("model_state_dict"), dict):
        raise CheckpointError(f"{path}: holds no `model_state_dict`")
    state = {str(name).removeprefix("module."): tensor for name, tensor in content["model_state_dict"].items()}
    if not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise CheckpointError(f"{path}: its `model_state_dict` holds more than tensors")
    return state, _authors_info(path, content, state)


def _authors_info(path: Path, content: dict[str, Any], state: dict[str, Tensor]) -> CheckpointInfo:
    """The authors count steps from 1; an alpha outside (0, 1] means that nothing is being faded in."""
    first = state.get("step1.0.weight")
    if first is None or first.dim() != 4:
        raise CheckpointError(f"{path}: has no `step1.0.weight`, so it is no classic generator")
    try:
        output_px = STAGE_PX[int(content.get("step", len(STAGE_PX))) - 1]
        alpha = float(content.get("alpha", 1.0))
        iteration = int(content.get("iteration", 0))
    except (IndexError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its step, alpha or iteration makes no sense ({error})") from error
    blend = alpha if 0 < alpha <= 1 and output_px > STAGE_PX[0] else 1.0
    return CheckpointInfo(first.shape[0], Stage(output_px, blend), pictures_seen=iteration, recipe={})


def _classic(path: Path, width: int) -> ClassicGenerator:
    if width > WIDEST:
        raise CheckpointError(f"{path}: a width of {width} is more than this program builds ({WIDEST})")
    try:
        return ClassicGenerator(width)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _fitted(path: Path, state: dict[str, Tensor], generator: _Network) -> _Network:
    expected = generator.state_dict()
    _compare_names(path, expected.keys() - state.keys(), state.keys() - expected.keys())
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            found, wanted = tuple(state[name].shape), tuple(tensor.shape)
            raise CheckpointError(f"{path}: `{name}` has the shape {found}, but {wanted} is needed")
    generator.load_state_dict(state, strict=True)
    return generator.eval()


def _compare_names(path: Path, missing: set[str], unexpected: set[str]) -> None:
    if missing or unexpected:
        lists = [
            f"{what}: {', '.join(sorted(names))}"
            for what, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        raise CheckpointError(f"{path}: the weights do not fit the network; {'; '.join(lists)}")
