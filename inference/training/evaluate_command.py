"""`python -m inference evaluate`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from inference.model_card import NoSuchSection, has_section, update_card
from inference.protocol import MAX_ITERATIONS, MAX_SEED, FaceOptions, Style
from inference.runtimes.openvino import OpenVinoGenerator
from inference.training.emote_sets import EmotesError
from inference.training.emote_table import SHEETS, Contest, measure_emotes
from inference.training.evaluate import bicubic, doubt, drawn_by, measured, save_sheets, val_faces
from inference.training.evaluate_emotes import ROWS, references
from inference.training.evaluate_report import Findings, as_json, as_text, sections
from inference.training.face_detector import DetectorMissing
from inference.training.faces import FacesError
from inference.training.framing import FramedFaces
from inference.weights import WeightsMissing, shipped, shipped_styles
from inference.wire import ProtocolError

RECONSTRUCTION, EMOTES = "reconstruction", "emotes"
REFUSALS = (WeightsMissing, FacesError, EmotesError, DetectorMissing, NoSuchSection, ProtocolError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to measure, with which setting, and what to write."""
    add = parser.add_argument
    add("--data", type=Path, help="folder of aligned faces with a train and a val split")
    add("--cache", type=Path, default=Path("var/cache/faces"), help="decoded faces (%(default)s)")
    add("--emotes", type=Path, metavar="DIR", help="measure on these PNG, WebP and GIF files, too")
    add("--only", choices=(RECONSTRUCTION, EMOTES), help="measure one part (reconstruction takes seconds)")
    add("--style", choices=[style.value for style in Style], help="one style only")
    add("--realism", type=float, help="one setting only, 0 to 1")
    add("--iterations", type=int, help=f"one setting only, 1 to {MAX_ITERATIONS}")
    add("--seed", type=int, help=f"0 to {MAX_SEED} (none)")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--card", type=Path, action="append", default=[], help="Markdown file with sections to update; repeatable")
    add("--save", type=Path, metavar="OUT", help="write OUT/<stem>.png for --emotes, and contact sheets to OUT/sheets")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, and say when the faces are not the project's."""
    if arguments.only == RECONSTRUCTION and not arguments.data:
        sys.stderr.write("evaluate: reconstruction is measured on faces: --data FOLDER\n")
        return 2
    try:
        findings = evaluated(arguments)
        update_cards(arguments.card, findings)
    except REFUSALS as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 1
    sys.stdout.write(as_json(findings) if arguments.json else as_text(findings))
    if findings.reconstruction and (warning := doubt(findings.reconstruction[0], findings.faces)):
        sys.stderr.write(f"evaluate: {warning}\n")
    return 0


def evaluated(arguments: argparse.Namespace) -> Findings:
    """Measure what the arguments ask for."""
    styles = [Style(arguments.style)] if arguments.style else list(shipped_styles())
    models = {style: shipped(style) for style in styles}
    networks = {style: OpenVinoGenerator(model.path) for style, model in models.items()}
    findings = Findings({style.value: model.model_id for style, model in models.items()})
    faces = val_faces(arguments.data, arguments.cache) if arguments.data else None
    if faces is not None:
        findings.faces = len(faces.inputs)
    if faces is not None and arguments.only != EMOTES and Style.CLASSIC in networks:
        _reconstruct(networks[Style.CLASSIC], faces, findings)
        if arguments.save:
            save_sheets(arguments.save / SHEETS, faces, drawn_by(networks[Style.CLASSIC]))
    if arguments.only != RECONSTRUCTION:
        real = references(arguments.data, arguments.cache, faces) if faces is not None else None
        contest = Contest(networks, {style: _settings(style, arguments) for style in styles}, real)
        measure_emotes(contest, arguments.emotes, arguments.save, findings)
    return findings


def update_cards(cards: list[Path], findings: Findings) -> None:
    """Bring the sections that a card has up to date; raise NoSuchSection for a card that has none of them."""
    for card in cards:
        updated = 0
        for name, text in sections(findings).items():
            if has_section(card, name):
                update_card(card, name, text)
                updated += 1
        if not updated:
            raise NoSuchSection(f"{card} has none of the sections {', '.join(sections(findings))}")


def _reconstruct(network: OpenVinoGenerator, faces: FramedFaces, findings: Findings) -> None:
    """Of faces from 16 px, what `classic` is made for."""
    style = Style.CLASSIC
    findings.reconstruction.append(measured("bicubic", "bicubic", bicubic, faces))
    method = f"{findings.models[style]} (OpenVINO {network.precision})"
    findings.reconstruction.append(measured(style.value, method, drawn_by(network), faces))


def _settings(style: Style, arguments: argparse.Namespace) -> tuple[FaceOptions, ...]:
    """The one setting that was asked for, or else those the table has for the style."""
    asked = {"realism": arguments.realism, "iterations": arguments.iterations, "seed": arguments.seed}
    given = {name: value for name, value in asked.items() if value is not None}
    if given.keys() & {"realism", "iterations"} or style not in ROWS:
        return (FaceOptions(style=style, **given),)
    return tuple(replace(options, **given) for options in ROWS[style])
