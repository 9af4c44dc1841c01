"""The shipped judge, on pictures drawn here."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from inference.judge import FaceJudge, face_scores
from inference.preprocess import Pixels
from inference.runtimes.openvino import OpenVinoGenerator
from inference.weights import shipped


def portrait() -> Image.Image:
    """A painted face of 128 px, shaded a little so that it is not a cartoon."""
    picture = Image.new("RGB", (512, 512), (90, 100, 110))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((96, 16, 416, 470), fill=(60, 40, 30))
    draw.rectangle((190, 400, 322, 512), fill=(190, 145, 120))
    draw.ellipse((120, 60, 392, 470), fill=(215, 170, 145))
    for x in (196, 316):
        draw.ellipse((x - 34, 218, x + 34, 254), fill=(235, 230, 225))
        draw.ellipse((x - 16, 219, x + 16, 252), fill=(50, 35, 30))
        draw.arc((x - 38, 212, x + 38, 262), 180, 360, fill=(80, 50, 40), width=6)
        draw.arc((x - 48, 180, x + 48, 240), 200, 340, fill=(60, 40, 30), width=12)
    draw.polygon(((256, 240), (232, 326), (280, 326)), fill=(195, 148, 122))
    draw.ellipse((230, 312, 246, 326), fill=(140, 95, 80))
    draw.ellipse((266, 312, 282, 326), fill=(140, 95, 80))
    draw.ellipse((200, 362, 312, 404), fill=(175, 90, 85))
    draw.line((204, 382, 308, 382), fill=(110, 50, 50), width=5)
    return picture.filter(ImageFilter.GaussianBlur(4)).resize((128, 128), Image.Resampling.LANCZOS)


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


def test_a_score_is_the_mean_of_the_heatmaps_peaks() -> None:
    heatmaps = np.zeros((2, 4, 8, 8), np.float32)
    heatmaps[0, :, 3, 5] = (1, 0.5, 0.25, 0.25)
    assert face_scores(heatmaps).tolist() == [0.5, 0]
