"""What an evaluation found, before anybody words it."""

from dataclasses import dataclass, field

from inference.training.evaluation.dial import DialScores
from inference.training.evaluation.emotes import Scores, ToneScores
from inference.training.evaluation.reconstruction import Row
from inference.training.evaluation.steadiness import Steadiness


@dataclass(slots=True)
class Findings:
    """Everything that was measured; emotes by set and row, skin tones, seeds and steadiness by row."""

    models: dict[str, str]
    faces: int = 0
    reconstruction: list[Row] = field(default_factory=list)
    emotes: dict[str, dict[str, Scores]] = field(default_factory=dict)
    skin_tone: dict[str, ToneScores] = field(default_factory=dict)
    seeds: dict[str, float] = field(default_factory=dict)
    dial: DialScores | None = None
    steadiness: dict[str, Steadiness] = field(default_factory=dict)
