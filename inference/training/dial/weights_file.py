"""The averaged emote-native generator as a safetensors file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from inference.networks.dial import DialGenerator


def save_dial(path: Path, network: DialGenerator, pictures_seen: int, recipe: Mapping[str, Any]) -> None:
    described = {"format": "emoteface-dial/1", "pictures_seen": pictures_seen, "recipe": dict(recipe)}
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, path, {"emoteface": json.dumps(described)})


def load_dial(path: Path) -> DialGenerator:
    network = DialGenerator()
    network.load_state_dict(load_file(path))
    return network


def dial_recipe(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["emoteface"])["recipe"]
