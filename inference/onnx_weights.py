"""The weights inside an exported ONNX file, as torch wants them; their names are those of the module they came from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from torch import Tensor


@dataclass(frozen=True, slots=True)
class OnnxWeights:
    """`state` is a float32 state dict, `inputs` names what the network takes, `described` what it says of itself."""

    state: dict[str, Tensor]
    inputs: tuple[str, ...]
    described: dict[str, str]


def onnx_weights(path: Path) -> OnnxWeights:
    """Raise ValueError when it is no ONNX file."""
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise ValueError("not an ONNX file") from error
    state = {
        each.name: torch.from_numpy(onnx.numpy_helper.to_array(each).astype(np.float32))
        for each in model.graph.initializer
        if each.data_type == onnx.TensorProto.FLOAT16
    }
    inputs = tuple(each.name for each in model.graph.input)
    return OnnxWeights(state, inputs, {each.key: each.value for each in model.metadata_props})
