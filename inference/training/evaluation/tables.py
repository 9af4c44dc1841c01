"""Tables of what an evaluation found, in Markdown that reads as plain text, too."""

from collections.abc import Mapping, Sequence

from inference.model_card import markdown_table
from inference.training.evaluation.dial import DialScores
from inference.training.evaluation.emotes import VAL, Scores, ToneScores, known
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.steadiness import Steadiness
from inference.training.evaluation.targets import Target, passed


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


def dial_table(scores: DialScores) -> str:
    """The stops, and what is asked of the dial."""
    stops = zip(scores.realism, scores.face, scores.face_likely, scores.correlation, strict=True)
    lines = [
        (f"{realism:g}", _percent(face), _percent(likely), f"{correlation:.3f}")
        for realism, face, likely, correlation in stops
    ]
    verdicts = [(name.replace("_", " "), "yes" if holds else "no") for name, holds in scores.verdicts.items()]
    jump = _number(scores.jump, ".1f")
    return (
        markdown_table(("realism", "face", "p > 0.5", "correlation"), lines)
        + "\n"
        + markdown_table((f"largest step {jump} x the median", "holds"), verdicts)
    )


def steadiness_table(rows: Mapping[str, Steadiness]) -> str:
    """How much animations flicker."""
    lines = [(row, str(each.n), f"{each.flicker:.2f}", f"{each.times_emote:.2f}") for row, each in rows.items()]
    return markdown_table(("steadiness", "films", "flicker", "x emote"), lines)


def targets_table(judged: Sequence[Target]) -> str:
    """What was aimed at, what was reached, and what real faces reach."""
    lines = [(each.name, each.wanted, each.found, each.val_faces or "", "yes" if each.met else "no") for each in judged]
    return markdown_table(("target", "wanted", "found", "val faces", "met"), lines)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float | None, form: str) -> str:
    return format(value, form) if known(value) else ""
