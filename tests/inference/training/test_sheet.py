import numpy as np

from inference.training.sheet import EMOJI, contact_sheet, emoji_inputs, spread


def flat(side_px: int, value: int) -> np.ndarray:
    return np.full((side_px, side_px, 3), value, np.uint8)


def test_pictures_of_every_size_are_shown_side_by_side() -> None:
    sheet = np.asarray(contact_sheet([np.stack([flat(16, 10), flat(16, 20)]), np.stack([flat(128, 30)])]))
    assert sheet.shape == (256, 256, 3)
    assert [int(sheet[y, x, 0]) for y, x in ((64, 64), (64, 192), (192, 64), (192, 192))] == [10, 20, 30, 0]


def test_indices_are_spread_evenly() -> None:
    assert spread(101, 3) == [0, 50, 100]
    assert spread(2, 12) == [0, 1]


def test_emoji_are_prepared_as_for_serving() -> None:
    inputs = emoji_inputs(0.0)
    assert inputs.shape == (len(EMOJI), 3, 16, 16)
    assert len({picture.tobytes() for picture in inputs}) == len(EMOJI)
    assert emoji_inputs(1.0).std() < inputs.std()
