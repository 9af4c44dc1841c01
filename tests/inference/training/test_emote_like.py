import numpy as np
import torch

from inference.training.augment import EMOTES, Views, grey, random_views
from inference.training.emote_like import GROUNDS, emote_like, enlarge_features, flatten, head_mask
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
    on_ground = [any(torch.allclose(c, torch.tensor(g) * 2 - 1, atol=0.02) for g in GROUNDS) for c in corners]
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
    skin = torch.tensor([0.7, 0.5, 0.4]).view(1, 3, 1, 1).expand(1, 3, 16, 16).clone()
    skin[:, :, 5:7, 4:6] = 0.1  # an eye
    painted = flatten(skin, nowhere(1), stream(5))[0]
    hues = painted / painted.sum(0, keepdim=True)
    assert hues[:, 12:, 12:].flatten(1).std(1).max() < 0.02
    luma = grey(painted[None])[0, 0]
    assert luma[5:7, 4:6].mean() < luma[12:, 12:].mean() - 0.15


def test_half_of_the_emotes_are_yellow() -> None:
    painted = flatten(torch.full((400, 3, 16, 16), 0.5), nowhere(400), stream(6)).mean((2, 3))
    red, green, blue = painted.unbind(1)
    yellow = (red > 0.8) & (green - blue > 0.3) & (red - green < 0.4)
    assert 0.4 < yellow.float().mean() < 0.7


def test_noses_fade_and_eyes_stay() -> None:
    """Over many draws: a dark nose loses more of its contrast than an equally dark eye."""
    count = 60
    landmarks = nowhere(count)
    landmarks[:, 0], landmarks[:, 1] = torch.tensor([0.3, 0.35]), torch.tensor([0.7, 0.35])
    landmarks[:, 2] = torch.tensor([0.5, 0.6])
    skin = torch.full((count, 3, 16, 16), 0.6)
    skin[:, :, 5, 5] = skin[:, :, 8, 8] = 0.3  # eye, nose
    luma = grey(flatten(skin, landmarks, stream(7)))[:, 0]
    contrast = luma[:, 13, 13, None] - torch.stack([luma[:, 5, 5], luma[:, 8, 8]], 1)
    eye, nose = contrast.mean(0)
    assert nose < 0.8 * eye


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
