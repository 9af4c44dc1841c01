"""What an evaluation found, as Markdown for people and as JSON for programs."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from inference.training.evaluation.dial import DialScores
from inference.training.evaluation.emotes import Scores, known
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.tables import (
    dial_table,
    emote_table,
    reconstruction_table,
    seeds_table,
    steadiness_table,
    targets_table,
    tone_table,
)
from inference.training.evaluation.targets import targets

NO_FACES = "Without `--data` the rows and columns that need faces are left out.\n"


def sections(findings: Findings) -> Mapping[str, str]:
    """Markdown by section of a model card."""
    parts = {"models": "".join(f"- `{style}`: {model_id}\n" for style, model_id in findings.models.items())}
    if findings.reconstruction:
        parts["reconstruction"] = reconstruction_table(findings)
    if findings.emotes:
        parts["emotes"] = "\n".join(emote_table(name, rows) for name, rows in findings.emotes.items())
    if findings.skin_tone:
        parts["skin tone"] = tone_table(findings.skin_tone)
    if findings.seeds:
        parts["seeds"] = seeds_table(findings.seeds)
    if findings.dial:
        parts["dial"] = dial_table(findings.dial)
    if findings.steadiness:
        parts["steadiness"] = steadiness_table(findings.steadiness)
    if judged := targets(findings):
        parts["targets"] = targets_table(judged)
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
        "dial": _dial(findings.dial) if findings.dial else {},
        "steadiness": {row: dataclasses.asdict(scores) for row, scores in findings.steadiness.items()},
        "targets": [dataclasses.asdict(target) for target in targets(findings)],
    }
    for extra in EXTRAS:
        content[extra] = {name: {row: scores[extra] for row, scores in rows.items()} for name, rows in emotes.items()}
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


EXTRAS = ("face_likely", "memorised")
"""Scores that stand beside `emotes` in the JSON: the keys in there are a contract with other programs."""


def _plain(scores: Scores) -> dict[str, Any]:
    return {key: value if known(value) else None for key, value in dataclasses.asdict(scores).items()}


def _contract(scores: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scores.items() if key not in EXTRAS}


def _dial(scores: DialScores) -> dict[str, Any]:
    jump = scores.jump if known(scores.jump) else None
    return {**dataclasses.asdict(scores), "jump": jump, "verdicts": scores.verdicts}
