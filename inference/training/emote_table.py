"""All rows on all sets of emotes: draw, measure, keep what the sheets and `--save` show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from inference.preprocess import Pixels
from inference.protocol import FaceOptions, Style
from inference.runtimes import Generator
from inference.training.controls import Drawer, plain_controls
from inference.training.emote_sets import EmoteSet, face_like, folder_set, things, tones
from inference.training.evaluate_emotes import (
    VAL,
    References,
    drawn_with,
    measured_emotes,
    measured_tones,
    measured_val,
    row_name,
    save_faces,
    seeds_apart,
)
from inference.training.evaluate_report import Findings
from inference.training.face_detector import FaceDetector
from inference.training.sheet import contact_sheet, spread

SHEETS = "sheets"
"""Apart from the faces, so that no emote's name can be that of a sheet."""
SHEET_EMOTES = 16
SEED_EMOTES = 32


@dataclass(frozen=True, slots=True)
class Contest:
    """What competes: the styles at their settings, the default first, against the controls."""

    networks: Mapping[Style, Generator]
    settings: Mapping[Style, tuple[FaceOptions, ...]]
    real: References | None

    def styles(self) -> Iterator[tuple[Generator, FaceOptions]]:
        """Every style at every setting."""
        for style, network in self.networks.items():
            for options in self.settings[style]:
                yield network, options

    def rows(self) -> Mapping[str, Drawer]:
        """By name, styles first."""
        styles = {row_name(options): drawn_with(network, options) for network, options in self.styles()}
        return {**styles, **plain_controls(), **(self.real.controls if self.real else {})}


def measure_emotes(contest: Contest, folder: Path | None, save: Path | None, findings: Findings) -> None:
    """Fill in what emotes show; `folder` holds more of them, `save` gets faces and sheets.

    Raise EmotesError for a folder that is none, DetectorMissing where there is no detector.
    """
    sets = [face_like(), things(), *([folder_set(folder)] if folder else [])]
    detector = FaceDetector()
    ceiling = {VAL: measured_val(contest.real, detector)} if contest.real else {}
    for emotes in sets:
        drawn = _measure_set(contest, emotes, detector, findings)
        findings.emotes[emotes.name] |= ceiling
        if save:
            _save_sheet(save / SHEETS / f"{emotes.name}.png", emotes, drawn)
        if save and folder and emotes is sets[-1]:
            save_faces(save, emotes, drawn[0])  # the first style at its default or at the setting asked for
    _measure_tones(contest, tones(), detector, findings)
    few = _some(sets[0], SEED_EMOTES)
    for network, options in contest.styles():
        findings.seeds[row_name(options)] = seeds_apart(network, options, few)


def _measure_set(contest: Contest, emotes: EmoteSet, detector: FaceDetector, findings: Findings) -> list[Pixels]:
    shown, scores, drawn = emotes.shown(), findings.emotes.setdefault(emotes.name, {}), []
    for row, draw in tqdm(contest.rows().items(), emotes.name, disable=None):
        drawn.append(draw(emotes))
        scores[row] = measured_emotes(drawn[-1], shown, detector, contest.real)
    return drawn


def _measure_tones(contest: Contest, people: Sequence[EmoteSet], detector: FaceDetector, findings: Findings) -> None:
    rows: dict[str, Drawer] = {row_name(options): drawn_with(network, options) for network, options in contest.styles()}
    for row, draw in tqdm({**rows, "emote": EmoteSet.shown}.items(), "tones", disable=None):
        findings.skin_tone[row] = measured_tones(draw, people, detector)


def _save_sheet(path: Path, emotes: EmoteSet, drawn: Sequence[Pixels]) -> None:
    """A column an emote: itself, then every row in the table's order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = spread(len(emotes), SHEET_EMOTES)
    contact_sheet([emotes.shown()[chosen], *(row[chosen] for row in drawn)]).save(path)


def _some(emotes: EmoteSet, count: int) -> EmoteSet:
    chosen = spread(len(emotes), count)
    return EmoteSet(emotes.name, tuple(emotes.stems[at] for at in chosen), tuple(emotes.emotes[at] for at in chosen))
