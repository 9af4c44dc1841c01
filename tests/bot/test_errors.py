from __future__ import annotations

import inspect
import re

import pytest

from bot import errors
from bot.errors import ERROR_OF_CODE, FaceError, GeneratorUnavailable
from inference.protocol import FailureCode


def subclasses(kind: type[FaceError]) -> set[type[FaceError]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def drawn_tree() -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """Name → (parent, parameters), read from the drawing in the module's docstring."""
    tree: dict[str, tuple[str | None, tuple[str, ...]]] = {}
    above: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        if not (drawn := re.fullmatch(r"([│├└─ ]*)([A-Z]\w+)(?:\(([\w, ]*)\))?(?: {2,}.*)?", line)):
            continue
        depth = len(drawn[1]) // 4
        del above[depth:]
        parameters = tuple(filter(None, (drawn[3] or "").split(", ")))
        tree[drawn[2]] = (above[-1] if above else None, parameters)
        above.append(drawn[2])
    return tree


def parameters(kind: type[FaceError]) -> tuple[str, ...]:
    if "__init__" not in vars(kind):
        return ()
    return tuple(inspect.signature(kind).parameters)


def test_the_docstring_draws_exactly_the_tree_there_is() -> None:
    real = {
        kind.__name__: (None if kind is FaceError else kind.__mro__[1].__name__, parameters(kind))
        for kind in subclasses(FaceError)
    }
    assert drawn_tree() == real


def test_every_wire_code_has_an_error_that_needs_no_more_than_the_code() -> None:
    assert set(ERROR_OF_CODE) == set(FailureCode)
    for kind in ERROR_OF_CODE.values():
        assert issubclass(kind, GeneratorUnavailable)
        assert isinstance(kind(), GeneratorUnavailable)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NothingToDraw(), "nothing_to_draw"),
        (errors.TooManyRequests(1), "too_many_requests"),
        (errors.Busy(1), "busy"),
        (errors.NoWeights(), "no_weights"),
    ],
)
def test_an_error_has_a_name_for_machines(error: FaceError, code: str) -> None:
    assert error.code == code


def test_no_two_errors_share_their_name_for_machines() -> None:
    kinds = subclasses(FaceError)
    codes = {kind.code.fget(kind.__new__(kind)) for kind in kinds}  # type: ignore[attr-defined]
    assert len(codes) == len(kinds)


def test_every_leaf_says_when_it_happens() -> None:
    for kind in subclasses(FaceError):
        assert vars(kind).get("__doc__"), f"{kind.__name__} has no docstring"
