"""Faces drawn from emotes, row by row: all scores of one set. No torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from inference.preprocess import Pixels
from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.controls import Drawer, face_controls
from inference.training.evaluation.drawing import StyleRow
from inference.training.evaluation.emote_metrics import (
    RETRIEVED,
    Memory,
    Numbers,
    centre_luminance,
    detail_power,
    ranks,
    seed_distance,
    variety,
    worst_detail_db,
)
from inference.training.evaluation.face_detector import LIKELY, FaceDetector, shows_one_face
from inference.training.faces import load_faces
from inference.training.framing import FramedFaces, frame

VAL = "val-faces"


@dataclass(frozen=True, slots=True)
class Scores:
    """One row on one set; see docs/evaluation.md. None is what cannot be said without faces."""

    n: int
    face: float
    face_likely: float
    top1: float
    top5: float
    joint: float
    variety: float
    detail_db: float | None
    memorised: float | None


@dataclass(frozen=True, slots=True)
class ToneScores:
    """The same people in five skin tones, light to dark: `ordered` is the share that come out so."""

    n: int
    ordered: float
    face: tuple[float, ...]
    luminance: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class References:
    """What real faces are needed for. train: (M, 128, 128, 3) uint8."""

    val: FramedFaces
    memory: Memory
    detail: Numbers
    controls: Mapping[str, Drawer]


def references(folder: Path, cache: Path, val: FramedFaces) -> References:
    """Load and frame the training faces of a folder."""
    faces = load_faces(folder, "train", cache)
    train = np.stack([np.asarray(frame(*face)) for face in zip(faces.pictures, faces.landmarks, strict=True)])
    return References(val, Memory.of(train), detail_power(val.targets), face_controls(train))


def measured_emotes(outputs: Pixels, shown: Pixels, detector: FaceDetector, real: References | None) -> Scores:
    """outputs: (N, P, P, 3), drawn of the emotes `shown`, (N, 128, 128, 3)."""
    found = [detector(each) for each in outputs]
    face = np.array([shows_one_face(each) for each in found])
    order = ranks(outputs, shown)
    return Scores(
        n=len(outputs),
        face=float(face.mean()),
        face_likely=float(np.mean([shows_one_face(each, LIKELY) for each in found])),
        top1=float((order < 1).mean()),
        top5=float((order < RETRIEVED).mean()),
        joint=float((face & (order < RETRIEVED)).mean()),
        variety=variety(outputs),
        detail_db=worst_detail_db(outputs, real.detail) if real else None,
        memorised=real.memory.nearest(outputs) if real else None,
    )


def measured_val(real: References, detector: FaceDetector) -> Scores:
    """The ceiling: val faces, as if they had been drawn of themselves."""
    return measured_emotes(real.val.targets, real.val.targets, detector, real)


def measured_tones(draw: Drawer, sets: Sequence[EmoteSet], detector: FaceDetector) -> ToneScores:
    """`sets`: the same people once a tone, light to dark."""
    drawn = [draw(each) for each in sets]
    luminance = np.stack([centre_luminance(each) for each in drawn])
    return ToneScores(
        n=len(sets[0]),
        ordered=float((np.diff(luminance, axis=0) < 0).all(0).mean()),
        face=tuple(float(np.mean([shows_one_face(detector(each)) for each in tone])) for tone in drawn),
        luminance=tuple(map(float, luminance.mean(1))),
    )


def seeds_apart(row: StyleRow, emotes: EmoteSet) -> float:
    """Distance of the faces that seeds 1 and 2 give."""
    return seed_distance(row.changed(seed=1)(emotes), row.changed(seed=2)(emotes))


def save_faces(folder: Path, emotes: EmoteSet, pictures: Pixels) -> None:
    """`<stem>.png` for every emote, in the network's own size."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, picture in zip(emotes.stems, pictures, strict=True):
        Image.fromarray(picture).save(folder / f"{stem}.png")


def known(number: float | None) -> bool:
    """Whether a score could be measured."""
    return number is not None and not math.isnan(number)
