import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.training.dial.recipe import DialRecipe, phase_at

RECIPE = DialRecipe(
    pictures=1000,
    coarse_share=0.4,
    fine_share=0.1,
    decay_from=0.5,
    learning_rate=3e-4,
    critic_learning_rate=1.5e-3,
)


def test_the_pictures_grow_twice() -> None:
    assert [phase_at(RECIPE, seen).side_px for seen in (0, 399, 400, 899, 900, 5000)] == [64, 64, 128, 128, 256, 256]


def test_the_learning_rates_stay_and_then_fall_along_a_cosine() -> None:
    rates = [phase_at(RECIPE, seen).learning_rate for seen in (0, 500, 750, 1000, 2000)]
    assert rates == pytest.approx([3e-4, 3e-4, 1.65e-4, 3e-5, 3e-5])


@given(st.integers(0, 2000))
def test_the_critic_learns_at_the_same_multiple_throughout(seen: int) -> None:
    phase = phase_at(RECIPE, seen)
    assert phase.critic_learning_rate == pytest.approx(5 * phase.learning_rate)


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": 0},
        {"batch": 3},
        {"coarse_share": -0.1},
        {"coarse_share": 0.7, "fine_share": 0.4},
        {"drawn_share": 1.0},
        {"decay_from": 2},
        {"learning_rate": 0},
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"pictures|shares|faces|learning rates"):
        DialRecipe(**changes)  # type: ignore[arg-type]
