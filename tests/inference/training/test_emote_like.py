import numpy as np
import torch

from inference.training.augment import EMOTES, Views, grey, random_views
from inference.training.emote_like import GROUNDS, emote_like, enlarge_features, eyes_and_mouth, flatten, head_mask
from inference.training.faces import Faces


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def nowhere(count: int) -> torch.Tensor:
    """Landmarks far outside the picture."""
    return torch.full((count, 25, 2), -9.0) + torch.arange(25)[:, None] / 10


def views_of(faces: Faces) -> Views:
    return random_views(faces, np.arange(40), EMOTES, stream(1))


def test_an_emote_is_a_function_of_its_stream(faces: Faces) -> None:
    first, again = (emote_like(views_of(faces), stream(2)) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])


def test_targets_and_inputs_are_pictures_in_range(faces: Faces) -> None:
    targets, inputs = emote_like(views_of(faces), stream(2))
    assert targets.shape == (40, 3, 128, 128)
    assert inputs.shape == (40, 3, 16, 16)
    assert targets.abs().max() <= 1
    assert inputs.abs().max() <= 1


def test_the_target_keeps_the_person_inside_the_head(faces: Faces) -> None:
    views = views_of(faces)
    targets, _ = emote_like(views, stream(2))
    for target, face, landmarks in zip(targets, views.faces, views.landmarks, strict=True):
        x, y = (landmarks[2] * 128).int().tolist()  # the nose
        nose = (slice(None), slice(y - 3, y + 3), slice(x - 3, x + 3))
        torch.testing.assert_close(target[nose], face[nose], atol=0.02, rtol=0)


def test_most_heads_are_cut_out_onto_one_of_the_grounds(faces: Faces) -> None:
    views = views_of(faces)
    targets, _ = emote_like(views, stream(2))
    corners = targets[:, :, 0, 0]
    on_ground = [any(torch.allclose(c, torch.tensor(g) / 127.5 - 1, atol=0.02) for g in GROUNDS) for c in corners]
    assert 0.4 < np.mean(on_ground) < 0.95


def test_the_mask_covers_every_landmark_and_not_the_corners(faces: Faces) -> None:
    landmarks = torch.from_numpy(faces.landmarks)
    mask = head_mask(landmarks, 64, stream(3))
    assert mask.shape == (40, 1, 64, 64)
    for head, points in zip(mask[:, 0], landmarks, strict=True):
        nose, left_eye = ((points[index] * 64).int().tolist() for index in (2, 0))
        assert head[nose[1], nose[0]] > 0.99
        assert head[left_eye[1], left_eye[0]] > 0.99
        assert head[0, 0] < 0.01
        assert head[63, 63] < 0.01


def test_the_mask_leans_with_the_head() -> None:
    upright = torch.full((1, 25, 2), 0.5)
    upright[0, 8], upright[0, 7] = torch.tensor([0.5, 0.2]), torch.tensor([0.5, 0.8])
    upright[0, 23], upright[0, 24] = torch.tensor([0.4, 0.5]), torch.tensor([0.6, 0.5])
    lying = upright.flip(2)
    masks = [head_mask(points, 64, stream(4))[0, 0] for points in (upright, lying)]
    torch.testing.assert_close(masks[0], masks[1].T, atol=1e-4, rtol=0)


def test_flattening_leaves_one_colour_with_the_features_on_it() -> None:
    skin = torch.tensor([0.7, 0.5, 0.4]).view(1, 3, 1, 1).expand(8, 3, 16, 16).clone()
    skin[:, :, 5:7, 4:6] = 0.1  # an eye
    landmarks = nowhere(8)
    landmarks[:, 0], landmarks[:, 1] = torch.tensor([5 / 16, 6 / 16]), torch.tensor([11 / 16, 6 / 16])
    painted = flatten(skin, landmarks, stream(5))
    cheek = painted[:, :, 12:, 12:]
    hues = cheek / cheek.sum(1, keepdim=True)
    assert hues.flatten(2).std(2).max() < 0.02
    luma = grey(painted)[:, 0]
    assert (luma[:, 5:7, 4:6].mean((1, 2)) < luma[:, 12:, 12:].mean((1, 2)) - 0.1).all()


def test_half_of_the_emotes_are_yellow() -> None:
    painted = flatten(torch.full((400, 3, 16, 16), 0.5), nowhere(400), stream(6)).mean((2, 3))
    red, green, blue = painted.unbind(1)
    yellow = (red > 0.8) & (green - blue > 0.3) & (red - green < 0.4)
    assert 0.4 < yellow.float().mean() < 0.7


def test_noses_and_shadows_fade_and_eyes_stay() -> None:
    """Over many draws: most dark noses and shaded cheeks are gone, and no dark eye is."""
    count = 60
    landmarks = nowhere(count)
    landmarks[:, 0], landmarks[:, 1] = torch.tensor([0.3, 0.35]), torch.tensor([0.7, 0.35])
    skin = torch.full((count, 3, 16, 16), 0.6)
    skin[:, :, 5, 5] = skin[:, :, 11, 8] = 0.3  # eye, nose
    skin[:, :, :, 13:] = 0.4  # shadow
    luma = grey(flatten(skin, landmarks, stream(7)))[:, 0]
    eye, nose, shadow = (luma[:, 14, 2] - luma[:, y, x] for y, x in ((5, 5), (11, 8), (8, 15)))
    assert eye.min() > 0.05
    assert 0.4 < (nose.abs() < 0.02).float().mean() < 0.9
    assert 0.4 < (shadow.abs() < 0.02).float().mean() < 0.9


def test_eyes_and_mouth_are_spots_that_scale_with_the_face() -> None:
    landmarks = nowhere(2)
    for number, reach in enumerate((0.1, 0.2)):
        landmarks[number, 0], landmarks[number, 1] = torch.tensor([0.5 - reach, 0.5]), torch.tensor([0.5 + reach, 0.5])
    spots = eyes_and_mouth(landmarks, 64)
    assert spots[0, 0, 32, 25] > 0.9
    assert spots[:, 0, 0].max() < 0.01
    assert spots[1].sum() > 2 * spots[0].sum()


def test_eyes_and_mouth_grow_in_place(faces: Faces) -> None:
    """White eyes on black: there is more white afterwards, and its middle has not moved."""
    landmarks = torch.from_numpy(faces.landmarks[:8])
    eyes = torch.full((8, 3, 128, 128), -1.0)
    for picture, points in zip(eyes, landmarks, strict=True):
        for eye in (0, 1):
            x, y = (points[eye] * 128).int().tolist()
            picture[:, y - 4 : y + 5, x - 4 : x + 5] = 1
    grown = enlarge_features(eyes, landmarks, stream(8))
    light, grown_light = ((pictures[:, 0] + 1) / 2 for pictures in (eyes, grown))
    growth = grown_light.sum((1, 2)) / light.sum((1, 2))
    assert growth.min() > 0.95
    assert growth.max() > 2
    columns = torch.arange(128.0)
    middles = [(shown.sum(1) * columns).sum(1) / shown.sum((1, 2)) for shown in (light, grown_light)]
    torch.testing.assert_close(middles[0], middles[1], atol=1.0, rtol=0)
