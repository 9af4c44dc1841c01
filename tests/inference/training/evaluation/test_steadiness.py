import numpy as np
import pytest

from inference.preprocess import Pixels
from inference.protocol import FaceOptions, Picture, Style
from inference.training.emote_sets import EmoteSet, face_like, some_of
from inference.training.evaluation.drawing import StyleRow
from inference.training.evaluation.emote_films import FRAMES, MOTIONS, films
from inference.training.evaluation.emote_metrics import flicker
from inference.training.evaluation.steadiness import emote_film, measured_steadiness
from tests.fakes.judges import JUDGE


@pytest.fixture(scope="module")
def emotes() -> EmoteSet:
    return some_of(face_like(), [0, 60])


def boiling(film: Picture) -> Pixels:
    """The emote with other noise in every frame."""
    drawn = emote_film(film)
    noise = np.random.default_rng(0).integers(-30, 30, drawn.shape)
    return np.clip(drawn + noise, 0, 255).astype(np.uint8)


def test_every_emote_moves_in_every_way(emotes: EmoteSet) -> None:
    made = films(emotes)
    assert len(made) == len(emotes) * len(MOTIONS)
    for film in made:
        assert len(film.frames) == FRAMES
        assert film.frames[0] != film.frames[3] != film.frames[9]


def test_films_are_loops_without_a_jump(emotes: EmoteSet) -> None:
    for film in films(emotes):
        levels = emote_film(film).astype(int)
        steps = [np.abs(levels[at] - levels[at - 1]).mean() for at in range(FRAMES)]
        assert max(steps) < 2.5 * np.mean(steps)


def test_still_and_steady_films_do_not_flicker() -> None:
    still = np.full((6, 128, 128, 3), 90, np.uint8)
    assert flicker(still) == 0
    blinking = still.copy()
    blinking[::2] += 20
    assert flicker(blinking) == pytest.approx(40)


def test_the_emotes_own_flicker_is_the_unit(emotes: EmoteSet) -> None:
    assert measured_steadiness(emote_film, films(emotes)).times_emote == 1
    assert measured_steadiness(boiling, films(emotes)).times_emote > 3


def test_one_style_is_drawn_with_one_noise_for_all_frames(emotes: EmoteSet) -> None:
    seen = []

    def remember(feed: dict[str, np.ndarray]) -> np.ndarray:
        seen.append(feed)
        return feed["image"]

    row = StyleRow(remember, FaceOptions(Style.REAL, seed=5), JUDGE)
    steady = measured_steadiness(row.film, films(emotes)[:1])
    (feed,) = seen
    assert len(feed["image"]) == FRAMES
    assert all((feed[name] == feed[name][0]).all() for name in ("cutoff", "latent", "grain"))
    assert steady.n == 1
    assert 0 < steady.times_emote < 1
