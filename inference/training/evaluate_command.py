"""`python -m inference evaluate`."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from inference.model_card import update_card
from inference.runtimes.openvino import OpenVinoGenerator
from inference.training.evaluate import Row, bicubic, doubt, drawn_by, measured, save_sheets, val_faces
from inference.training.faces import FacesError
from inference.weights import WeightsMissing, shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the faces are, and what to write."""
    parser.add_argument("--data", type=Path, required=True, help="folder of aligned faces with a val split")
    parser.add_argument("--cache", type=Path, default=Path("var/cache/faces"), help="decoded faces (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--card", type=Path, help="model card whose reconstruction table to update")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write contact sheets as PNG here")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and say when the faces are not the project's."""
    try:
        model = shipped("classic")
        faces = val_faces(arguments.data, arguments.cache)
    except (WeightsMissing, FacesError) as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 1
    generator = OpenVinoGenerator(model.path)
    rows = [
        measured("bicubic", bicubic, faces),
        measured(f"{model.model_id} (OpenVINO {generator.precision})", drawn_by(generator), faces),
    ]
    if arguments.save:
        save_sheets(arguments.save, faces, drawn_by(generator))
    count = len(faces.inputs)
    if arguments.card:
        update_card(arguments.card, "reconstruction", as_table(rows, count))
    sys.stdout.write(as_json(rows, count) if arguments.json else as_table(rows, count))
    if warning := doubt(rows[0], count):
        sys.stderr.write(f"evaluate: {warning}\n")
    return 0


def as_table(rows: list[Row], count: int) -> str:
    """A Markdown table."""
    lines = [f"| 16 -> 128 px, {count} val faces | PSNR dB | SSIM |", "|---|---:|---:|"]
    lines += [f"| {row.method} | {row.psnr_db:.2f} | {row.ssim:.3f} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_json(rows: list[Row], count: int) -> str:
    """The same numbers for programs."""
    return json.dumps({"faces": count, "rows": [dataclasses.asdict(row) for row in rows]}, indent=2) + "\n"
