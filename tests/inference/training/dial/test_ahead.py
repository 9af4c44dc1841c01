import threading

import torch

from inference.training.dial.ahead import Ahead, Drawing
from inference.training.dial.examples import Batch


def drawing(number: int) -> Drawing:
    empty = torch.zeros(0)
    return Batch(torch.tensor([number]), empty, empty, 0), torch.Generator().manual_seed(number)


def test_batches_come_as_asked_for_even_after_a_jump() -> None:
    ahead = Ahead(drawing)
    for number, following in ((0, 4), (4, 8), (100, 104), (104, 108)):
        batch, random = ahead.take(number, following)
        assert batch.faces.item() == number
        assert random.initial_seed() == number


def test_the_following_batch_is_drawn_once_and_in_another_thread() -> None:
    drawn: list[tuple[int, int]] = []

    def noting(number: int) -> Drawing:
        drawn.append((number, threading.get_ident()))
        return drawing(number)

    ahead = Ahead(noting)
    ahead.take(0, 4)
    ahead.take(4, 8)
    ahead.take(8, 12)
    numbers, threads = zip(*drawn[:3], strict=True)
    assert numbers == (0, 4, 8)
    assert threads[0] == threading.get_ident()
    assert threads[1] == threads[2] != threads[0]
