"""How films become feeds: each network's way behind the same calls, so that nothing else has to tell them apart."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from inference import preprocess
from inference.feeds import Feed, Floats
from inference.preprocess import Pixels, matted, network_input, steadied, to_tensor
from inference.protocol import FaceOptions, Style

DIAL_INPUT_PX = 64
FINEST_CUTOFF, COARSEST_CUTOFF = 32.0, 6.0
LATENT = 64


class Preparation(Protocol):
    """What a network is shown. `output_px` is the side of the faces it draws."""

    @property
    def output_px(self) -> int: ...

    def first(self, film: Sequence[Image.Image], durations_ms: Sequence[int], options: FaceOptions) -> Feed:
        """Of the framed frames of one picture, RGBA squares of one size."""
        ...

    def again(self, feed: Feed, faces: Pixels) -> Feed:
        """Another round: faces (N, output_px, output_px, 3) that were drawn of this feed."""
        ...

    def blank(self, count: int) -> Feed:
        """A feed of grey pictures."""
        ...


@dataclass(frozen=True, slots=True)
class ClassicPreparation:
    """image: (N, 3, 16, 16)."""

    output_px: int = preprocess.TOP_PX

    def first(self, film: Sequence[Image.Image], durations_ms: Sequence[int], options: FaceOptions) -> Feed:
        """The seed's noise is the same for every frame, so that it stays one person."""
        return {"image": steadied(np.stack([network_input(emote, options) for emote in film]), durations_ms)}

    def again(self, feed: Feed, faces: Pixels) -> Feed:
        del feed
        return {"image": preprocess.fed_back(faces)}

    def blank(self, count: int) -> Feed:
        return {"image": np.zeros((count, 3, preprocess.INPUT_PX, preprocess.INPUT_PX), np.float32)}


@dataclass(frozen=True, slots=True)
class DialPreparation:
    """image: (N, 3, 64, 64), cutoff: (N,), latent: (N, 64), grain: (N, 1, P, P); see `inference.networks.dial`."""

    output_px: int = 256

    def first(self, film: Sequence[Image.Image], durations_ms: Sequence[int], options: FaceOptions) -> Feed:
        """Noise and cutoff are the same for every frame."""
        small = np.stack([_small(matted(emote)) for emote in film])
        cutoff = np.full(len(film), cutoff_of(options.realism), np.float32)
        latent, grain = noise(own_seed(film[0], options.seed), self.output_px)
        return {
            "image": low_passed(steadied(to_tensor(small), durations_ms), cutoff),
            "cutoff": cutoff,
            "latent": np.repeat(latent[np.newaxis], len(film), axis=0),
            "grain": np.repeat(grain[np.newaxis], len(film), axis=0),
        }

    def again(self, feed: Feed, faces: Pixels) -> Feed:
        small = np.stack([_small(Image.fromarray(face)) for face in faces])
        return {**feed, "image": low_passed(to_tensor(small), feed["cutoff"])}

    def blank(self, count: int) -> Feed:
        return {
            "image": np.zeros((count, 3, DIAL_INPUT_PX, DIAL_INPUT_PX), np.float32),
            "cutoff": np.full(count, COARSEST_CUTOFF, np.float32),
            "latent": np.zeros((count, LATENT), np.float32),
            "grain": np.zeros((count, 1, self.output_px, self.output_px), np.float32),
        }


PREPARATIONS: Mapping[Style, type[ClassicPreparation] | type[DialPreparation]] = {
    Style.CLASSIC: ClassicPreparation,
    Style.REAL: DialPreparation,
    Style.CURSED: DialPreparation,
}


def cutoff_of(realism: float) -> float:
    """How many pixels across are left of an emote: 32 at realism 0, 6 at 1."""
    return float(FINEST_CUTOFF * (COARSEST_CUTOFF / FINEST_CUTOFF) ** realism)


def low_passed(images: Floats, cutoff: Floats) -> Floats:
    """Blur (N, C, P, P) by a Gaussian of half a pixel of a cutoff x cutoff grid; cutoff: (N,).

    Equal to `inference.training.dial.low_pass`.
    """
    matrices = np.stack([_low_pass_matrix(images.shape[-1], float(each)) for each in cutoff])[:, np.newaxis]
    return np.asarray(matrices @ images @ matrices.transpose(0, 1, 3, 2), np.float32)


@functools.lru_cache(maxsize=32)
def _low_pass_matrix(side_px: int, cutoff: float) -> Floats:
    """(P, P): row i holds the weights of every pixel in the blurred pixel i; edges are mirrored."""
    sigma = side_px / (2 * cutoff)
    positions = np.arange(side_px)
    mirrored = np.concatenate([-1 - positions[::-1], positions, 2 * side_px - 1 - positions[::-1]])
    weights = np.exp(-((positions[:, np.newaxis] - mirrored) ** 2) / (2 * sigma**2))
    left, middle, right = np.split(weights, 3, axis=1)
    folded = left[:, ::-1] + middle + right[:, ::-1]
    matrix: Floats = (folded / folded.sum(1, keepdims=True)).astype(np.float32)
    return matrix


def noise(seed: int, side_px: int) -> tuple[Floats, Floats]:
    """Standard normal (64,) and (1, P, P). Philox is counter-based: every machine draws the same for a seed."""
    random = np.random.Generator(np.random.Philox(key=seed))
    latent = random.standard_normal(LATENT, dtype=np.float32)
    return latent, random.standard_normal((1, side_px, side_px), dtype=np.float32)


def own_seed(emote: Image.Image, seed: int | None) -> int:
    """What the noise is drawn from: the same emote and seed, or none, give the same face.

    The emote has its part in it, because one noise for all gives all faces the same wrinkles: the details of two faces
    then correlated by 0.39 on average, and by 0.11 with a noise for each.
    """
    return int.from_bytes(hashlib.sha256(matted(emote).tobytes() + f"{seed}".encode()).digest()[:4], "big")


def _small(picture: Image.Image) -> Pixels:
    """(64, 64, 3)."""
    return np.asarray(picture.resize((DIAL_INPUT_PX, DIAL_INPUT_PX), Image.Resampling.LANCZOS))
