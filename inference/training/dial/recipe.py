"""What a run of the emote-native network does, and where in it a number of seen pictures lies."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DialRecipe:
    """All that decides the weights of a run; stored in its checkpoints. Shares are of pictures seen."""

    pictures: int = 300_000
    batch: int = 24
    seed: int = 0
    coarse_share: float = 0.35
    """Share of the run at 64 px, at its start."""
    fine_share: float = 0.25
    """Share of the run at 256 px, at its end; what is between is at 128."""
    learning_rate: float = 2e-4
    final_learning_rate: float = 3e-5
    decay_from: float = 0.6
    """Share of the run after which the learning rates fall, by a cosine."""
    critic_learning_rate: float = 1.5e-3
    critic_steps: int = 2
    """For each of the generator's. With one, the critic never told outputs from faces (AUC 0.67; a fresh one on a still
    generator reached 0.93 in 72 steps), and the generator drew squiggles."""
    drawn_share: float = 0.4
    """Share of each batch that is drawn emoji, without a target."""
    kept_weight: float = 5.0
    """Of the difference to the target at the cutoff."""
    full_weight: float = 2.0
    """Of the difference to the target in full detail, at the finest cutoff; it falls with the cutoff's square."""
    feature_weight: float = 1.0
    """Of the same where the face's features are; it falls likewise."""
    likeness_weight: float = 4.0
    """Of a drawn emoji's likeness missed."""
    colour_weight: float = 1.0
    """Of a drawn emoji's colours missed."""
    brightness_weight: float = 2.0
    """Of a drawn emoji's brightness missed."""
    tone_weight: float = 8.0
    """Of how far the skin of a drawn emoji's face is from the lightness that the emoji asks for."""
    detail_weight: float = 0.5
    """Of how much more or less fine detail outputs have than faces, at sizes that the critic sees: asked for at 256 px,
    too, the generator answered with a weave over everything."""
    twins_weight: float = 3.0
    """Of how alike two faces of one emoji are."""
    adversarial_weight: float = 1.0
    """At the coarsest cutoff; at the finest it is 0.3 times as much."""
    projected_weight: float = 1.0
    """Of the critic that knows photographs, likewise."""
    critic_ramp: int = 7_000
    """Pictures over which that sets in; 0 with a critic that has learnt already (`--critic-from`)."""
    ema_half_life: int = 8_000
    """Pictures after which a weight counts half in the moving average."""

    def __post_init__(self) -> None:
        if min(self.pictures, self.critic_steps) < 1 or self.batch < 4:
            raise ValueError("a run needs pictures, at least four a batch, and a critic that learns")
        shares = (self.coarse_share, self.fine_share, self.drawn_share, self.decay_from)
        if not all(0 <= share <= 1 for share in shares) or self.coarse_share + self.fine_share > 1:
            raise ValueError("shares lie between 0 and 1, those of sizes also together")
        if round(self.batch * self.drawn_share) == self.batch:
            raise ValueError("some of each batch must be faces")
        if min(self.learning_rate, self.critic_learning_rate) <= 0:
            raise ValueError("learning rates are above 0")


@dataclass(frozen=True, slots=True)
class Phase:
    """What the next batch is trained with."""

    side_px: int
    learning_rate: float
    critic_learning_rate: float


def phase_at(recipe: DialRecipe, pictures_seen: int) -> Phase:
    """The phase of a run that has seen so many pictures."""
    progress = min(pictures_seen / recipe.pictures, 1.0)
    decayed = max(progress - recipe.decay_from, 0.0) / max(1 - recipe.decay_from, 1e-9)
    cosine = (1 + math.cos(math.pi * decayed)) / 2
    low = recipe.final_learning_rate / recipe.learning_rate
    factor = low + (1 - low) * cosine
    return Phase(
        side_px=_side_px(recipe, progress),
        learning_rate=recipe.learning_rate * factor,
        critic_learning_rate=recipe.critic_learning_rate * factor,
    )


def _side_px(recipe: DialRecipe, progress: float) -> int:
    if progress < recipe.coarse_share:
        return 64
    return 256 if progress >= 1 - recipe.fine_share else 128
