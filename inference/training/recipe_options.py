"""Recipes on the command line and in checkpoints: the fields of a frozen dataclass, and nothing written twice."""

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

R = TypeVar("R")


class RecipeError(Exception):
    """What was given or stored is no recipe of this network."""


def add_recipe_options(parser: argparse.ArgumentParser, recipes: Mapping[str, type]) -> None:
    """An option for every field of the recipes, by network; its default says its type and how many numbers it takes."""
    group = parser.add_argument_group("recipe", "not given: as in the resumed run, else the network's own")
    fields = {network: dataclasses.asdict(recipe()) for network, recipe in recipes.items()}
    for name in dict.fromkeys(name for defaults in fields.values() for name in defaults):
        own = {network: defaults[name] for network, defaults in fields.items() if name in defaults}
        default = next(iter(own.values()))
        several = isinstance(default, tuple)
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=type(default[0] if several else default),
            nargs=len(default) if several else None,
            metavar="N",
            help=", ".join(f"{network}: {value}" for network, value in own.items()),
        )


def asked_recipe(recipe: R, arguments: argparse.Namespace, recipes: Mapping[str, type]) -> R:
    """The recipe with what the command line changes; refuses what only another network's recipe has."""
    every = {field.name for kind in recipes.values() for field in dataclasses.fields(kind)}
    given = {name: value for name, value in vars(arguments).items() if name in every and value is not None}
    return _replaced(recipe, given)


def stored_recipe(kind: type[R], stored: Mapping[str, Any]) -> R:
    """The recipe in a checkpoint, whose tuples JSON made lists."""
    if not stored:
        raise RecipeError("no recipe of a run is stored there")
    return _replaced(kind(), stored)


def _replaced(recipe: R, values: Mapping[str, Any]) -> R:
    fields = {field.name for field in dataclasses.fields(recipe)}  # type: ignore[arg-type]
    if unknown := sorted(values.keys() - fields):
        raise RecipeError(f"{type(recipe).__name__} knows no {', '.join(unknown)}")
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return dataclasses.replace(recipe, **plain)  # type: ignore[type-var]
    except (TypeError, ValueError) as error:
        raise RecipeError(str(error)) from error
