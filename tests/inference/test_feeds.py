import numpy as np
import pytest

from inference.feeds import Feed, joined, pieces, rows


def feed(start: int, count: int) -> Feed:
    numbers = np.arange(start, start + count, dtype=np.float32)
    return {"image": np.broadcast_to(numbers[:, None, None, None], (count, 3, 2, 2)), "cutoff": numbers}


def test_a_feed_has_as_many_rows_as_each_of_its_arrays() -> None:
    assert rows(feed(0, 5)) == 5


@pytest.mark.parametrize("wrong", [{}, {"image": np.zeros((2, 3), np.float32), "cutoff": np.zeros(3, np.float32)}])
def test_arrays_that_do_not_agree_are_no_feed(wrong: Feed) -> None:
    with pytest.raises(ValueError, match="no batch"):
        rows(wrong)


def test_feeds_are_joined_in_order() -> None:
    together = joined([feed(0, 2), feed(2, 3)])
    assert together["cutoff"].tolist() == [0, 1, 2, 3, 4]
    assert together["image"][:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("count", "sizes", "expected"),
    [(13, (8, 4, 2, 1), [8, 4, 1]), (35, (32,), [32, 3]), (32, (32,), [32]), (3, (8, 4, 2, 1), [2, 1])],
)
def test_a_feed_is_cut_into_pieces_as_large_as_may_be(count: int, sizes: tuple[int, ...], expected: list[int]) -> None:
    cut = list(pieces(feed(0, count), sizes))
    assert [rows(piece) for piece in cut] == expected
    assert joined(cut)["cutoff"].tolist() == list(range(count))
