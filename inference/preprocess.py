"""How a picture becomes a network input, defined once for training and for serving. No torch here."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from inference.feeds import Floats
from inference.protocol import PREPROCESS_VERSION, FaceOptions, Picture

__all__ = [
    "INPUT_PX",
    "PREPROCESS_VERSION",
    "TOP_PX",
    "Floats",
    "Pixels",
    "cascade",
    "fed_back",
    "framed",
    "framed_film",
    "from_tensor",
    "matted",
    "network_input",
    "steadied",
    "to_tensor",
]

TOP_PX = 128
INPUT_PX = 16
MATTE = (176, 172, 168)
"""What shows through where an emote is transparent: a photographer's warm grey. Neither white skulls nor black hair
vanish in it, and the faces come out as portraits rather than cut-outs."""
VISIBLE_ALPHA = 16
"""Fainter pixels at the border (shadows, glows) are cut away with it."""
BLUREST_PX = 6
"""Pixels across that are left of a picture at realism 1."""
NOISE_PX = 6
"""Across the seed's noise before it is smoothly enlarged: blotches of this size make another light, complexion and
expression, where noise of single pixels only makes freckles."""
NOISE_BRIGHTNESS, NOISE_COLOUR = 0.2, 0.1
"""Standard deviations of the seed's noise, on a scale of [-1, 1]."""
STEADY_MS = 40
"""A neighbouring frame that follows after this time counts 0.6 times as much as the frame itself, soon much less."""

Pixels = npt.NDArray[np.uint8]


def framed(picture: Picture) -> Image.Image:
    """The first frame as `framed_film` shows it."""
    return framed_film(picture)[0]


def framed_film(picture: Picture) -> list[Image.Image]:
    """Every frame without the transparent border, centred in a transparent square: RGBA, 1 to 128 px a side.

    The border is what no frame reaches into, so that nothing jumps.
    """
    size = (picture.width_px, picture.height_px)
    frames = [Image.frombytes("RGBA", size, frame.rgba) for frame in picture.frames]
    seen = _seen(frames)
    return [_squared(frame.crop(seen)) for frame in frames]


def steadied(inputs: Floats, durations_ms: Sequence[int]) -> Floats:
    """(F, 3, S, S) of the frames of a loop, each mixed with its neighbours, the more the sooner they follow.

    The network makes much of little: what only flickers for a moment would shake the whole face.
    """
    after = np.exp(-0.5 * (np.array(durations_ms, np.float32) / STEADY_MS) ** 2).reshape(-1, 1, 1, 1)
    before = np.roll(after, 1, axis=0)
    mixed = inputs + before * np.roll(inputs, 1, axis=0) + after * np.roll(inputs, -1, axis=0)
    steady: Floats = mixed / (1 + before + after)
    return inputs if len(inputs) == 1 else steady


def _seen(frames: Sequence[Image.Image]) -> tuple[int, int, int, int] | None:
    """Around what is visible in any of them; None when nothing is."""
    boxes = [
        box
        for frame in frames
        if (box := frame.getchannel("A").point([0] * VISIBLE_ALPHA + [255] * (256 - VISIBLE_ALPHA)).getbbox())
    ]
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _squared(emote: Image.Image) -> Image.Image:
    side_px = max(emote.size)
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(emote, ((side_px - emote.width) // 2, (side_px - emote.height) // 2))
    return square


def matted(emote: Image.Image) -> Image.Image:
    """An RGBA picture on the matte, RGB."""
    return Image.alpha_composite(Image.new("RGBA", emote.size, (*MATTE, 255)), emote).convert("RGB")


def network_input(emote: Image.Image, options: FaceOptions) -> Floats:
    """A square RGBA picture -> (3, 16, 16) float32 in [-1, 1], what the network sees in its first round."""
    picture = _low_passed(_at_top(matted(emote)), options.realism)
    tensor: Floats = to_tensor(cascade(picture)[np.newaxis])[0]
    if options.seed is not None:
        tensor = np.clip(tensor + _noise(options.seed), np.float32(-1), np.float32(1))
    return tensor


def fed_back(faces: Pixels) -> Floats:
    """(N, 128, 128, 3) drawn faces -> (N, 3, 16, 16) in [-1, 1], the inputs of another round."""
    return to_tensor(np.stack([cascade(Image.fromarray(face)) for face in faces]))


def cascade(picture: Image.Image) -> Pixels:
    """A square RGB picture of any size -> (16, 16, 3) uint8, halved from 128 px as in the published work.

    Pictures of another size are first brought to 128 px with Lanczos.
    """
    if picture.mode != "RGB" or picture.width != picture.height:
        raise ValueError(f"the cascade takes square RGB pictures, not {picture.mode} {picture.size}")
    side_px, picture = TOP_PX, _at_top(picture)
    while side_px > INPUT_PX:
        side_px //= 2
        picture = picture.resize((side_px, side_px), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def to_tensor(pictures: Pixels) -> Floats:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) float32 in [-1, 1]."""
    scaled = pictures.astype(np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def from_tensor(images: Floats) -> Pixels:
    """(N, 3, H, W) float, clipped to [-1, 1] -> (N, H, W, 3) uint8, rounded to nearest."""
    scaled = (np.clip(images, -1, 1) + 1) * 127.5
    return np.ascontiguousarray(np.rint(scaled).astype(np.uint8).transpose(0, 2, 3, 1))


def _at_top(picture: Image.Image) -> Image.Image:
    return picture if picture.width == TOP_PX else picture.resize((TOP_PX, TOP_PX), Image.Resampling.LANCZOS)


def _low_passed(picture: Image.Image, realism: float) -> Image.Image:
    """Blurred until about k = 16 · (6/16)^realism pixels' worth of detail are left across.

    A Gaussian of half a pixel of the k grid does that. The cascade blurs about as much for its own 16 pixels, which is
    taken off (variances add), so that a little realism is a little blur.
    """
    kept_px = INPUT_PX * (BLUREST_PX / INPUT_PX) ** realism
    deviation_px = TOP_PX / 2 * float(np.sqrt(kept_px**-2 - INPUT_PX**-2.0)) if kept_px < INPUT_PX else 0.0
    return picture.filter(ImageFilter.GaussianBlur(deviation_px)) if deviation_px else picture


def _noise(seed: int) -> Floats:
    """(3, 16, 16). Philox is counter-based, so every machine draws the same numbers for a seed."""
    generator = np.random.Generator(np.random.Philox(key=seed))
    brightness, *colours = generator.standard_normal((4, NOISE_PX, NOISE_PX), dtype=np.float32)
    blotches = [
        Image.fromarray(np.float32(NOISE_BRIGHTNESS) * brightness + np.float32(NOISE_COLOUR) * colour)
        for colour in colours
    ]
    enlarged = [np.asarray(each.resize((INPUT_PX, INPUT_PX), Image.Resampling.BICUBIC)) for each in blotches]
    return np.stack(enlarged)
