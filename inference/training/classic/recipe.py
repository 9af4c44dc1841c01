"""What a training run does, and where in it a number of seen pictures lies."""

import math
from dataclasses import dataclass

from inference.networks.classic import PUBLISHED_WIDTH, STAGE_PX, Stage


@dataclass(frozen=True, slots=True)
class ClassicRecipe:
    """All that decides the weights of a run; stored in its checkpoints. Shares are of pictures seen."""

    width: int = PUBLISHED_WIDTH
    pictures: int = 900_000
    batch: int = 16
    seed: int = 0
    stage_shares: tuple[float, ...] = (0.1, 0.2, 0.7)
    fade_share: float = 0.25
    """Share of the second and third stage spent fading it in."""
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    landmark_weight: float = 0.5
    emote_share: float = 0.4
    """Share of each batch made to look like emotes."""
    adversarial_weight: float = 0.0
    adversarial_from: float = 0.7
    """Share of the run after which the critic joins."""
    critic_learning_rate: float = 1.5e-3
    fed_back_share: float = 0.1
    """Share of final-stage inputs made from the network's own output."""
    frozen_statistics_from: float = 0.9
    """Share of the run after which batch normalisation uses fixed statistics."""
    calibration_inputs: int = 1024
    """Inputs on which batch statistics are measured: for the average, and when they freeze."""
    ema_half_life: int = 8_000
    """Pictures after which a weight counts half in the moving average."""

    def __post_init__(self) -> None:
        if self.pictures < 1 or self.batch < 2:
            raise ValueError("a run needs pictures, at least two a batch")
        if len(self.stage_shares) != len(STAGE_PX) or not math.isclose(sum(self.stage_shares), 1):
            raise ValueError(f"stage shares must be {len(STAGE_PX)} numbers of sum 1, not {self.stage_shares}")
        if not 0 < self.fade_share <= 1 or not 0 <= self.emote_share <= 1:
            raise ValueError("shares lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Phase:
    """What the next batch is trained with."""

    stage: Stage
    learning_rate: float
    adversarial_weight: float
    frozen_statistics: bool


def phase_at(recipe: ClassicRecipe, pictures_seen: int) -> Phase:
    """The phase of a run that has seen so many pictures."""
    progress = min(pictures_seen / recipe.pictures, 1.0)
    cosine = (1 + math.cos(math.pi * progress)) / 2
    low, high = recipe.final_learning_rate, recipe.learning_rate
    stage = _stage_at(recipe, progress)
    joined = stage == Stage() and progress >= recipe.adversarial_from
    return Phase(
        stage=stage,
        learning_rate=low + (high - low) * cosine,
        adversarial_weight=recipe.adversarial_weight if joined else 0.0,
        frozen_statistics=progress >= recipe.frozen_statistics_from,
    )


def _stage_at(recipe: ClassicRecipe, progress: float) -> Stage:
    first, second, third = recipe.stage_shares
    if progress < first:
        return Stage(STAGE_PX[0])
    if progress < first + second:
        return Stage(STAGE_PX[1], _blend((progress - first) / (second * recipe.fade_share)))
    return Stage(STAGE_PX[2], _blend((progress - first - second) / (third * recipe.fade_share)))


def _blend(faded: float) -> float:
    """Never quite 0, which would leave the new step without a gradient."""
    return min(max(faded, 0.01), 1.0)
