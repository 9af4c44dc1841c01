"""The same emotes drawn otherwise: what each button changes, and which of them make sense for a face. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random

from bot.discord.buttons.controls import Action
from bot.models import FaceRequest
from inference.protocol import AUTO, MAX_ITERATIONS, MAX_SEED, FaceOptions, Layout, Style

_DEEPER = (3, 6, MAX_ITERATIONS)
REALISMS = tuple(tenths / 10 for tenths in range(11))

VARIATIONS: Mapping[Action, Callable[[FaceOptions, str, Random], FaceOptions]] = {
    Action.AGAIN: lambda options, _, random: options.changed(seed=_another_seed(options.seed, random)),
    Action.REALISM: lambda options, value, _: options.changed(realism=float(value)),
    Action.STYLE: lambda options, value, _: options.changed(style=Style(value)),
    Action.DEEPER: lambda options, *_: options.changed(iterations=_more_rounds(options)),
    Action.LARGE: lambda options, *_: options.changed(layout=Layout.FACE),
    Action.STRIP: lambda options, *_: options.changed(layout=Layout.STRIP),
    Action.MORPH: lambda options, *_: options.changed(layout=Layout.MORPH),
}


def varied(action: Action, options: FaceOptions, value: str, random: Random) -> FaceOptions:
    """What to draw now; `value` is what was picked in a menu. Raise ValueError for one that is not in there."""
    return VARIATIONS[action](options, value, random)


def offered(request: FaceRequest) -> Iterator[Action]:
    """Which variations under "more" would give another picture than the one there is."""
    options = request.options
    if options.style is Style.CLASSIC and options.iterations != AUTO and options.rounds < MAX_ITERATIONS:
        yield Action.DEEPER
    for action, layout in ((Action.LARGE, Layout.FACE), (Action.STRIP, Layout.STRIP), (Action.MORPH, Layout.MORPH)):
        if options.layout is not layout:
            yield action


def _more_rounds(options: FaceOptions) -> int:
    return next((rounds for rounds in _DEEPER if rounds > options.rounds), MAX_ITERATIONS)


def _another_seed(seed: int | None, random: Random) -> int:
    drawn = random.randrange(MAX_SEED)
    return drawn if drawn != seed else MAX_SEED
