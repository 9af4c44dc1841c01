"""A trained checkpoint -> the ONNX file that every runtime serves, and its entry in the manifest."""

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from inference.checkpoint import Checkpoint, CheckpointError
from inference.networks.classic import FULLY_GROWN, INPUT_PX
from inference.networks.serving import ServingGenerator, fold
from inference.preprocess import PREPROCESS_VERSION
from inference.weights import MANIFEST

MAX_BYTES = 20_000_000
OPSET = 20
INPUT_NAME, OUTPUT_NAME = "image", "face"


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX file as written."""

    path: Path
    sha256: str
    model_id: str


def export(checkpoint: Checkpoint, path: Path, style: str = "classic") -> Exported:
    """Fold, convert, write `path`, and enter it into the manifest beside it."""
    if checkpoint.info.stage != FULLY_GROWN:
        raise CheckpointError(f"only a fully grown network can be served; this one is at {checkpoint.info.stage}")
    model = to_onnx(fold(checkpoint.generator), checkpoint.info.pictures_seen, style)
    content = model.SerializeToString(deterministic=True)
    if len(content) > MAX_BYTES:
        raise CheckpointError(f"the exported file would have {len(content)} bytes, more than {MAX_BYTES}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    exported = Exported(path, sha256, f"{style}-w{checkpoint.info.width}-{sha256[:8]}")
    _enter(exported, style)
    return exported


def to_onnx(serving: ServingGenerator, pictures_seen: int, style: str) -> onnx.ModelProto:
    """The network as ONNX: weights stored as float16 under their state dict names, arithmetic in float32."""
    model = _traced(serving)
    model.producer_name, model.producer_version = "emoteface", ""
    _forget_origins(model)
    _halve_weights(model)
    described = {
        "style": style,
        "width": str(serving.width),
        "pictures_seen": str(pictures_seen),
        "preprocess_version": str(PREPROCESS_VERSION),
    }
    helper.set_model_props(model, described)
    onnx.checker.check_model(model, full_check=True)
    return model


def _traced(serving: ServingGenerator) -> onnx.ModelProto:
    example = torch.zeros(2, 3, INPUT_PX, INPUT_PX)
    with _quiet_exporter():
        program = torch.onnx.export(
            serving,
            (example,),
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch exported nothing")
    return program.model_proto


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence two things the exporter of torch 2.13 always says, and nothing else.

    It logs that torchvision is absent, and warns of a deprecated call of its own.
    """
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registration.level
    registration.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
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
    casts = []
    for initializer in graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        name, widened = initializer.name, f"{initializer.name}.float32"
        halved = numpy_helper.to_array(initializer).astype(np.float16)
        initializer.CopyFrom(numpy_helper.from_array(halved, name))
        casts.append(helper.make_node("Cast", [name], [widened], name=f"cast.{name}", to=TensorProto.FLOAT))
        for node in graph.node:
            node.input[:] = [widened if used == name else used for used in node.input]
    nodes = [*casts, *graph.node]
    graph.ClearField("node")
    graph.ClearField("value_info")
    graph.node.extend(nodes)


def _enter(exported: Exported, style: str) -> None:
    manifest = exported.path.parent / MANIFEST
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    entries[style] = {
        "file": exported.path.name,
        "sha256": exported.sha256,
        "model_id": exported.model_id,
        "input_px": INPUT_PX,
        "output_px": FULLY_GROWN.output_px,
    }
    manifest.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
