"""The styles as rows of the evaluation: faces drawn through serving's own preprocessing. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from inference.animation import durations_ms
from inference.feeds import Feed, joined
from inference.judge import FaceJudge
from inference.preparation import PREPARATIONS
from inference.preprocess import Pixels, framed_film, from_tensor
from inference.protocol import AUTO, DEFAULT_REALISM, FaceOptions, Picture, Style
from inference.runtimes import Generator
from inference.training.emote_sets import EmoteSet

BATCH = 32
"""Emotes drawn together; the noise of all at once would be large."""
ROWS: Mapping[Style, tuple[FaceOptions, ...]] = {
    Style.REAL: (
        FaceOptions(Style.REAL, seed=0),
        FaceOptions(Style.REAL, seed=0, realism=0.5),
        FaceOptions(Style.REAL, seed=0, realism=1),
    ),
    Style.CURSED: (FaceOptions(Style.CURSED, seed=0), FaceOptions(Style.CURSED, seed=0, realism=0)),
    Style.CLASSIC: (
        FaceOptions(),
        FaceOptions(iterations=3),
        FaceOptions(iterations=10),
        FaceOptions(iterations=AUTO),
        FaceOptions(realism=0.5, iterations=3),
        FaceOptions(realism=1),
    ),
}
"""The settings of each style that are measured when none are asked for; the first has the style's own realism.
The styles stand in the order in which they are shown.

The emote-native network is measured at seed 0, as its targets are set.
"""


@dataclass(frozen=True, slots=True)
class StyleRow:
    """A style at one setting, with the network that draws it."""

    generator: Generator
    options: FaceOptions
    judge: FaceJudge

    @property
    def name(self) -> str:
        """`classic`, `classic-r0.5-i3`: the style, and what differs from its own realism and one iteration."""
        own = self.options.realism == DEFAULT_REALISM[self.options.style]
        realism = "" if own else f"-r{self.options.realism:g}"
        iterations = f"-i{self.options.iterations}" if self.options.rounds > 1 else ""
        return f"{self.options.style}{realism}{iterations}"

    def changed(self, **values: float) -> "StyleRow":
        """The same network with other options."""
        return replace(self, options=self.options.changed(**values))

    def __call__(self, emotes: EmoteSet) -> Pixels:
        """(N, P, P, 3) uint8, as large as the network draws."""
        first = PREPARATIONS[self.options.style]().first
        batches = (emotes.emotes[at : at + BATCH] for at in range(0, len(emotes), BATCH))
        feeds = (joined([first([emote], [0], self.options) for emote in batch]) for batch in batches)
        return np.concatenate([self._drawn(feed) for feed in feeds])

    def film(self, picture: Picture) -> Pixels:
        """(F, P, P, 3) uint8: the frames of a loop."""
        preparation = PREPARATIONS[self.options.style]()
        return self._drawn(preparation.first(framed_film(picture), durations_ms(picture), self.options))

    def _drawn(self, feed: Feed) -> Pixels:
        rounds = [from_tensor(self.generator(feed))]
        for _ in range(self.options.rounds - 1):
            feed = PREPARATIONS[self.options.style]().again(feed, rounds[-1])
            rounds.append(from_tensor(self.generator(feed)))
        if self.options.iterations != AUTO:
            return rounds[-1]
        best = np.stack([self.judge(faces) for faces in rounds]).argmax(0)
        chosen: Pixels = np.stack(rounds)[best, np.arange(len(best))]
        return chosen
