"""How much of a face a picture shows: what `classic` chooses the best of its rounds by."""

from collections.abc import Sequence

import numpy as np

from config.settings import InferenceSettings
from inference.feeds import Floats
from inference.preprocess import Pixels, to_tensor
from inference.runtimes import Generator, load_generator
from inference.weights import LANDMARKS

SEEN_PX = 64


class FaceJudge:
    """Asks a landmark network (see `inference.networks.landmarks`) how surely it finds the landmarks of a face."""

    def __init__(self, network: Generator) -> None:
        self._network = network

    def __call__(self, faces: Pixels) -> Floats:
        """faces: (N, P, P, 3), P a multiple of 64 -> (N,) in [0, 1], near 0 for what is no face."""
        return face_scores(self._network({"image": to_tensor(_reduced(faces))}))


def load_judge(settings: InferenceSettings) -> FaceJudge:
    """In the configured runtime, or the default one where that is a generator for tests; it draws, but cannot judge."""
    if ":" in settings.runtime:
        settings = settings.model_copy(update={"runtime": "auto"})
    return FaceJudge(load_generator(settings, LANDMARKS))


def most_face_like(rounds: Sequence[Floats]) -> int:
    """Which round's frames score highest, on average; the earliest of those that are equal."""
    return int(np.argmax([scores.mean() for scores in rounds]))


def face_scores(heatmaps: Floats) -> Floats:
    """(N, K, H, W) heatmaps -> (N,): how high they rise, mean over the landmarks."""
    scores: Floats = heatmaps.max(axis=(2, 3)).mean(axis=1)
    return scores


def _reduced(faces: Pixels) -> Pixels:
    """(N, P, P, 3) -> (N, 64, 64, 3), the mean of the pixels that become one."""
    factor = faces.shape[1] // SEEN_PX
    blocks = faces.reshape(len(faces), SEEN_PX, factor, SEEN_PX, factor, 3)
    reduced: Pixels = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
    return reduced
