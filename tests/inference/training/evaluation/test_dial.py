import numpy as np
import pytest

from inference.feeds import Feed, Floats
from inference.protocol import FaceOptions, Style
from inference.training.emote_sets import EmoteSet, face_like, some_of
from inference.training.evaluation.dial import STOPS, DialScores, dial_columns, measured_dial
from inference.training.evaluation.drawing import StyleRow
from inference.training.evaluation.face_detector import Detection
from tests.fakes.judges import JUDGE


def scores(
    face: tuple[float, ...] = (0.1, 0.5, 0.9),
    correlation: tuple[float, ...] = (0.9, 0.5, 0.1),
    steps: tuple[float, ...] = (1, 1, 1),
) -> DialScores:
    return DialScores((0.0, 0.5, 1.0), face, (1.0, 1.0, 1.0), correlation, steps)


@pytest.mark.parametrize(
    ("dial", "broken"),
    [
        (scores(), set()),
        (scores(face=(0.5, 0.49, 0.485)), set()),
        (scores(face=(0.5, 0.49, 0.475)), {"face_does_not_fall"}),
        (scores(correlation=(0.5, 0.519, 0.1)), set()),
        (scores(correlation=(0.5, 0.515, 0.53)), {"correlation_does_not_rise"}),
        (scores(steps=(1, 1, 3, 1)), set()),
        (scores(steps=(1, 1, 3.1, 1)), {"no_jump"}),
        (scores(steps=(0, 0, 0)), {"no_jump"}),
    ],
)
def test_small_missteps_are_tolerated_and_do_not_add_up(dial: DialScores, broken: set[str]) -> None:
    assert {name for name, holds in dial.verdicts.items() if not holds} == broken


def fading(feed: Feed) -> Floats:
    """More of the emote the higher the cutoff, on black."""
    return (feed["image"] + 1) * feed["cutoff"].reshape(-1, 1, 1, 1) / 32 - 1


class SeesFacesInTheDark:
    def __call__(self, picture: np.ndarray) -> list[Detection]:
        return [Detection(0.1, 0.1, 0.9, 0.9, 0.95)] if picture.mean() < 60 else []


@pytest.fixture
def emotes() -> EmoteSet:
    return some_of(face_like(), range(4))


def test_the_dial_is_turned_through_servings_own_preparation(emotes: EmoteSet) -> None:
    row = StyleRow(fading, FaceOptions(Style.REAL, seed=0), JUDGE)
    dial = measured_dial(row, emotes, some_of(emotes, [0]), SeesFacesInTheDark())
    assert dial.realism == STOPS
    assert dial.face[0] == 0
    assert dial.face[-1] == 1
    assert dial.correlation[0] > dial.correlation[-1] > 0.5
    assert len(dial.steps) == 20
    assert all(dial.verdicts.values())


def test_the_sheet_shows_the_emote_and_every_stop(emotes: EmoteSet) -> None:
    columns = dial_columns(StyleRow(fading, FaceOptions(Style.REAL, seed=0), JUDGE), emotes)
    assert [column.shape[:3] for column in columns] == [(4, 128, 128), *[(4, 64, 64)] * len(STOPS)]
    assert columns[1].mean() > columns[-1].mean()
