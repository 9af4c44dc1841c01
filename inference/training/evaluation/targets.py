"""What the styles aim at, and whether they reach it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from inference.protocol import Style
from inference.training.emote_sets import FACES, OBJECTS
from inference.training.evaluation.emotes import VAL, Scores, known
from inference.training.evaluation.findings import Findings

VARIETY_MARGIN, DETAIL_DB = 0.08, 3.0
"""Correlation at most so much above that of val faces, power within so much of theirs."""
FACE = {FACES: 0.95, OBJECTS: 0.85}
TOP5 = JOINT = 0.75
CLASSIC_GAIN_DB, ABLATION_GAIN_DB, CLASSIC_FACE = 0.5, 1.0, 0.5
ABLATION = "pixel-only"
ALL = "JVD"


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table, worded; `val_faces` is what real faces reach by the same measure."""

    name: str
    wanted: str
    found: str
    met: bool
    val_faces: str | None = None


def targets(findings: Findings) -> list[Target]:
    """Those that what was measured can decide."""
    sets = ((name, findings.emotes[name]) for name in (FACES, OBJECTS) if name in findings.emotes)
    emotes = chain.from_iterable(_of_set(name, rows) for name, rows in sets)
    return [*emotes, *_of_classic(findings), *_of_dial(findings), *_of_tones(findings)]


def passed(scores: Scores, ceiling: Scores) -> str:
    """Which of joint, variety and detail a row passes, by their first letters; `-` stands for none."""
    passes = {
        "J": scores.joint >= JOINT,
        "V": known(scores.variety) and scores.variety <= ceiling.variety + VARIETY_MARGIN,
        "D": scores.detail_db is not None and abs(scores.detail_db) <= DETAIL_DB,
    }
    return "".join(letter for letter, good in passes.items() if good) or "-"


def _of_set(name: str, rows: Mapping[str, Scores]) -> Iterator[Target]:
    real, ceiling = rows.get(Style.REAL), rows.get(VAL)
    if real:
        for label, share, wanted in (
            ("face", real.face, FACE[name]),
            ("top5", real.top5, TOP5),
            ("joint", real.joint, JOINT),
        ):
            reached = _percent(getattr(ceiling, label)) if ceiling else None
            yield Target(f"real, {name}: {label}", f">= {_percent(wanted)}", _percent(share), share >= wanted, reached)
    if real and ceiling:
        letters, most = passed(real, ceiling), ceiling.variety + VARIETY_MARGIN
        variety = f"{real.variety:.3f}" if known(real.variety) else ""
        yield Target(f"real, {name}: variety", f"<= {most:.3f}", variety, "V" in letters, f"{ceiling.variety:.3f}")
        yield Target(f"real, {name}: detail", f"within {DETAIL_DB:g} dB", f"{real.detail_db:+.1f} dB", "D" in letters)
    if ceiling:
        controls = [row for row in rows if row != VAL and not row.startswith(tuple(Style))]
        fooled = [row for row in controls if passed(rows[row], ceiling) == ALL]
        yield Target(
            f"controls, {name}: pass joint, variety and detail", "none", ", ".join(fooled) or "none", not fooled
        )


def _of_classic(findings: Findings) -> Iterator[Target]:
    decibels = {row.name: row.psnr_db for row in findings.reconstruction}
    for name, wanted in ((Style.CLASSIC.value, CLASSIC_GAIN_DB), (ABLATION, ABLATION_GAIN_DB)):
        if name in decibels:
            gain = decibels[name] - decibels["bicubic"]
            yield Target(f"{name}: over bicubic", f">= {wanted:+.1f} dB", f"{gain:+.2f} dB", gain >= wanted)
    shares = {name: row.face for name, row in findings.emotes.get(FACES, {}).items() if name.startswith(Style.CLASSIC)}
    if shares:
        best = max(shares, key=lambda name: shares[name])
        found = f"{_percent(shares[best])} ({best})"
        yield Target(
            "classic, faces: face at its best", f">= {_percent(CLASSIC_FACE)}", found, shares[best] >= CLASSIC_FACE
        )


def _of_dial(findings: Findings) -> Iterator[Target]:
    if findings.dial:
        for name, holds in findings.dial.verdicts.items():
            yield Target(f"dial: {name.replace('_', ' ')}", "yes", "yes" if holds else "no", holds)


def _of_tones(findings: Findings) -> Iterator[Target]:
    if real := findings.skin_tone.get(Style.REAL):
        yield Target("real: skin tones ordered", "100 %", _percent(real.ordered), real.ordered == 1)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
