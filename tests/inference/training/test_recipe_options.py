import argparse
from dataclasses import dataclass

import pytest

from inference.training.recipe_options import RecipeError, add_recipe_options, asked_recipe, stored_recipe


@dataclass(frozen=True)
class Bread:
    minutes: int = 40
    salt: float = 0.02
    flours: tuple[float, ...] = (0.7, 0.3)

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise ValueError("bread takes time")


@dataclass(frozen=True)
class Soup:
    minutes: int = 20
    water: float = 1.0


RECIPES = {"bread": Bread, "soup": Soup}


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_recipe_options(parser, RECIPES)
    return parser.parse_args(words)


def test_what_is_not_given_stays() -> None:
    assert asked_recipe(Bread(minutes=50), parsed(), RECIPES) == Bread(minutes=50)


def test_every_field_can_be_given_in_its_own_type() -> None:
    words = ["--minutes", "30", "--salt", "1", "--flours", "0.5", "0.5"]
    assert asked_recipe(Bread(), parsed(*words), RECIPES) == Bread(30, 1.0, (0.5, 0.5))


def test_the_help_tells_the_defaults_of_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    assert "bread: 40, soup: 20" in capsys.readouterr().out


def test_an_option_of_another_network_is_refused() -> None:
    with pytest.raises(RecipeError, match="Bread knows no water"):
        asked_recipe(Bread(), parsed("--water", "2"), RECIPES)


def test_a_recipe_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(RecipeError, match="bread takes time"):
        asked_recipe(Bread(), parsed("--minutes", "0"), RECIPES)


def test_a_stored_recipe_comes_back_through_json() -> None:
    assert stored_recipe(Bread, {"minutes": 5, "flours": [1.0, 0.0]}) == Bread(5, 0.02, (1.0, 0.0))


@pytest.mark.parametrize("stored", [{}, {"yeast": 1}, {"minutes": "long"}])
def test_what_is_no_recipe_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        stored_recipe(Bread, stored)
