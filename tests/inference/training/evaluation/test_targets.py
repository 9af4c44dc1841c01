from dataclasses import replace

import pytest

from inference.training.evaluation.dial import DialScores
from inference.training.evaluation.emotes import VAL, Scores, ToneScores
from inference.training.evaluation.findings import Findings
from inference.training.evaluation.reconstruction import Row
from inference.training.evaluation.targets import passed, targets

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


def met(findings: Findings) -> dict[str, bool]:
    return {target.name: target.met for target in targets(findings)}


def test_what_was_not_measured_is_no_target() -> None:
    assert targets(Findings({})) == []


def test_real_is_judged_on_each_set_beside_what_real_faces_reach() -> None:
    sets = {name: {"real": GOOD, VAL: CEILING} for name in ("faces", "objects", "folder")}
    judged = targets(Findings({}, emotes=sets))
    assert [(each.name, each.wanted, each.found, each.met, each.val_faces) for each in judged[:2]] == [
        ("real, faces: face", ">= 95 %", "90 %", False, "90 %"),
        ("real, faces: top5", ">= 75 %", "90 %", True, "90 %"),
    ]
    names = {name: holds for name, holds in met(Findings({}, emotes=sets)).items() if "objects" in name}
    assert all(names.values())
    assert [name.partition(": ")[2] for name in names] == [
        "face", "top5", "joint", "variety", "detail", "pass joint, variety and detail",
    ]  # fmt: skip
    assert len(judged) == 12


def test_a_control_that_passes_everything_is_named() -> None:
    rows = {"emote": replace(GOOD, joint=0.1), "mean-face-0.5": GOOD, "classic": GOOD, VAL: CEILING}
    controls = targets(Findings({}, emotes={"faces": rows}))[0]
    assert (controls.found, controls.met) == ("mean-face-0.5", False)


def test_without_val_faces_variety_and_detail_are_left_out() -> None:
    scores = {"real": replace(GOOD, detail_db=None)}
    assert len(targets(Findings({}, emotes={"faces": scores}))) == 3


def test_classic_is_judged_by_its_gain_and_its_best_row() -> None:
    rows = [Row("bicubic", "", 21.7, 0, 0), Row("classic", "", 22.3, 0, 0), Row("pixel-only", "", 22.6, 0, 0)]
    emotes = {"faces": {"classic": replace(GOOD, face=0.1), "classic-i3": replace(GOOD, face=0.6)}}
    findings = Findings({}, reconstruction=rows, emotes=emotes)
    assert met(findings) == {
        "classic: over bicubic": True,
        "pixel-only: over bicubic": False,
        "classic, faces: face at its best": True,
    }
    assert targets(findings)[-1].found == "60 % (classic-i3)"


def test_the_dial_and_the_tones_are_targets_too() -> None:
    dial = DialScores((0, 1), (0.9, 0.5), (1, 1), (0.5, 0.5), (1.0, 1.0, 2.0))
    tones = {"real": ToneScores(n=28, ordered=0.9, face=(1,) * 5, luminance=(5, 4, 3, 2, 1))}
    assert met(Findings({}, dial=dial, skin_tone=tones)) == {
        "dial: face does not fall": False,
        "dial: correlation does not rise": True,
        "dial: no jump": True,
        "real: skin tones ordered": False,
    }
