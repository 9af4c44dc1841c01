"""Faces made to look like emotes, so that the network learns to find the face in one.

Only the input changes much: inside the head it becomes one flat, bright colour on which features stand
out. The target stays the person, on the same plain ground when the head was cut out.
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from inference.preprocess import MATTE
from inference.training.augment import Views, gaussian_blur, grey, network_inputs, reduced, uniform
from inference.training.faces import CHEEKS, CHIN, FOREHEAD, IRISES, LEFT_EYE, MOUTH, MOUTH_CORNERS, RIGHT_EYE

YELLOW = (1.0, 0.8, 0.3)
YELLOW_SHARE = 0.5
CUT_OUT_SHARE = 0.7
GROUNDS = (MATTE, (255, 255, 255), (49, 51, 56), (0, 0, 0))
"""That of serving, white, a dark chat window, black."""
MAGNIFIED = (1.0, 2.2)
BARE_SHARE = 0.6
"""Of the emotes, how many have nothing but eyes and a mouth."""
SHADING_PX = 2.5
"""Brightness that varies more slowly than this, in input pixels, is shading, and emotes have little of it."""


def emote_like(views: Views, random: Generator) -> tuple[Tensor, Tensor]:
    """Views -> targets (N, 3, 128, 128) and inputs (N, 3, 16, 16), both in [-1, 1]."""
    faces = views.faces
    head = head_mask(views.landmarks, faces.shape[-1], random)
    cut_out = _coin(len(faces), CUT_OUT_SHARE, random)
    targets = torch.lerp(faces, torch.lerp(_grounds(len(faces), random), faces, head), cut_out)
    inputs = network_inputs(enlarge_features(targets, views.landmarks, random))
    painted = flatten((inputs + 1) / 2, views.landmarks, random) * 2 - 1
    return targets, torch.lerp(inputs, painted, reduced(head, inputs.shape[-1]))


def head_mask(landmarks: Tensor, side_px: int, random: Generator) -> Tensor:
    """(N, 25, 2) landmarks -> (N, 1, P, P) in [0, 1]: a soft, tilted ellipse around each head, hair and all."""
    count = len(landmarks)
    top, bottom = landmarks[:, FOREHEAD], landmarks[:, CHIN]
    left, right = landmarks[:, CHEEKS[0]], landmarks[:, CHEEKS[1]]
    tall, wide = (bottom - top).norm(dim=1) / 2, (right - left).norm(dim=1) / 2
    tall, wide = tall * uniform(count, random, 1.1, 1.4), wide * uniform(count, random, 1.1, 1.4)
    axis = (bottom - top) / (bottom - top).norm(dim=1, keepdim=True).clamp(min=1e-3)  # (N, 2), downwards
    centre = (top + bottom) / 2 - axis * (tall * uniform(count, random, 0.0, 0.2))[:, None]
    steps = (torch.arange(side_px) + 0.5) / side_px
    x = steps[None, None, :] - centre[:, 0, None, None]  # (N, 1, P)
    y = steps[None, :, None] - centre[:, 1, None, None]  # (N, P, 1)
    along = (x * axis[:, 0, None, None] + y * axis[:, 1, None, None]) / tall.clamp(min=0.05)[:, None, None]
    across = (x * axis[:, 1, None, None] - y * axis[:, 0, None, None]) / wide.clamp(min=0.05)[:, None, None]
    radius = (along**2 + across**2).sqrt()
    return torch.sigmoid((1 - radius) * 40)[:, None]


def enlarge_features(faces: Tensor, landmarks: Tensor, random: Generator) -> Tensor:
    """(N, 3, P, P) -> the same with eyes and mouth up to 2.2 times as large, as emotes have them."""
    count, _, side_px, _ = faces.shape
    steps = (torch.arange(side_px) + 0.5) / side_px
    here = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)  # (P, P, 2): x, y
    source = here.expand(count, -1, -1, -1).clone()
    eye, mouth = uniform(count, random, *MAGNIFIED), uniform(count, random, *MAGNIFIED)
    reach = (landmarks[:, IRISES[1]] - landmarks[:, IRISES[0]]).norm(dim=1) / 2
    for points, magnified in ((LEFT_EYE, eye), (RIGHT_EYE, eye), (MOUTH, mouth)):
        offset = here - landmarks[:, list(points)].mean(1)[:, None, None]  # (N, P, P, 2)
        inside = torch.exp(-offset.square().sum(-1, keepdim=True) / reach.clamp(min=0.02)[:, None, None, None] ** 2)
        source = source - offset * inside * (1 - 1 / magnified)[:, None, None, None]
    return functional.grid_sample(faces, source * 2 - 1, padding_mode="border", align_corners=False)


def flatten(inputs: Tensor, landmarks: Tensor, random: Generator) -> Tensor:
    """(N, 3, 16, 16) in [0, 1] -> the same, one colour each, eyes and mouth kept and often exaggerated.

    Of everything else, shadows and noses, most keep nothing, as emotes have none.
    """
    count = len(inputs)
    brightness = grey(inputs)
    shading = gaussian_blur(brightness, torch.full((count,), SHADING_PX))
    mean = brightness.mean((2, 3), keepdim=True)
    kept = _by_picture(torch.rand(count, generator=random)) * _coin(count, 1 - BARE_SHARE, random)
    detail = (brightness - shading) * _by_picture(uniform(count, random, 1.0, 3.5))
    detail = detail * torch.lerp(eyes_and_mouth(landmarks, inputs.shape[-1]), torch.ones_like(detail), kept)
    relative = 1 + (detail + (shading - mean) * kept) / mean.clamp(min=0.3)
    return (_tints(count, random) * relative).clamp(0, 1)


def eyes_and_mouth(landmarks: Tensor, side_px: int) -> Tensor:
    """(N, 25, 2) landmarks -> (N, 1, P, P) in [0, 1]: soft spots on eyes and mouth, 0 elsewhere."""
    lips = landmarks[:, list(MOUTH)].mean(1, keepdim=True)
    places = torch.cat([landmarks[:, list(IRISES + MOUTH_CORNERS)], lips], 1)  # (N, 5, 2)
    radius = (landmarks[:, IRISES[1]] - landmarks[:, IRISES[0]]).norm(dim=1).clamp(min=0.02) * 0.4
    steps = (torch.arange(side_px) + 0.5) / side_px
    bells = torch.exp(-(((steps - places[..., None]) / radius[:, None, None, None]) ** 2))  # (N, 5, 2, P)
    return (bells[:, :, 1, :, None] * bells[:, :, 0, None, :]).amax(1, keepdim=True)


def _tints(count: int, random: Generator) -> Tensor:
    """(N, 3, 1, 1): emoji yellow or any bright colour, a little varied."""
    hue = torch.rand(count, generator=random)[:, None] * 2 * torch.pi + torch.tensor([0.0, -2.0944, 2.0944])
    strength = uniform(count, random, 0.0, 0.5)[:, None]
    coloured = 0.55 + hue.cos() * strength + uniform(count, random, -0.1, 0.25)[:, None]
    yellow = torch.tensor(YELLOW) + torch.randn(count, 3, generator=random) * 0.05
    chosen = torch.rand(count, 1, generator=random) < YELLOW_SHARE
    return _by_picture(torch.where(chosen, yellow, coloured).clamp(0.03, 1))


def _grounds(count: int, random: Generator) -> Tensor:
    """(N, 3, 1, 1) in [-1, 1]."""
    chosen = torch.randint(len(GROUNDS), (count,), generator=random)
    return _by_picture(torch.tensor(GROUNDS)[chosen]) / 127.5 - 1


def _coin(count: int, share: float, random: Generator) -> Tensor:
    return _by_picture((torch.rand(count, generator=random) < share).float())


def _by_picture(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1); (N, 3) -> (N, 3, 1, 1)."""
    return values.view(len(values), -1, 1, 1)
