import numpy as np
import pytest
from PIL import Image

from inference.protocol import AUTO, DEFAULT_REALISM, FaceOptions, Style
from inference.training.emote_sets import EmoteSet
from inference.training.evaluation.drawing import BATCH, ROWS, StyleRow
from tests.fakes import generators
from tests.fakes.judges import JUDGE, fondest_of


def squares(count: int) -> EmoteSet:
    emotes = tuple(Image.new("RGBA", (20, 20), (shade, 0, 0)) for shade in range(count))
    return EmoteSet("squares", tuple(map(str, range(count))), emotes)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (FaceOptions(), "classic"),
        (FaceOptions(realism=0.5, iterations=3), "classic-r0.5-i3"),
        (FaceOptions(Style.REAL), "real"),
        (FaceOptions(Style.REAL, realism=0), "real-r0"),
        (FaceOptions(Style.CURSED, seed=7), "cursed"),
    ],
)
def test_a_row_is_named_by_what_differs_from_the_styles_own_setting(options: FaceOptions, name: str) -> None:
    assert StyleRow(generators.instant(), options, JUDGE).name == name


def test_the_first_row_of_every_style_is_its_default() -> None:
    assert ROWS.keys() == set(Style)
    assert all(rows[0].realism == DEFAULT_REALISM[style] and rows[0].iterations == 1 for style, rows in ROWS.items())


@pytest.mark.parametrize(("style", "side_px"), [(Style.CLASSIC, 128), (Style.REAL, 256)])
def test_many_emotes_are_drawn_in_order_in_the_networks_size(style: Style, side_px: int) -> None:
    drawn = StyleRow(generators.instant(), FaceOptions(style, seed=1 if style is Style.REAL else None), JUDGE)(
        squares(BATCH + 3)
    )
    assert drawn.shape == (BATCH + 3, side_px, side_px, 3)
    assert np.array_equal(drawn[:, 50, 50, 0], np.arange(BATCH + 3))


def test_faces_are_fed_back() -> None:
    calls = []

    def count(feed: dict[str, np.ndarray]) -> np.ndarray:
        calls.append(feed["image"])
        return generators.instant()(feed)

    StyleRow(count, FaceOptions(iterations=3), JUDGE)(squares(2))
    assert len(calls) == 3


def test_auto_shows_the_round_the_judge_likes_best_emote_by_emote() -> None:
    """The network darkens by a tenth each time, so a bright emote takes more rounds to the judge's liking."""

    def darker(feed: dict[str, np.ndarray]) -> np.ndarray:
        means = feed["image"].mean(axis=(1, 2, 3)) - np.float32(0.1)
        return np.broadcast_to(means.reshape(-1, 1, 1, 1), (len(means), 3, 128, 128)).copy()

    emotes = EmoteSet("greys", ("0", "1"), tuple(Image.new("RGBA", (20, 20), (c, c, c)) for c in (165, 215)))
    drawn = StyleRow(darker, FaceOptions(iterations=AUTO), fondest_of(0))(emotes)
    assert np.abs(drawn[:, 0, 0, 0].astype(int) - 127).max() <= 8
