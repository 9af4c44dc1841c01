"""An observer that only counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SeenWork:
    """What a supervisor reported so far."""

    batches: int = 0
    jobs: int = 0
    inference_s: float = 0.0
    restarts: int = 0

    def batch_drawn(self, jobs: int) -> None:
        self.batches += 1
        self.jobs += jobs

    def face_drawn(self, inference_s: float) -> None:
        self.inference_s += inference_s

    def child_restarted(self) -> None:
        self.restarts += 1
