"""`python -m inference train`."""

import argparse
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import torch

from inference.checkpoint import CheckpointError, load_classic
from inference.training.faces import FacesError, load_faces
from inference.training.recipe import Recipe
from inference.training.report import held_out_faces
from inference.training.run_folder import RunFolder, stored_recipe, stored_state
from inference.training.train import Rhythm, Run
from inference.training.trainer import Trainer, TrainingDiverged

RHYTHM = Rhythm()
UNITS_S = {"s": 1, "m": 60, "h": 3600}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the recipe default to those of the resumed run, else to the recipe's own defaults."""
    parser.add_argument("--data", type=Path, required=True, help="folder of aligned faces, as `prepare` makes it")
    parser.add_argument("--out", type=Path, default=Path("var/train/classic"), help="folder of the run (%(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("var/cache/faces"), help="decoded faces (%(default)s)")
    parser.add_argument(
        "--resume", default="auto", help="auto (default): go on from the run's last checkpoint; none; or a file"
    )
    parser.add_argument("--init-from", type=Path, help="start a new run from the weights of this checkpoint")
    parser.add_argument("--stop-after", type=duration_s, default=float("inf"), help="for example 90s, 9m, 2h")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")
    parser.add_argument("--report-pictures", type=int, default=RHYTHM.report_pictures, help="sheet every (%(default)s)")
    recipe = parser.add_argument_group("recipe")
    for name in ("width", "pictures", "batch", "seed", "calibration-inputs", "ema-half-life"):
        recipe.add_argument(f"--{name}", type=int)
    recipe.add_argument("--stage-shares", type=float, nargs=3, help="shares of the 32, 64 and 128 px stages")
    for name in ("learning-rate", "landmark-weight", "emote-share", "adversarial-weight", "adversarial-from"):
        recipe.add_argument(f"--{name}", type=float)


def run(arguments: argparse.Namespace) -> int:
    """Train, and say where the result is."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        training = prepare_run(arguments)
        ending = training.train()
    except (CheckpointError, FacesError, TrainingDiverged, ValueError) as error:
        sys.stderr.write(f"train: {error}\n")
        return 1
    sys.stderr.write(f"{ending}: {training.folder.checkpoints()[-1]}\n")
    return 0


def prepare_run(arguments: argparse.Namespace) -> Run:
    """The run that the arguments describe, resumed if so asked."""
    folder = RunFolder(arguments.out)
    checkpoint = _resumed_checkpoint(folder, arguments.resume)
    recipe = dataclasses.replace(stored_recipe(checkpoint) if checkpoint else Recipe(), **_given(arguments))
    faces = load_faces(arguments.data, "train", arguments.cache)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trainer = Trainer(recipe, faces, device)
    if checkpoint:
        trainer.load_state_dict(stored_state(checkpoint))
    elif arguments.init_from:
        trainer.start_from(load_classic(arguments.init_from).generator)
    rhythm = Rhythm(report_pictures=arguments.report_pictures, stop_after_s=arguments.stop_after)
    return Run(trainer, folder, held_out_faces(faces), rhythm)


def duration_s(text: str) -> float:
    """Seconds in "90s", "9m" or "2h"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 90s, 9m or 2h")
    return float(match[1]) * UNITS_S[match[2]]


def _resumed_checkpoint(folder: RunFolder, resume: str) -> Path | None:
    found = folder.checkpoints()
    if resume == "none":
        if found:
            raise CheckpointError(f"{folder.path}: already holds a run; choose another --out or resume it")
        return None
    if resume == "auto":
        return found[-1] if found else None
    return Path(resume)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(Recipe)}
    given = {name: value for name, value in vars(arguments).items() if name in names and value is not None}
    if "stage_shares" in given:
        given["stage_shares"] = tuple(given["stage_shares"])
    return given
