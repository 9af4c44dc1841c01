"""How much of a face a picture shows: what `classic` chooses the best of its rounds by."""

import numpy as np
import numpy.typing as npt

from inference.preprocess import Floats, Pixels, to_tensor
from inference.runtimes import Generator

SEEN_PX = 64


class FaceJudge:
    """Asks a landmark network (see `inference.networks.landmarks`) how surely it finds the landmarks of a face."""

    def __init__(self, network: Generator) -> None:
        self._network = network

    def __call__(self, faces: Pixels) -> npt.NDArray[np.float32]:
        """faces: (N, P, P, 3), P a multiple of 64 -> (N,) in [0, 1], near 0 for what is no face."""
        return face_scores(self._network(to_tensor(_reduced(faces))))


def face_scores(heatmaps: Floats) -> npt.NDArray[np.float32]:
    """(N, K, H, W) heatmaps -> (N,): how high they rise, mean over the landmarks."""
    scores: npt.NDArray[np.float32] = heatmaps.max(axis=(2, 3)).mean(axis=1)
    return scores


def _reduced(faces: Pixels) -> Pixels:
    """(N, P, P, 3) -> (N, 64, 64, 3), the mean of the pixels that become one."""
    factor = faces.shape[1] // SEEN_PX
    blocks = faces.reshape(len(faces), SEEN_PX, factor, SEEN_PX, factor, 3)
    reduced: Pixels = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
    return reduced
