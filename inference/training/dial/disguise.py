"""Faces made to look like emotes of 64 px: flat, tinted, outlined, big-eyed, bent, cut out. The target stays human."""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from inference.preparation import DIAL_INPUT_PX
from inference.preprocess import MATTE
from inference.training.augment import Views, grey, reduced, sampling_grid, uniform
from inference.training.dial.low_pass import low_pass
from inference.training.emote_like import enlarge_features, eyes_and_mouth, head_mask

CUT_OUT_SHARE = 0.4
GROUNDS = (MATTE, MATTE, MATTE, (255, 255, 255), (49, 51, 56), (0, 0, 0))
"""Mostly that of serving; white, a dark chat window, black."""
PHOTOGRAPH_SHARE = 0.2
"""Left as they are."""
TINTS = (
    (255, 204, 77),
    (255, 204, 77),
    (115, 178, 77),
    (255, 115, 90),
    (115, 153, 255),
    (255, 190, 150),
    (204, 204, 204),
)
SHADING_CUTOFF = 5.0
"""Brightness that varies more slowly than this many pixels across is shading, and emotes have little of it."""
SHARE = 0.5
"""Of each disguise."""


def disguised(views: Views, random: Generator) -> tuple[Tensor, Tensor]:
    """Views -> targets (N, 3, P, P) and inputs (N, 3, 64, 64), both in [-1, 1]."""
    count, side_px = len(views.faces), views.faces.shape[-1]
    head = head_mask(views.landmarks, side_px, random)
    cut_out = _coin(count, CUT_OUT_SHARE, random)
    targets = torch.lerp(views.faces, torch.lerp(_grounds(count, random), views.faces, head), cut_out)
    seen = reduced(targets, DIAL_INPUT_PX)
    enlarged = _either(enlarge_features(seen, views.landmarks, random), seen, SHARE, random)
    pictures = (enlarged + 1) / 2
    painted = _painted(pictures, views.landmarks, random)
    pictures = torch.lerp(pictures, painted, reduced(head, DIAL_INPUT_PX) * _coin(count, 0.6, random))
    pictures = _outlined(_contrasted(pictures, random), random)
    pictures = _bent(_coarsened(_quantised(pictures, random), random), random)
    pictures = pictures + torch.randn(pictures.shape, generator=random) * 0.03 * _each(
        torch.rand(count, generator=random)
    )
    return targets, _either(seen, pictures.clamp(0, 1) * 2 - 1, PHOTOGRAPH_SHARE, random)


def _painted(pictures: Tensor, landmarks: Tensor, random: Generator) -> Tensor:
    """One colour all over; of shadows and noses most keep little, of eyes and mouth more than there is."""
    count = len(pictures)
    brightness = grey(pictures)
    shading = low_pass(brightness, torch.full((count,), SHADING_CUTOFF))
    mean = brightness.mean((2, 3), keepdim=True)
    kept = _each(torch.rand(count, generator=random)) * _coin(count, SHARE, random)
    features = torch.lerp(eyes_and_mouth(landmarks, DIAL_INPUT_PX), torch.ones_like(brightness), kept)
    detail = (brightness - shading) * _each(uniform(count, random, 1.0, 2.5)) * features
    relative = 1 + (detail + (shading - mean) * kept) / mean.clamp(min=0.3)
    tint = torch.tensor(TINTS)[torch.randint(len(TINTS), (count,), generator=random)] / 255
    tint = (tint + torch.randn(count, 3, generator=random) * 0.08).clamp(0.05, 1.1)
    return (_each(tint) * relative).clamp(0, 1)


def _contrasted(pictures: Tensor, random: Generator) -> Tensor:
    count = len(pictures)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    strength = 1 + _each(uniform(count, random, 0.0, 0.8)) * _coin(count, SHARE, random)
    return (pictures - mean) * strength + mean + _each(uniform(count, random, -0.08, 0.12))


def _quantised(pictures: Tensor, random: Generator) -> Tensor:
    levels = _each(torch.randint(2, 6, (len(pictures),), generator=random).float())
    flat = (pictures.clamp(0, 1) * levels).round() / levels
    return torch.lerp(
        pictures, flat, _coin(len(pictures), SHARE, random) * _each(torch.rand(len(pictures), generator=random))
    )


def _outlined(pictures: Tensor, random: Generator) -> Tensor:
    """Dark where the brightness changes."""
    brightness = functional.pad(grey(pictures), (1, 1, 1, 1), mode="replicate")
    across = (brightness[:, :, 1:-1, 2:] - brightness[:, :, 1:-1, :-2]).square()
    down = (brightness[:, :, 2:, 1:-1] - brightness[:, :, :-2, 1:-1]).square()
    edges = functional.max_pool2d((across + down).sqrt(), 3, 1, 1)
    strength = _coin(len(pictures), SHARE, random) * _each(uniform(len(pictures), random, 0.0, 3.0))
    return pictures * (1 - (strength * edges).clamp(0, 0.9))


def _coarsened(pictures: Tensor, random: Generator) -> Tensor:
    """Some as small pictures enlarged."""
    side_px = int(torch.randint(20, 48, (1,), generator=random))
    coarse = functional.interpolate(pictures, size=side_px, mode="bilinear", antialias=True, align_corners=False)
    coarse = functional.interpolate(coarse, size=DIAL_INPUT_PX, mode="bilinear", align_corners=False)
    return _either(coarse, pictures, SHARE, random)


def _bent(pictures: Tensor, random: Generator) -> Tensor:
    """Pulled about smoothly, by up to some 8 % of the side."""
    count = len(pictures)
    pulls = (
        torch.randn(count, 2, 4, 4, generator=random)
        * _each(uniform(count, random, 0.0, 0.1))
        * _coin(count, SHARE, random)
    )
    flow = functional.interpolate(pulls, size=DIAL_INPUT_PX, mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    still = sampling_grid(torch.eye(2, 3)[None], DIAL_INPUT_PX)
    return functional.grid_sample(pictures, still + flow, padding_mode="border", align_corners=False)


def _grounds(count: int, random: Generator) -> Tensor:
    """(N, 3, 1, 1) in [-1, 1]."""
    return _each(torch.tensor(GROUNDS)[torch.randint(len(GROUNDS), (count,), generator=random)]) / 127.5 - 1


def _either(first: Tensor, second: Tensor, share: float, random: Generator) -> Tensor:
    return torch.where(_coin(len(first), share, random) > 0, first, second)


def _coin(count: int, share: float, random: Generator) -> Tensor:
    return _each((torch.rand(count, generator=random) < share).float())


def _each(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1); (N, 3) -> (N, 3, 1, 1)."""
    return values.view(len(values), -1, 1, 1)
