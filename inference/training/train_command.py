"""`python -m inference train`."""

import argparse
import re
import sys
from pathlib import Path

import torch

from inference.checkpoint import CheckpointError, load_checkpoint
from inference.training.classic.recipe import ClassicRecipe
from inference.training.classic.report import ClassicReport
from inference.training.classic.trainer import ClassicTrainer
from inference.training.critic_file import load_critic
from inference.training.dial.drawn import Drawn
from inference.training.dial.recipe import DialRecipe
from inference.training.dial.report import DialReport
from inference.training.dial.trainer import DialTrainer
from inference.training.faces import FacesError, load_faces
from inference.training.recipe_options import RecipeError, add_recipe_options, asked_recipe, stored_recipe
from inference.training.run_folder import RunFolder, stored_state
from inference.training.steps import TrainingDiverged
from inference.training.train import Report, Rhythm, Run
from inference.training.trainer import Trainer

RHYTHM = Rhythm()
RECIPES: dict[str, type[ClassicRecipe] | type[DialRecipe]] = {"classic": ClassicRecipe, "dial": DialRecipe}
UNITS_S = {"s": 1, "m": 60, "h": 3600}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to train, on what, from where and for how long; then the recipes, field by field."""
    parser.add_argument("--network", choices=RECIPES, required=True, help="classic, or dial (styles real and cursed)")
    parser.add_argument("--data", type=Path, required=True, help="folder of aligned faces, as `prepare` makes it")
    parser.add_argument("--art", type=Path, help="folder of drawn emoji, as `prepare-art` makes it; dial needs it")
    parser.add_argument("--out", type=Path, help="folder of the run (default: var/train/NETWORK)")
    parser.add_argument("--cache", type=Path, default=Path("var/cache/faces"), help="decoded pictures (%(default)s)")
    parser.add_argument(
        "--resume", default="auto", help="auto (default): go on from the run's last checkpoint; none; or a checkpoint"
    )
    parser.add_argument("--init-from", type=Path, help="start a new run from the weights of this checkpoint")
    parser.add_argument("--critic-from", type=Path, help="and from this critic, as `export --critic` writes it")
    parser.add_argument("--stop-after", type=duration_s, default=float("inf"), help="for example 90s, 9m, 2h")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is a GPU")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")
    parser.add_argument("--report-pictures", type=int, default=RHYTHM.report_pictures, help="sheet every (%(default)s)")
    add_recipe_options(parser, RECIPES)


def run(arguments: argparse.Namespace) -> int:
    """Train, and say where the result is."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        training = prepare_run(arguments)
        ending = training.train()
    except (CheckpointError, FacesError, RecipeError, TrainingDiverged, ValueError) as error:
        sys.stderr.write(f"train: {error}\n")
        return 1
    sys.stderr.write(f"{ending}: {training.folder.checkpoints()[-1]}\n")
    return 0


def prepare_run(arguments: argparse.Namespace) -> Run:
    """The run that the arguments describe, resumed if so asked."""
    folder = RunFolder(arguments.out or Path("var/train") / arguments.network, arguments.network)
    checkpoint = _resumed_checkpoint(folder, arguments.resume)
    kind = RECIPES[arguments.network]
    stored = stored_recipe(kind, load_checkpoint(checkpoint).info.recipe) if checkpoint else kind()
    trainer, report = _trainer(asked_recipe(stored, arguments, RECIPES), arguments)
    if checkpoint:
        trainer.load_state_dict(stored_state(checkpoint))
    else:
        _start(trainer, arguments)
    rhythm = Rhythm(report_pictures=arguments.report_pictures, stop_after_s=arguments.stop_after)
    return Run(trainer, report, folder, rhythm)


def duration_s(text: str) -> float:
    """Seconds in "90s", "9m" or "2h"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 90s, 9m or 2h")
    return float(match[1]) * UNITS_S[match[2]]


def _trainer(recipe: ClassicRecipe | DialRecipe, arguments: argparse.Namespace) -> tuple[Trainer, Report]:
    faces = load_faces(arguments.data, "train", arguments.cache)
    device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if isinstance(recipe, ClassicRecipe):
        classic = ClassicTrainer(recipe, faces, device)
        return classic, ClassicReport(classic, faces)
    if arguments.art is None:
        raise FacesError("dial is trained on drawn emoji, too: --art FOLDER, as `prepare-art` makes it")
    dial = DialTrainer(recipe, faces, Drawn(arguments.art, arguments.cache), device)
    return dial, DialReport(dial, faces)


def _start(trainer: Trainer, arguments: argparse.Namespace) -> None:
    if arguments.init_from:
        trainer.start_from(arguments.init_from)
    if arguments.critic_from:
        trainer.critic.load_state_dict(load_critic(arguments.critic_from))


def _resumed_checkpoint(folder: RunFolder, resume: str) -> Path | None:
    found = folder.checkpoints()
    if resume == "none":
        if found:
            raise CheckpointError(f"{folder.path}: already holds a run; choose another --out or resume it")
        return None
    if resume == "auto":
        return found[-1] if found else None
    return Path(resume)
