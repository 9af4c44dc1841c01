import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.networks.classic import STAGE_PX, Stage
from inference.training.classic.recipe import ClassicRecipe, phase_at

RECIPE = ClassicRecipe(
    pictures=1000, stage_shares=(0.2, 0.3, 0.5), fade_share=0.5, adversarial_weight=0.01, adversarial_from=0.8
)


@pytest.mark.parametrize(
    ("seen", "stage"),
    [
        (0, Stage(32)),
        (199, Stage(32)),
        (200, Stage(64, 0.01)),
        (275, Stage(64, 0.5)),
        (350, Stage(64)),
        (499, Stage(64)),
        (500, Stage(128, 0.01)),
        (625, Stage(128, 0.5)),
        (750, Stage(128)),
        (1000, Stage(128)),
        (5000, Stage(128)),
    ],
)
def test_the_network_grows_with_the_pictures_seen(seen: int, stage: Stage) -> None:
    found = phase_at(RECIPE, seen).stage
    assert found.output_px == stage.output_px
    assert found.blend == pytest.approx(stage.blend)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_a_run_never_shrinks_and_its_learning_rate_never_rises(one: int, other: int) -> None:
    earlier, later = phase_at(RECIPE, min(one, other)), phase_at(RECIPE, max(one, other))
    assert (earlier.stage.index, earlier.stage.blend) <= (later.stage.index, later.stage.blend) or (
        earlier.stage.index < later.stage.index
    )
    assert earlier.learning_rate >= later.learning_rate
    assert earlier.frozen_statistics <= later.frozen_statistics


def test_the_learning_rate_falls_along_a_cosine_to_its_final_value() -> None:
    rates = [phase_at(RECIPE, seen).learning_rate for seen in (0, 500, 1000)]
    assert rates == pytest.approx([1e-3, (1e-3 + 2e-5) / 2, 2e-5])


def test_the_critic_joins_late_and_only_a_grown_network() -> None:
    assert [phase_at(RECIPE, seen).adversarial_weight for seen in (0, 799, 800, 1000)] == [0, 0, 0.01, 0.01]
    eager = ClassicRecipe(pictures=1000, adversarial_weight=0.01, adversarial_from=0.0)
    assert {
        phase_at(eager, seen).adversarial_weight for seen in range(1000) if phase_at(eager, seen).stage != Stage()
    } == {0}


def test_statistics_freeze_at_the_end() -> None:
    assert [phase_at(RECIPE, seen).frozen_statistics for seen in (0, 899, 900)] == [False, False, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": 0},
        {"batch": 1},
        {"stage_shares": (0.5, 0.5)},
        {"stage_shares": (0.5, 0.4, 0.2)},
        {"emote_share": 1.5},
        {"fade_share": 0.0},
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"pictures|shares"):
        ClassicRecipe(**changes)  # type: ignore[arg-type]


def test_every_stage_is_reached() -> None:
    assert {phase_at(RECIPE, seen).stage.output_px for seen in range(0, 1001, 50)} == set(STAGE_PX)
