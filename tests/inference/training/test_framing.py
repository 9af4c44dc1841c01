import numpy as np

from inference.preprocess import cascade
from inference.training.faces import Faces
from inference.training.framing import frame, framed_faces


def test_the_frame_is_centred_on_the_face() -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    landmarks = np.full((25, 2), 0.5, np.float32)
    landmarks[7, 1], landmarks[8, 1] = 0.7, 0.4  # chin and forehead: centre at 0.55
    pixels[138:144, 125:131] = 255
    light = np.argwhere(np.asarray(frame(pixels, landmarks))[:, :, 0] > 128)
    assert np.abs(light.mean(0) - 63.5).max() < 1


def test_the_frame_is_about_three_quarters_of_the_picture() -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[:, 128 - 80 : 128 + 80] = 255
    width = (np.asarray(frame(pixels, np.full((25, 2), 0.5, np.float32)))[64, :, 0] > 128).sum()
    assert abs(width - 160 / (0.74 * 256) * 128) <= 1


def test_what_lies_outside_the_picture_is_black() -> None:
    landmarks = np.full((25, 2), 0.1, np.float32)
    picture = np.asarray(frame(np.full((256, 256, 3), 255, np.uint8), landmarks))
    assert (picture[0, 0] == 0).all()
    assert (picture[-1, -1] == 255).all()


def test_faces_are_taken_by_their_numbers_and_reduced(faces: Faces) -> None:
    chosen = framed_faces(faces, [5, 3])
    picture = frame(faces.pictures[3], faces.landmarks[3])
    assert chosen.targets.shape == (2, 128, 128, 3)
    assert np.array_equal(chosen.targets[1], np.asarray(picture))
    assert np.array_equal(chosen.inputs[1], cascade(picture))
