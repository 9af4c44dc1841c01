"""Whether the realism dial does what it says: more realism, more of a face and less of the emote, without a jump."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from inference.preprocess import Pixels
from inference.protocol import REALISM_STEPS
from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.drawing import StyleRow
from inference.training.evaluation.emote_metrics import likeness
from inference.training.evaluation.face_detector import CONFIDENT, LIKELY, Detection, FaceDetector, shows_one_face

STOPS = (0.0, 0.25, 0.5, 0.75, 1.0)
TOLERANCE = 0.02
LARGEST_JUMP = 3.0
"""Times the median step."""


@dataclass(frozen=True, slots=True)
class DialScores:
    """By stop: shares of faces, mean correlation with the emote. `steps`: distances of outputs 1/20 apart, 0–255."""

    realism: tuple[float, ...]
    face: tuple[float, ...]
    face_likely: tuple[float, ...]
    correlation: tuple[float, ...]
    steps: tuple[float, ...]

    @property
    def jump(self) -> float:
        """The largest step over the median one; not a number where the dial does nothing."""
        median = float(np.median(self.steps))
        return max(self.steps) / median if median else float("nan")

    @property
    def verdicts(self) -> dict[str, bool]:
        """What is asked of the dial, and whether it holds."""
        return {
            "face_does_not_fall": _never_falls(self.face),
            "correlation_does_not_rise": _never_falls([-value for value in self.correlation]),
            "no_jump": self.jump <= LARGEST_JUMP,
        }


def measured_dial(row: StyleRow, emotes: EmoteSet, few: EmoteSet, detector: FaceDetector) -> DialScores:
    """Turn the dial of a style: the stops on `emotes`, the small steps on `few`."""
    shown, found, alike = emotes.shown(), [], []
    for realism in STOPS:
        outputs = row.changed(realism=realism)(emotes)
        found.append([detector(each) for each in outputs])
        alike.append(float(np.diag(likeness(outputs, shown)).mean()))
    return DialScores(
        realism=STOPS,
        face=tuple(_share(each) for each in found),
        face_likely=tuple(_share(each, LIKELY) for each in found),
        correlation=tuple(alike),
        steps=_steps(row, few),
    )


def dial_columns(row: StyleRow, emotes: EmoteSet) -> list[Pixels]:
    """For the sheet: the emotes, then what becomes of them at every stop."""
    return [emotes.shown(), *(row.changed(realism=realism)(emotes) for realism in STOPS)]


def _steps(row: StyleRow, emotes: EmoteSet) -> tuple[float, ...]:
    dials = (row.changed(realism=step / REALISM_STEPS) for step in range(REALISM_STEPS + 1))
    return tuple(_apart(one, other) for one, other in pairwise(dial(emotes) for dial in dials))


def _apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _share(found: Sequence[Sequence[Detection]], p: float = CONFIDENT) -> float:
    return float(np.mean([shows_one_face(each, p) for each in found]))


def _never_falls(values: Sequence[float]) -> bool:
    """Not below any earlier one, but for the tolerance."""
    return all(value >= highest - TOLERANCE for value, highest in zip(values, accumulate(values, max), strict=True))
