import numpy as np
import pytest
import torch
from PIL import Image

from inference.preprocess import cascade, to_tensor
from inference.training.augment import (
    EMOTES,
    PHOTOGRAPHS,
    Sampling,
    face_centres,
    gaussian_blur,
    jitter,
    network_inputs,
    random_views,
    reduced,
    soften,
)
from inference.training.faces import Faces

UNCHANGED = torch.tensor([[1.0, 1.0, 1.0, 0.0]])


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dotted(landmarks: np.ndarray) -> Faces:
    """Black pictures with a white dot at one landmark each, which the views must then show."""
    pictures = np.zeros((len(landmarks), 256, 256, 3), np.uint8)
    for number, (x, y) in enumerate(landmarks[:, 0] * 256):
        pictures[number, int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] = 255
    return Faces(pictures, landmarks)


def centroid(image: torch.Tensor) -> tuple[float, float]:
    """(3, P, P) -> the centre of its light, 0..1."""
    light = (image + 1).sum(0)
    steps = (torch.arange(light.shape[0]) + 0.5) / light.shape[0]
    return float((light.sum(0) * steps).sum() / light.sum()), float((light.sum(1) * steps).sum() / light.sum())


def test_a_view_is_a_function_of_its_stream(faces: Faces) -> None:
    indices = np.arange(3)
    first, again = (random_views(faces, indices, PHOTOGRAPHS, stream(1)) for _ in range(2))
    other = random_views(faces, indices, PHOTOGRAPHS, stream(2))
    assert torch.equal(first.faces, again.faces)
    assert not torch.equal(first.faces, other.faces)


@pytest.mark.parametrize("side_px", [64, 128, 256])
def test_views_are_pictures_in_range(faces: Faces, side_px: int) -> None:
    views = random_views(faces, np.arange(4), PHOTOGRAPHS, stream(), side_px)
    assert views.faces.shape == (4, 3, side_px, side_px)
    assert views.landmarks.shape == (4, 25, 2)
    assert views.faces.abs().max() <= 1


def test_a_view_is_the_same_at_every_size(faces: Faces) -> None:
    small, large = (random_views(faces, np.arange(4), EMOTES, stream(), side_px).faces for side_px in (128, 256))
    torch.testing.assert_close(reduced(large, 128), small, atol=0.3, rtol=0)
    assert (reduced(large, 128) - small).abs().mean() < 0.02


def test_landmarks_move_with_the_picture(faces: Faces) -> None:
    """The nose (its own mirror image) of 40 faces, in views flipped, turned, shifted and scaled at random."""
    noses = dotted(np.repeat(faces.landmarks[:, 2:3], 25, axis=1))
    points = faces.landmarks.copy()
    views = random_views(Faces(noses.pictures, points), np.arange(40), Sampling((0.62, 1.0), 0.0), stream(3))
    for picture, landmarks in zip(views.faces, views.landmarks, strict=True):
        x, y = centroid(picture)
        assert abs(x - landmarks[2, 0]) < 0.01
        assert abs(y - landmarks[2, 1]) < 0.01


def test_left_stays_left_in_flipped_views(faces: Faces) -> None:
    views = random_views(faces, np.arange(40), PHOTOGRAPHS, stream(4))
    assert (views.landmarks[:, 0, 0] < views.landmarks[:, 1, 0]).all()
    assert (views.landmarks[:, 13, 0] < views.landmarks[:, 15, 0]).all()


def test_emotes_are_cropped_tighter_than_photographs(faces: Faces) -> None:
    heads = []
    for sampling in (PHOTOGRAPHS, EMOTES):
        landmarks = random_views(faces, np.arange(40), sampling, stream(5)).landmarks
        heads.append((landmarks[:, 7] - landmarks[:, 8]).norm(dim=1).mean())
    assert heads[1] > heads[0] * 1.05


def test_the_centre_lies_between_chin_and_forehead() -> None:
    points = torch.full((1, 25, 2), 0.5)
    points[0, 7], points[0, 8] = torch.tensor([0.5, 0.9]), torch.tensor([0.5, 0.3])
    torch.testing.assert_close(face_centres(points), torch.tensor([[0.5, 0.6]]))


def test_training_inputs_are_those_of_serving(faces: Faces) -> None:
    """The same cascade, but for PIL rounding to 8 bits in between."""
    picture = Image.fromarray(faces.pictures[0]).resize((128, 128), Image.Resampling.LANCZOS)
    trained_on = network_inputs(torch.from_numpy(to_tensor(np.asarray(picture)[None])))
    served = torch.from_numpy(to_tensor(cascade(picture)[None]))
    assert (trained_on - served).abs().max() * 127.5 < 2.01
    assert (trained_on - served).abs().mean() * 127.5 < 0.5


def test_targets_of_earlier_stages_keep_the_mean_brightness() -> None:
    picture = torch.rand(2, 3, 128, 128, generator=stream())
    assert reduced(picture, 32).shape == (2, 3, 32, 32)
    torch.testing.assert_close(reduced(picture, 32).mean(), picture.mean(), atol=1e-2, rtol=0)


def test_about_a_third_of_the_inputs_is_softened_and_the_rest_untouched() -> None:
    inputs = torch.rand(400, 3, 16, 16, generator=stream()) * 2 - 1
    softened = soften(inputs, stream(6))
    changed = (softened != inputs).flatten(1).any(1)
    assert 0.2 < changed.float().mean() < 0.4
    assert softened[changed].std() < inputs[changed].std() * 0.8


def test_blurring_keeps_flat_colour_and_spreads_a_dot() -> None:
    flat = torch.full((1, 3, 16, 16), 0.3)
    torch.testing.assert_close(gaussian_blur(flat, torch.tensor([1.0])), flat)
    dot = torch.zeros(2, 1, 17, 17)
    dot[:, :, 8, 8] = 1
    less, more = gaussian_blur(dot, torch.tensor([0.5, 2.0]))
    assert less[0, 8, 8] > more[0, 8, 8] * 5
    torch.testing.assert_close(more[0], more[0].T)
    torch.testing.assert_close(more.sum(), torch.tensor(1.0), atol=1e-3, rtol=0)


def test_jitter_of_nothing_changes_nothing() -> None:
    picture = torch.rand(1, 3, 8, 8, generator=stream()) * 2 - 1
    torch.testing.assert_close(jitter(picture, UNCHANGED), picture)


def test_brightness_multiplies_light() -> None:
    grey = torch.zeros(1, 3, 4, 4)
    brighter = jitter(grey, torch.tensor([[1.5, 1.0, 1.0, 0.0]]))
    torch.testing.assert_close(brighter, torch.full_like(grey, 0.5))


def test_no_saturation_is_grey_and_no_contrast_is_flat() -> None:
    picture = torch.rand(1, 3, 8, 8, generator=stream()) * 2 - 1
    grey = jitter(picture, torch.tensor([[1.0, 1.0, 0.0, 0.0]]))
    torch.testing.assert_close(grey[:, 0], grey[:, 1])
    flat = jitter(picture, torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    assert flat.std() < 1e-5


def test_a_third_of_the_hue_circle_exchanges_the_colours() -> None:
    reddish = torch.tensor([0.2, 0.0, 0.0]).view(1, 3, 1, 1) - 0.2
    turned = jitter(reddish, torch.tensor([[1.0, 1.0, 1.0, 1 / 3]]))[0, :, 0, 0]
    assert turned[1] > turned[0] + 0.1
    assert turned[1] > turned[2] + 0.1
