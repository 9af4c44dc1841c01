import json
from dataclasses import replace

import pytest

from inference.training.evaluate import Row
from inference.training.evaluate_emotes import VAL, Scores, ToneScores
from inference.training.evaluate_report import Findings, as_json, as_text, passed

GOOD = Scores(n=9, face=0.9, face_likely=1, top1=0.8, top5=0.9, joint=0.8, variety=0.05, detail_db=-1, memorised=0.7)
CEILING = replace(GOOD, joint=1.0, variety=0.03, detail_db=0)


@pytest.mark.parametrize(
    ("scores", "letters"),
    [
        (GOOD, "JVD"),
        (replace(GOOD, joint=0.74), "VD"),
        (replace(GOOD, variety=0.12), "JD"),
        (replace(GOOD, detail_db=-3.1), "JV"),
        (replace(GOOD, detail_db=3.1), "JV"),
        (replace(GOOD, joint=0, variety=float("nan"), detail_db=9), "-"),
    ],
)
def test_a_row_passes_joint_variety_and_detail_each_by_itself(scores: Scores, letters: str) -> None:
    assert passed(scores, CEILING) == letters


@pytest.fixture
def findings() -> Findings:
    tones = ToneScores(n=28, ordered=0.5, face=(0.1, 0.2, 0.3, 0.4, 0.5), luminance=(200, 180, 160, 140, 120))
    return Findings(
        {"classic": "classic-w8-abc"},
        faces=120,
        reconstruction=[Row("bicubic", "bicubic", 21.716, 0.5917, 0.8)],
        emotes={"faces": {"classic": replace(GOOD, variety=float("nan")), VAL: CEILING}},
        skin_tone={"classic": tones},
        seeds={"classic": 0.321, "collapsed": float("nan")},
    )


def test_the_text_is_aligned_and_names_the_model(findings: Findings) -> None:
    lines = as_text(findings).splitlines()
    assert "- `classic`: classic-w8-abc" in lines
    table = lines[lines.index("## Emotes") + 2 :][:4]
    assert len({len(line) for line in table}) == 1
    cells = [cell.strip() for cell in table[2].strip("|").split("|")]
    assert cells == ["classic", "9", "90 %", "100 %", "80 %", "90 %", "80 %", "", "-1.0", "0.700", "JD"]
    assert "| classic       |     0.32 |" in lines
    assert "| collapsed     |          |" in lines


def test_what_is_unknown_is_null(findings: Findings) -> None:
    content = json.loads(as_json(findings))
    assert content["emotes"]["faces"]["classic"]["variety"] is None
    assert content["face_likely"] == {"faces": {"classic": 1, VAL: 1}}
    assert content["seeds"] == {"classic": 0.321, "collapsed": None}
    assert content["skin_tone"]["classic"]["face"] == [0.1, 0.2, 0.3, 0.4, 0.5]
