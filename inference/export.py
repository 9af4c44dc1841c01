"""A trained checkpoint -> the ONNX file that every runtime serves, and its entry in the manifest."""

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from inference.checkpoint import Checkpoint, CheckpointError, DialCheckpoint
from inference.networks.classic import FULLY_GROWN, INPUT_PX
from inference.networks.serving import fold
from inference.preparation import DIAL_INPUT_PX, DialPreparation
from inference.protocol import PREPROCESS_VERSION, Style
from inference.weights import MANIFEST

MAX_BYTES = 20_000_000
OPSET = 20
OUTPUT_NAME = "face"


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX file as written."""

    path: Path
    sha256: str
    model_id: str


def export(checkpoint: Checkpoint | DialCheckpoint, path: Path) -> Exported:
    """Convert, write `path`, and enter it into the manifest beside it for every style that the network draws."""
    described = {"pictures_seen": str(checkpoint.info.pictures_seen), "preprocess_version": str(PREPROCESS_VERSION)}
    if isinstance(checkpoint, DialCheckpoint):
        return _exported_dial(checkpoint, path, {"network": "dial", **described})
    info = checkpoint.info
    if info.stage != FULLY_GROWN:
        raise CheckpointError(f"only a fully grown network can be served; this one is at {info.stage}")
    example = {"image": torch.zeros(2, 3, INPUT_PX, INPUT_PX)}
    described |= {"network": "classic", "width": str(info.width)}
    model = to_onnx(fold(checkpoint.generator), example, OUTPUT_NAME, described)
    entry = {"input_px": INPUT_PX, "output_px": FULLY_GROWN.output_px}
    return ship(model, path, f"classic-w{info.width}", {Style.CLASSIC: entry})


def _exported_dial(checkpoint: DialCheckpoint, path: Path, described: Mapping[str, str]) -> Exported:
    preparation = DialPreparation()
    example = {name: torch.from_numpy(array) for name, array in preparation.blank(2).items()}
    model = to_onnx(checkpoint.generator, example, OUTPUT_NAME, described)
    entry = {"input_px": DIAL_INPUT_PX, "output_px": preparation.output_px}
    return ship(model, path, "dial", dict.fromkeys((Style.REAL, Style.CURSED), entry))


def ship(model: onnx.ModelProto, path: Path, kind: str, entries: Mapping[str, Mapping[str, int]]) -> Exported:
    """Write the file, and what it is into the manifest beside it; the model id is `kind` and part of the digest.

    Raise CheckpointError when the file is too large to ship.
    """
    content = model.SerializeToString(deterministic=True)
    if len(content) > MAX_BYTES:
        raise CheckpointError(f"the exported file would have {len(content)} bytes, more than {MAX_BYTES}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    exported = Exported(path, sha256, f"{kind}-{sha256[:8]}")
    _enter(exported, entries)
    return exported


def to_onnx(
    network: nn.Module, example: Mapping[str, Tensor], output_name: str, described: Mapping[str, str]
) -> onnx.ModelProto:
    """The network as ONNX: weights stored as float16 under their state dict names, arithmetic in float32.

    `example` is a batch of two of its inputs by name, `described` what the file says of itself.
    """
    model = _traced(network, example, output_name)
    model.producer_name, model.producer_version = "emoteface", ""
    _forget_origins(model)
    _halve_weights(model)
    helper.set_model_props(model, dict(described))
    onnx.checker.check_model(model, full_check=True)
    return model


def _traced(network: nn.Module, example: Mapping[str, Tensor], output_name: str) -> onnx.ModelProto:
    batch = torch.export.Dim("batch")
    with _quiet_exporter():
        program = torch.onnx.export(
            network.eval(),
            kwargs=dict(example),
            input_names=list(example),
            output_names=[output_name],
            dynamic_shapes={name: {0: batch} for name in example},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            optimize=False,  # it would fold weights into others and drop their names; the runtimes fold for themselves
        )
    if program is None:
        raise RuntimeError("torch exported nothing")
    return program.model_proto


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence what the exporter of torch 2.13 always says, and nothing else.

    It logs that torchvision is absent, warns of a deprecated call of its own, and that inputs share the batch's name.
    """
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            warnings.filterwarnings("ignore", "# The axis name: batch will not be used", UserWarning)
            yield
    finally:
        registration.setLevel(level)


def _forget_origins(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes about source lines: it bloats the file and differs by machine."""
    graph = model.graph
    holders = [model, graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output]
    for holder in holders:
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")


def _halve_weights(model: onnx.ModelProto) -> None:
    """Store every float32 initialiser as float16, and cast it back where it is used."""
    graph = model.graph
    widened = {each.name: f"{each.name}.float32" for each in graph.initializer if each.data_type == TensorProto.FLOAT}
    for initializer in graph.initializer:
        if initializer.name in widened:
            halved = numpy_helper.to_array(initializer).astype(np.float16)
            initializer.CopyFrom(numpy_helper.from_array(halved, initializer.name))
    for node in graph.node:
        node.input[:] = [widened.get(used, used) for used in node.input]
    casts = [
        helper.make_node("Cast", [name], [wide], name=f"cast.{name}", to=TensorProto.FLOAT)
        for name, wide in widened.items()
    ]
    nodes = [*casts, *graph.node]
    graph.ClearField("node")
    graph.ClearField("value_info")
    graph.node.extend(nodes)


def _enter(exported: Exported, entries: Mapping[str, Mapping[str, int]]) -> None:
    manifest = exported.path.parent / MANIFEST
    listed = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    identity = {"file": exported.path.name, "sha256": exported.sha256, "model_id": exported.model_id}
    listed |= {name: {**identity, **sides} for name, sides in entries.items()}
    manifest.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
