"""What an evaluation found, as Markdown for people and as JSON for programs."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.model_card import markdown_table
from inference.training.evaluate import Row
from inference.training.evaluate_emotes import VAL, Scores, ToneScores, known

JOINT_SHARE, VARIETY_MARGIN, DETAIL_DB = 0.75, 0.08, 3.0
"""To pass: joint at least this share of val faces' own, correlation at most so much above theirs, power within this."""

NO_FACES = "Without `--data` the rows and columns that need faces are left out.\n"


@dataclass(slots=True)
class Findings:
    """Everything that was measured; emotes by set and row, skin tones and seeds by row."""

    models: dict[str, str]
    faces: int = 0
    reconstruction: list[Row] = field(default_factory=list)
    emotes: dict[str, dict[str, Scores]] = field(default_factory=dict)
    skin_tone: dict[str, ToneScores] = field(default_factory=dict)
    seeds: dict[str, float] = field(default_factory=dict)


def sections(findings: Findings) -> Mapping[str, str]:
    """Markdown by section of a model card."""
    parts = {"models": "".join(f"- `{style}`: {model_id}\n" for style, model_id in findings.models.items())}
    if findings.reconstruction:
        parts["reconstruction"] = reconstruction_table(findings)
    if findings.emotes:
        parts["emotes"] = "\n".join(emote_table(name, rows) for name, rows in findings.emotes.items())
        parts["skin tone"] = tone_table(findings.skin_tone)
        parts["seeds"] = seeds_table(findings.seeds)
    return parts


def as_text(findings: Findings) -> str:
    """All sections, one after the other."""
    notes = "" if findings.faces else f"\n{NO_FACES}"
    titled = [f"## {name.capitalize()}\n\n{text}" for name, text in sections(findings).items()]
    return "\n".join(titled) + notes


def as_json(findings: Findings) -> str:
    """The same numbers; what could not be measured is null."""
    emotes = {name: {row: _plain(scores) for row, scores in rows.items()} for name, rows in findings.emotes.items()}
    content: dict[str, Any] = {
        "models": findings.models,
        "faces": findings.faces,
        "reconstruction": {
            row.name: {"psnr_db": row.psnr_db, "ssim": row.ssim, "ms_ssim": row.ms_ssim}
            for row in findings.reconstruction
        },
        "emotes": {name: {row: _contract(scores) for row, scores in rows.items()} for name, rows in emotes.items()},
        "skin_tone": {row: dataclasses.asdict(scores) for row, scores in findings.skin_tone.items()},
        "seeds": {row: distance if known(distance) else None for row, distance in findings.seeds.items()},
    }
    for extra in EXTRAS:
        content[extra] = {name: {row: scores[extra] for row, scores in rows.items()} for name, rows in emotes.items()}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


EXTRAS = ("face_likely", "memorised")
"""Scores that stand beside `emotes` in the JSON: the keys in there are a contract with other programs."""


def reconstruction_table(findings: Findings) -> str:
    """PSNR and similarity on the val faces."""
    rows = [
        (row.method, f"{row.psnr_db:.2f}", f"{row.ssim:.3f}", f"{row.ms_ssim:.3f}") for row in findings.reconstruction
    ]
    return markdown_table((f"16 -> 128 px, {findings.faces} val faces", "PSNR dB", "SSIM", "MS-SSIM"), rows)


def emote_table(name: str, rows: Mapping[str, Scores]) -> str:
    """One set; `passes` is there when val faces are, to compare with."""
    ceiling = rows.get(VAL)
    header = (name, "n", "face", "p > 0.5", "top1", "top5", "joint", "variety", "detail dB", "memorised", "passes")
    lines = [
        (
            row,
            str(scores.n),
            *(_percent(share) for share in (scores.face, scores.face_likely, scores.top1, scores.top5, scores.joint)),
            _number(scores.variety, ".3f"),
            _number(scores.detail_db, "+.1f"),
            _number(scores.memorised, ".3f"),
            passed(scores, ceiling) if ceiling else "",
        )
        for row, scores in rows.items()
    ]
    return markdown_table(header, lines)


def passed(scores: Scores, ceiling: Scores) -> str:
    """Which of joint, variety and detail a row passes, by their first letters; `-` stands for none."""
    passes = {
        "J": scores.joint >= JOINT_SHARE * ceiling.joint,
        "V": known(scores.variety) and scores.variety <= ceiling.variety + VARIETY_MARGIN,
        "D": scores.detail_db is not None and abs(scores.detail_db) <= DETAIL_DB,
    }
    return "".join(letter for letter, good in passes.items() if good) or "-"


def tone_table(rows: Mapping[str, ToneScores]) -> str:
    """People in five skin tones."""
    tones = range(1, 6)
    header = ("skin tone", "people", "ordered", *(f"face {tone}" for tone in tones), *(f"L {tone}" for tone in tones))
    lines = [
        (
            row,
            str(scores.n),
            _percent(scores.ordered),
            *map(_percent, scores.face),
            *(f"{level:.0f}" for level in scores.luminance),
        )
        for row, scores in rows.items()
    ]
    return markdown_table(header, lines)


def seeds_table(rows: Mapping[str, float]) -> str:
    """How far two seeds' faces of the same emotes are apart."""
    return markdown_table(
        ("seeds 1 and 2", "distance"), [(row, _number(distance, ".2f")) for row, distance in rows.items()]
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float | None, form: str) -> str:
    return format(value, form) if known(value) else ""


def _plain(scores: Scores) -> dict[str, Any]:
    return {key: value if known(value) else None for key, value in dataclasses.asdict(scores).items()}


def _contract(scores: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scores.items() if key not in EXTRAS}
