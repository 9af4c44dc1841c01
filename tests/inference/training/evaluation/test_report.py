import json
from dataclasses import replace

import pytest

from inference.training.evaluation.dial import DialScores
from inference.training.evaluation.emotes import VAL, Scores, ToneScores
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.reconstruction import Row
from inference.training.evaluation.report import as_json, as_text
from inference.training.evaluation.steadiness import Steadiness

GOOD = Scores(n=9, face=0.9, face_likely=1, top1=0.8, top5=0.9, joint=0.8, variety=0.05, detail_db=-1, memorised=0.7)
CEILING = replace(GOOD, joint=1.0, variety=0.03, detail_db=0)


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
        dial=DialScores((0, 0.5, 1), (0.5, 0.6, 0.7), (1, 1, 1), (0.9, 0.8, 0.7), (0.0, 0.0)),
        steadiness={"classic": Steadiness(6, 2.5, 1.25)},
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
    assert content["dial"]["jump"] is None
    assert content["dial"]["verdicts"] == {
        "face_does_not_fall": True,
        "correlation_does_not_rise": True,
        "no_jump": False,
    }
    assert content["steadiness"] == {"classic": {"n": 6, "flicker": 2.5, "times_emote": 1.25}}


def test_the_dial_and_steadiness_have_tables(findings: Findings) -> None:
    lines = as_text(findings).splitlines()
    assert "| 0.5     | 60 % |   100 % |       0.800 |" in lines
    assert "| no jump                    |    no |" in lines
    assert "| classic    |     6 |    2.50 |    1.25 |" in lines
