"""Where a run keeps its checkpoints, history and pictures.

A checkpoint is two files: `<network>-<pictures>.safetensors`, the averaged generator that can be
exported, and beside it `<network>-<pictures>.resume`, what only a resumed run needs. The second is
written first and each appears whole, so a killed process leaves no half checkpoint. The last two are kept; beside
every sheet lie the weights that drew it, since the best of a run are not always its last.
"""

import json
import pickle
from pathlib import Path
from typing import Any

import torch

from inference.checkpoint import CheckpointError
from inference.training.trainer import Trainer

KEPT = 2


class RunFolder:
    """One folder, one run of one network."""

    def __init__(self, path: Path, network: str) -> None:
        self.path = path
        self._network = network
        self.sheets = path / "sheets"
        self.sheets.mkdir(parents=True, exist_ok=True)
        self.history = path / "history.jsonl"
        self.curves = path / "curves.png"

    def checkpoints(self) -> list[Path]:
        """The complete checkpoints, oldest first."""
        return sorted(self.path.glob(f"{self._network}-*.safetensors"))

    def save(self, trainer: Trainer) -> Path:
        """Write a checkpoint and drop all but the last two; the average must be settled."""
        path = self.path / f"{self._network}-{trainer.pictures_seen:09d}.safetensors"
        resume = path.with_suffix(".resume")
        unfinished = resume.with_suffix(".part")
        torch.save(trainer.state_dict(), unfinished)
        unfinished.replace(resume)
        trainer.save_average(path)
        for old in self.checkpoints()[:-KEPT]:
            old.unlink()
            old.with_suffix(".resume").unlink(missing_ok=True)
        return path

    def log(self, pictures: int, numbers: dict[str, float]) -> None:
        """Add a line to the history."""
        with self.history.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"pictures": pictures, **numbers}) + "\n")


def stored_state(checkpoint: Path) -> dict[str, Any]:
    """What `Trainer.load_state_dict` takes, from beside a checkpoint."""
    path = checkpoint.with_suffix(".resume")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: the run cannot go on from here ({error})") from error
    return state
