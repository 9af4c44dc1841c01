"""The shipped weights and the list of them, `manifest.json`. Standard library only."""

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.protocol import Style

FOLDER = Path(__file__).parent
MANIFEST = "manifest.json"
LANDMARKS = "landmarks"
"""The entry that is no style: the network that judges faces."""


class WeightsMissing(Exception):
    """There are no usable weights for a style; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """One ONNX file: `image` (N, 3, input_px, input_px) in, faces or heatmaps of output_px a side out."""

    path: Path
    model_id: str
    input_px: int
    output_px: int


def shipped_styles(folder: Path = FOLDER) -> tuple[Style, ...]:
    """The styles in the manifest, whatever state their files are in. Raise WeightsMissing when there are none."""
    entries = _entries(folder)
    styles = tuple(style for style in Style if style in entries)
    if not styles:
        raise WeightsMissing(f"{folder / MANIFEST} has no style that this program knows; {_remedy(Style.CLASSIC)}")
    return styles


@functools.cache
def shipped(style: str, folder: Path = FOLDER) -> ShippedModel:
    """The shipped model of a style, its file checked against the manifest once per process."""
    try:
        entry = _entries(folder)[style]
        model = ShippedModel(folder / entry["file"], entry["model_id"], entry["input_px"], entry["output_px"])
        expected = entry["sha256"]
    except (KeyError, TypeError) as error:
        raise WeightsMissing(f"{folder / MANIFEST} has no usable entry for {style!r}; {_remedy(style)}") from error
    if not model.path.is_file():
        raise WeightsMissing(f"{model.path} is missing; {_remedy(style)}")
    found = hashlib.sha256(model.path.read_bytes()).hexdigest()
    if found != expected:
        raise WeightsMissing(f"{model.path} is damaged or not the file of the manifest; {_remedy(style)}")
    return model


def _entries(folder: Path) -> dict[str, Any]:
    manifest = folder / MANIFEST
    if not manifest.exists():
        raise WeightsMissing(f"no weights are installed in {folder}; {_remedy(Style.CLASSIC)}")
    try:
        return dict(json.loads(manifest.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsMissing(f"{manifest} is damaged; {_remedy(Style.CLASSIC)}") from error


def _remedy(style: str) -> str:
    return f"restore the folder, or run `python -m inference export CHECKPOINT` with one of style {style}"
