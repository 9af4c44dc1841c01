"""`python -m inference evaluate`."""

import argparse
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from inference.judge import FaceJudge
from inference.model_card import NoSuchSection, update_cards
from inference.protocol import MAX_ITERATIONS, MAX_SEED, FaceOptions, Style
from inference.runtimes.openvino import OpenVinoGenerator
from inference.training.emote_sets import EmotesError
from inference.training.evaluation.drawing import ROWS, StyleRow
from inference.training.evaluation.emote_table import PARTS, SHEETS, Contest, measure_emotes, measure_folder
from inference.training.evaluation.emotes import references
from inference.training.evaluation.face_detector import DetectorMissing
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.reconstruction import (
    Upscaler,
    bicubic,
    doubt,
    drawn_by,
    measured,
    save_sheets,
    val_faces,
)
from inference.training.evaluation.report import as_json, as_text, sections
from inference.training.evaluation.targets import ABLATION
from inference.training.faces import FacesError
from inference.training.framing import FramedFaces
from inference.weights import LANDMARKS, WeightsMissing, shipped, shipped_styles
from inference.wire import ProtocolError

RECONSTRUCTION, FOLDER = "reconstruction", "folder"


class UnusableAblation(Exception):
    """The checkpoint of the ablation cannot be read."""


REFUSALS = (
    WeightsMissing, FacesError, EmotesError, DetectorMissing, NoSuchSection, ProtocolError, UnusableAblation,
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, with which setting, and what to write."""
    add = parser.add_argument
    add("--data", type=Path, help="folder of aligned faces with a train and a val split")
    add("--cache", type=Path, default=Path("var/cache/faces"), help="decoded faces (%(default)s)")
    add("--emotes", type=Path, metavar="DIR", help="measure on these PNG, WebP, GIF and JPEG files, too")
    parts = (RECONSTRUCTION, FOLDER, *PARTS)
    add("--only", choices=parts, action="append", help="measure this part; repeatable")
    add("--style", choices=[style.value for style in Style], help="one style only")
    add("--realism", type=float, help="one setting only, 0 to 1")
    add("--iterations", type=int, help=f"one setting only, 1 to {MAX_ITERATIONS}")
    add("--seed", type=int, help=f"0 to {MAX_SEED} (none)")
    add("--ablation", type=Path, metavar="CHECKPOINT", help="a classic network trained for pixels only, as a row")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--card", type=Path, action="append", default=[], help="Markdown file with sections to update; repeatable")
    add("--save", type=Path, metavar="OUT", help="write OUT/<stem>.png for --emotes, and contact sheets to OUT/sheets")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and say when the faces are not the project's."""
    if arguments.only == [RECONSTRUCTION] and not arguments.data:
        sys.stderr.write("evaluate: reconstruction is measured on faces: --data FOLDER\n")
        return 2
    try:
        findings = evaluated(arguments)
        update_cards(arguments.card, sections(findings))
    except REFUSALS as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 1
    sys.stdout.write(as_json(findings) if arguments.json else as_text(findings))
    if findings.reconstruction and (warning := doubt(findings.reconstruction[0], findings.faces)):
        sys.stderr.write(f"evaluate: {warning}\n")
    return 0


def evaluated(arguments: argparse.Namespace) -> Findings:
    """Measure what the arguments ask for."""
    styles = [Style(arguments.style)] if arguments.style else [style for style in ROWS if style in shipped_styles()]
    models = {style: shipped(style) for style in styles}
    loaded = {path: OpenVinoGenerator(path) for path in {model.path for model in models.values()}}
    networks = {style: loaded[model.path] for style, model in models.items()}
    findings = Findings({style.value: model.model_id for style, model in models.items()})
    parts = set(arguments.only or (RECONSTRUCTION, FOLDER, *PARTS))
    faces = val_faces(arguments.data, arguments.cache) if arguments.data else None
    if faces is not None:
        findings.faces = len(faces.inputs)
    if faces is not None and RECONSTRUCTION in parts:
        _reconstruct(networks, faces, arguments, findings)
    if parts - {RECONSTRUCTION}:
        real = references(arguments.data, arguments.cache, faces) if faces is not None else None
        judge = FaceJudge(OpenVinoGenerator(shipped(LANDMARKS).path))
        rows = [
            [StyleRow(networks[style], options, judge) for options in _settings(style, arguments)] for style in styles
        ]
        contest = Contest(
            rows, next((each[0] for each in rows if each[0].options.style is not Style.CLASSIC), None), real
        )
        if arguments.emotes and FOLDER in parts:
            measure_folder(contest, arguments.emotes, arguments.save, findings)
        if parts & set(PARTS):
            measure_emotes(contest, parts, arguments.save, findings)
    return findings


def _reconstruct(
    networks: Mapping[Style, OpenVinoGenerator], faces: FramedFaces, arguments: argparse.Namespace, findings: Findings
) -> None:
    """Only the classic network enlarges photographs; the others are for emotes."""
    rows = findings.reconstruction
    rows.append(measured("bicubic", "bicubic", bicubic, faces))
    if classic := networks.get(Style.CLASSIC):
        method = f"{findings.models[Style.CLASSIC]} (OpenVINO {classic.precision})"
        rows.append(measured(Style.CLASSIC.value, method, drawn_by(classic), faces))
        if arguments.save:
            save_sheets(arguments.save / SHEETS, faces, drawn_by(classic))
    if arguments.ablation:
        method = f"pixel loss only: {arguments.ablation.name} (torch f32)"
        rows.append(measured(ABLATION, method, _ablation(arguments.ablation), faces))


def _ablation(path: Path) -> Upscaler:
    from inference.checkpoint import CheckpointError, load_classic
    from inference.networks.classic import FULLY_GROWN
    from inference.preprocess import to_tensor
    from inference.training.classic.report import generate

    try:
        network = load_classic(path).generator
    except CheckpointError as error:
        raise UnusableAblation(str(error)) from error
    return lambda inputs: generate(network, to_tensor(inputs), FULLY_GROWN)


def _settings(style: Style, arguments: argparse.Namespace) -> Collection[FaceOptions]:
    """The one setting that was asked for, or else those the table has for the style."""
    asked = {"realism": arguments.realism, "iterations": arguments.iterations, "seed": arguments.seed}
    given = {name: value for name, value in asked.items() if value is not None}
    if given.keys() & {"realism", "iterations"}:
        return (ROWS[style][0].changed(**given),)
    return tuple(options.changed(**given) for options in ROWS[style])
