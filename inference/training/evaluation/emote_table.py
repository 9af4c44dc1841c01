"""All rows on all sets of emotes: draw, measure, keep what the sheets and `--save` show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from inference.preprocess import Pixels
from inference.training.emote_sets import EmoteSet, face_like, folder_set, some_of, things, tones
from inference.training.evaluation.controls import Drawer, plain_controls
from inference.training.evaluation.dial import dial_columns, measured_dial
from inference.training.evaluation.drawing import StyleRow
from inference.training.evaluation.emote_films import films
from inference.training.evaluation.emotes import (
    VAL,
    References,
    measured_emotes,
    measured_tones,
    measured_val,
    save_faces,
    seeds_apart,
)
from inference.training.evaluation.face_detector import FaceDetector
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.steadiness import emote_film, measured_steadiness
from inference.training.sheet import contact_sheet, spread

SHEETS = "sheets"
"""Apart from the faces, so that no emote's name can be that of a sheet."""
EMOTES, SKIN_TONE, SEEDS, DIAL, STEADINESS = "emotes", "skin-tone", "seeds", "dial", "steadiness"
PARTS = (EMOTES, SKIN_TONE, SEEDS, DIAL, STEADINESS)
SHEET_EMOTES = 16
PAIRS, PAIRS_A_ROW = 64, 8
SEED_EMOTES, STEP_EMOTES, FILM_EMOTES = 32, 24, 6


@dataclass(frozen=True, slots=True)
class Contest:
    """What competes: `styles` holds the rows of every style, its default first. `dial` is the row whose dial is
    turned, if any has one."""

    styles: Sequence[Sequence[StyleRow]]
    dial: StyleRow | None
    real: References | None

    def rows(self) -> Mapping[str, Drawer]:
        """By name, styles first."""
        styles = {row.name: row for row in chain.from_iterable(self.styles)}
        return {**styles, **plain_controls(), **(self.real.controls if self.real else {})}

    def defaults(self) -> Mapping[str, StyleRow]:
        """One row a style."""
        return {rows[0].name: rows[0] for rows in self.styles}


def measure_emotes(contest: Contest, parts: Collection[str], save: Path | None, findings: Findings) -> None:
    """Fill in what emotes show; sheets go to `save`. Raise DetectorMissing where there is no detector."""
    detector, faces = FaceDetector(), face_like()
    if EMOTES in parts:
        for emotes in (faces, things()):
            measure_set(contest, emotes, save, findings)
    if SKIN_TONE in parts:
        _measure_tones(contest, detector, findings)
    if SEEDS in parts:
        few = _some(faces, SEED_EMOTES)
        findings.seeds |= {name: seeds_apart(row, few) for name, row in contest.defaults().items()}
    if DIAL in parts and contest.dial:
        findings.dial = measured_dial(contest.dial, faces, _some(faces, STEP_EMOTES), detector)
        if save:
            _save_dial(save / SHEETS, contest.dial, _some(faces, SHEET_EMOTES))
    if STEADINESS in parts:
        _measure_films(contest, _some(faces, FILM_EMOTES), findings)


def measure_folder(contest: Contest, folder: Path, save: Path | None, findings: Findings) -> None:
    """The same for the emotes of a folder; the faces are saved before anything is judged.

    Raise EmotesError for a folder that is none.
    """
    emotes = folder_set(folder)
    if save:
        save_faces(save, emotes, contest.styles[0][0](emotes))
    measure_set(contest, emotes, save, findings)


def measure_set(contest: Contest, emotes: EmoteSet, save: Path | None, findings: Findings) -> None:
    """All rows on one set."""
    detector, shown = FaceDetector(), emotes.shown()
    scores, drawn = findings.emotes.setdefault(emotes.name, {}), {}
    for name, draw in tqdm(contest.rows().items(), emotes.name, disable=None):
        drawn[name] = draw(emotes)
        scores[name] = measured_emotes(drawn[name], shown, detector, contest.real)
    if contest.real:
        scores[VAL] = measured_val(contest.real, detector)
    if save:
        _save_sheets(save / SHEETS, emotes, drawn, contest.defaults())


def _measure_tones(contest: Contest, detector: FaceDetector, findings: Findings) -> None:
    rows: dict[str, Drawer] = {**contest.defaults(), "emote": EmoteSet.shown}
    for name, draw in tqdm(rows.items(), SKIN_TONE, disable=None):
        findings.skin_tone[name] = measured_tones(draw, tones(), detector)


def _measure_films(contest: Contest, emotes: EmoteSet, findings: Findings) -> None:
    rows = {name: row.film for name, row in contest.defaults().items()} | {"emote": emote_film}
    for name, draw in tqdm(rows.items(), STEADINESS, disable=None):
        findings.steadiness[name] = measured_steadiness(draw, films(emotes))


def _save_sheets(folder: Path, emotes: EmoteSet, drawn: Mapping[str, Pixels], styles: Collection[str]) -> None:
    """`<set>.png`: a column an emote, itself, then every row of the table; `<set>-<style>.png`: pairs in a grid."""
    folder.mkdir(parents=True, exist_ok=True)
    shown, few, many = emotes.shown(), spread(len(emotes), SHEET_EMOTES), spread(len(emotes), PAIRS)
    contact_sheet([shown[few], *(row[few] for row in drawn.values())]).save(folder / f"{emotes.name}.png")
    for style in styles:
        pairs = [picture for at in many for picture in (shown[at], drawn[style][at])]
        rows = [pairs[at : at + 2 * PAIRS_A_ROW] for at in range(0, len(pairs), 2 * PAIRS_A_ROW)]
        contact_sheet(rows).save(folder / f"{emotes.name}-{style}.png")


def _save_dial(folder: Path, row: StyleRow, emotes: EmoteSet) -> None:
    """`dial.png`: a row an emote, then a column a stop."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = dial_columns(row, emotes)
    contact_sheet(list(zip(*columns, strict=True))).save(folder / "dial.png")


def _some(emotes: EmoteSet, count: int) -> EmoteSet:
    return some_of(emotes, spread(len(emotes), count))
