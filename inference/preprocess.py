"""How a picture becomes a network input, defined once for training and for serving. No torch here."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

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
    "from_tensor",
    "network_input",
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

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def framed(picture: Picture) -> Image.Image:
    """The first frame without its transparent border, centred in a transparent square: RGBA, 1 to 128 px a side."""
    size = (picture.width_px, picture.height_px)
    emote = Image.frombytes("RGBA", size, picture.frames[0].rgba)
    seen = emote.getchannel("A").point([0] * VISIBLE_ALPHA + [255] * (256 - VISIBLE_ALPHA)).getbbox()
    if seen is not None:
        emote = emote.crop(seen)
    side_px = max(emote.size)
    square = Image.new("RGBA", (side_px, side_px))
    square.paste(emote, ((side_px - emote.width) // 2, (side_px - emote.height) // 2))
    return square


def network_input(emote: Image.Image, options: FaceOptions) -> Floats:
    """A square RGBA picture -> (3, 16, 16) float32 in [-1, 1], what the network sees in its first round."""
    picture = _low_passed(_on_matte(emote), options.realism)
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


def _on_matte(emote: Image.Image) -> Image.Image:
    backdrop = Image.new("RGBA", emote.size, (*MATTE, 255))
    return _at_top(Image.alpha_composite(backdrop, emote).convert("RGB"))


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
