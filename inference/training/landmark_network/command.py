"""`python -m inference train-landmarks`."""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from inference.export import Exported, ship, to_onnx
from inference.model_card import update_card
from inference.networks.landmarks import HEATMAP_PX, INPUT_PX, LandmarkNetwork
from inference.training.dial.drawn import Drawn
from inference.training.faces import Faces, FacesError, load_faces
from inference.training.landmark_network.examples import LandmarkExamples
from inference.training.landmark_network.measure import Measured, measured
from inference.training.landmark_network.trainer import LandmarkTrainer
from inference.weights import LANDMARKS

SHIPPED = Path(f"inference/weights/{LANDMARKS}.onnx")
PICTURES = 22_400
HELD_OUT = "val"
PERCENTILES = (5, 50, 95)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to learn from, for how long, and where to write."""
    parser.add_argument("--data", type=Path, required=True, help="folder of aligned faces, as `prepare` makes it")
    parser.add_argument("--art", type=Path, required=True, help="folder of drawn emoji, in faces/ and things/")
    parser.add_argument("--cache", type=Path, default=Path("var/cache/faces"), help="decoded pictures (%(default)s)")
    parser.add_argument("-o", "--out", type=Path, default=SHIPPED, help="ONNX file, entered beside it (%(default)s)")
    parser.add_argument("--card", type=Path, help="model card whose tables to update")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="to see in training (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Train, write the weights, and say what they are worth on the val faces."""
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        faces = load_faces(arguments.data, "train", arguments.cache)
        held_out = load_faces(arguments.data, HELD_OUT, arguments.cache)
        drawn = Drawn(arguments.art, arguments.cache)
    except FacesError as error:
        sys.stderr.write(f"train-landmarks: {error}\n")
        return 1
    trainer = LandmarkTrainer(LandmarkExamples(faces, drawn), arguments.pictures, arguments.seed)
    with tqdm(total=arguments.pictures, unit="picture") as bar:
        for progress in trainer.run():
            bar.set_postfix(loss=f"{progress.loss:.4f}", refresh=False)
            bar.update(progress.pictures - bar.n)
    report(trainer.average, arguments, held_out)
    return 0


def report(network: LandmarkNetwork, arguments: argparse.Namespace, held_out: Faces) -> None:
    """Write the weights, and measure them as they are stored."""
    exported = export_landmarks(network, arguments.out, arguments.pictures)
    table = as_table(measured(network.half().float().eval(), held_out))
    sys.stdout.write(f"{exported.model_id}: {exported.path}\n\n{table}")
    if arguments.card:
        update_card(arguments.card, "identity", identity(exported, network, arguments.pictures))
        update_card(arguments.card, "scores", table)


def export_landmarks(network: LandmarkNetwork, path: Path, pictures_seen: int) -> Exported:
    """Write `path`, and enter it into the manifest beside it."""
    described = {"network": LANDMARKS, "pictures_seen": str(pictures_seen)}
    model = to_onnx(network, {"image": torch.zeros(2, 3, INPUT_PX, INPUT_PX)}, "heatmaps", described)
    return ship(model, path, LANDMARKS, {LANDMARKS: {"input_px": INPUT_PX, "output_px": HEATMAP_PX}})


def identity(exported: Exported, network: LandmarkNetwork, pictures_seen: int) -> str:
    """A Markdown table of what the file is."""
    facts = {
        "model id": exported.model_id,
        "sha256": exported.sha256,
        "size": f"{exported.path.stat().st_size / 1e6:.1f} MB",
        "parameters": f"{sum(tensor.numel() for tensor in network.parameters()):,}",
        "pictures seen in training": f"{pictures_seen:,}",
    }
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in facts.items())


def as_table(found: Measured) -> str:
    """Markdown: scores of every kind of picture, and how far the landmarks are off."""
    lines = [
        "| pictures | number | score: 5 % | median | 95 % | AUC of faces against them |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, scores in found.scores.items():
        low, middle, high = np.percentile(scores, PERCENTILES)
        surely = f"{found.surely[name]:.3f}" if name in found.surely else ""
        lines.append(f"| {name} | {len(scores)} | {low:.2f} | {middle:.2f} | {high:.2f} | {surely} |")
    error = f"{found.error:.1%} of the side, {found.by_eyes:.1%} of the distance between the irises"
    return "\n".join(lines) + f"\n\nLandmarks of the faces lie {error} from where they should, on average.\n"
