"""What the landmark network is worth on faces it has not seen: where it puts landmarks, what it takes for a face."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from inference.judge import face_scores
from inference.networks.landmarks import HEATMAP_PX, INPUT_PX, LandmarkNetwork
from inference.preprocess import Floats, Pixels, to_tensor
from inference.training.augment import Sampling, Views, random_views, reduced
from inference.training.dial.low_pass import low_pass
from inference.training.emote_sets import face_like, things
from inference.training.faces import IRISES, Faces
from inference.training.landmark_network.examples import noise, shuffled

VIEWS = Sampling(sides=(0.74, 0.74), jittered_share=0.0)
REFINED = 2
"""A landmark lies at the centre of gravity of the heatmap's pixels this near to its highest."""
BATCH = 32
BLURS = (16.0, 8.0, 4.0)
"""Pixels across left of the faces."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`error` is the mean distance of landmarks inside the view, in sides; `by_eyes` in distances between the irises.

    `scores` are those of each kind of picture; `surely` is how often a face scores above what is none, of each kind of
    the latter (area under the ROC curve).
    """

    error: float
    by_eyes: float
    scores: dict[str, npt.NDArray[np.float32]]
    surely: dict[str, float]


def measured(network: LandmarkNetwork, faces: Faces, seed: int = 0) -> Measured:
    """One view of each of the faces, against twemoji, which training never shows, faces in pieces, and noise."""
    random = Generator().manual_seed(seed)
    views = random_views(faces, np.arange(len(faces)), VIEWS, random, INPUT_PX)
    heatmaps = predicted(network, views.faces)
    error, by_eyes = _errors(heatmaps, views)
    no_faces = {
        "twemoji things": _shown(things().shown()),
        "twemoji faces": _shown(face_like().shown()),
        "faces upside down": views.faces.flip(2),
        "shuffled faces": shuffled(views.faces, random),
        "noise": noise(len(faces), random),
    }
    blurs = {f"faces blurred to {cutoff:.0f} px": _blurred(views.faces, cutoff) for cutoff in BLURS}
    scores = {"faces": face_scores(heatmaps)}
    scores |= {name: face_scores(predicted(network, images)) for name, images in (blurs | no_faces).items()}
    return Measured(error, by_eyes, scores, {name: auc(scores["faces"], scores[name]) for name in no_faces})


@torch.inference_mode()
def predicted(network: LandmarkNetwork, images: Tensor) -> Floats:
    """(N, 3, 64, 64) in [-1, 1] -> (N, 25, 32, 32)."""
    return np.concatenate([network(piece).numpy() for piece in torch.split(images, BATCH)])


def located(heatmaps: Floats) -> Floats:
    """(N, K, 32, 32) heatmaps -> (N, K, 2): where each is highest, x and y, 0..1 of the side."""
    best = heatmaps.reshape(*heatmaps.shape[:2], -1).argmax(2)  # (N, K)
    steps = np.arange(HEATMAP_PX)
    rows, columns = (np.abs(steps - at[..., None]) <= REFINED for at in np.divmod(best, HEATMAP_PX))  # (N, K, 32) each
    weights = heatmaps * rows[..., :, None] * columns[..., None, :]
    weights /= np.maximum(weights.sum((2, 3), keepdims=True), 1e-6)
    centres = (steps + 0.5) / HEATMAP_PX
    return np.stack([weights.sum(2) @ centres, weights.sum(3) @ centres], 2).astype(np.float32)


def auc(above: Sequence[float] | Floats, below: Sequence[float] | Floats) -> float:
    """How often one of the first scores more than one of the second."""
    difference = np.asarray(above)[:, None] - np.asarray(below)[None, :]
    return float(((np.sign(difference) + 1) / 2).mean())


def _errors(heatmaps: Floats, views: Views) -> tuple[float, float]:
    wanted = views.landmarks.numpy()
    inside = ((wanted > 0) & (wanted < 1)).all(2)  # (N, 25)
    distance = np.linalg.norm(located(heatmaps) - wanted, axis=2)
    eyes = np.linalg.norm(wanted[:, IRISES[0]] - wanted[:, IRISES[1]], axis=1)
    return float(distance[inside].mean()), float((distance / eyes[:, None])[inside].mean())


def _shown(pictures: Pixels) -> Tensor:
    return reduced(torch.from_numpy(to_tensor(pictures)), INPUT_PX)


def _blurred(images: Tensor, cutoff: float) -> Tensor:
    return low_pass(images, torch.full((len(images),), cutoff))
