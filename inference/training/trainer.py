"""What the training loop asks of a network's trainer; there is one trainer in `classic/` and one in `dial/`."""

from pathlib import Path
from typing import Any, Protocol

from inference.training.critic import Critic


class Recipe(Protocol):
    """All that decides the weights of a run: a frozen dataclass whose fields are the options of `train`."""

    @property
    def pictures(self) -> int:
        """How many pictures a run sees."""

    @property
    def batch(self) -> int:
        """How many of them at once."""


class Trainer(Protocol):
    """A run in memory. What it does next depends only on its state, never on time."""

    pictures_seen: int
    critic: Critic

    @property
    def recipe(self) -> Recipe:
        """What the run was asked to do."""

    @property
    def size(self) -> str:
        """For people: how large the pictures are by now."""

    def step(self) -> dict[str, float]:
        """Train on one batch; returns its losses by name, raises TrainingDiverged."""

    def settle(self) -> None:
        """Make the averaged weights fit to be saved and shown."""

    def save_average(self, path: Path) -> None:
        """Write the averaged generator, with the recipe, as a checkpoint that `export` takes."""

    def start_from(self, path: Path) -> None:
        """Begin with the generator of a checkpoint instead of a random one."""

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here, but for the recipe."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a trainer with the same recipe."""
