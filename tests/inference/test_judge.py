"""The shipped judge, on pictures drawn here."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from inference.judge import FaceJudge, face_scores, most_face_like
from inference.preprocess import Pixels
from inference.runtimes.openvino import OpenVinoGenerator
from inference.weights import shipped
from tests.inference.portrait import portrait


def pixels(*pictures: Image.Image) -> Pixels:
    return np.stack([np.asarray(picture) for picture in pictures])


@pytest.fixture(scope="module")
def judge() -> FaceJudge:
    return FaceJudge(OpenVinoGenerator(shipped("landmarks").path, threads=1, precision="f32"))


def test_a_face_is_more_of_a_face_than_blurs_noise_pieces_and_itself_on_its_head(judge: FaceJudge) -> None:
    face = portrait()
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8))
    pieces = [np.roll(np.asarray(face), shift, axis=(0, 1)) for shift in ((64, 64), (40, 20))]
    others = [face.filter(ImageFilter.GaussianBlur(12)), noise, face.rotate(180), *map(Image.fromarray, pieces)]
    scores = judge(pixels(face, *others))
    assert scores[0] > 0.2
    assert scores[0] > 2 * scores[1:].max()


def test_larger_faces_are_judged_like_smaller_ones(judge: FaceJudge) -> None:
    face = portrait()
    scores = [judge(pixels(face.resize((side, side), Image.Resampling.BICUBIC)))[0] for side in (64, 128, 256)]
    assert max(scores) - min(scores) < 0.1


def test_the_round_with_the_highest_mean_of_its_frames_is_the_most_face_like() -> None:
    rounds = [np.array(scores, np.float32) for scores in ((0.9, 0.0), (0.5, 0.6), (0.6, 0.5))]
    assert most_face_like(rounds) == 1


def test_a_score_is_the_mean_of_the_heatmaps_peaks() -> None:
    heatmaps = np.zeros((2, 4, 8, 8), np.float32)
    heatmaps[0, :, 3, 5] = (1, 0.5, 0.25, 0.25)
    assert face_scores(heatmaps).tolist() == [0.5, 0]
