"""Synthetic animated emotes: an emoji that moves, turns or changes colour smoothly, in a loop."""

import math
from collections.abc import Callable, Mapping

from PIL import Image, ImageEnhance

from inference.protocol import MAX_SIDE_PX, Frame, Picture
from inference.training.emote_sets import EmoteSet

FRAMES = 12
FRAME_MS = 50
SMALLER = 0.8
"""Of the side, so that there is room to move."""
SWAY, TURN_DEGREES, BRIGHTER = 0.06, 12.0, 0.25
"""To either side: of the picture's side, of the upright, and of the brightness."""

Motion = Callable[[Image.Image, float], Image.Image]
"""The emote at a phase from -1 to 1."""


def films(emotes: EmoteSet) -> list[Picture]:
    """Every emote once in every motion."""
    return [_film(emote, motion) for emote in emotes.emotes for motion in MOTIONS.values()]


def _film(emote: Image.Image, motion: Motion) -> Picture:
    phases = [math.sin(2 * math.pi * number / FRAMES) for number in range(FRAMES)]
    frames = [Frame(motion(_amid_nothing(emote), phase).tobytes(), FRAME_MS) for phase in phases]
    return Picture(MAX_SIDE_PX, MAX_SIDE_PX, tuple(frames))


def _amid_nothing(emote: Image.Image) -> Image.Image:
    side_px = round(SMALLER * MAX_SIDE_PX)
    canvas = Image.new("RGBA", (MAX_SIDE_PX, MAX_SIDE_PX))
    margin_px = (MAX_SIDE_PX - side_px) // 2
    canvas.paste(emote.resize((side_px, side_px), Image.Resampling.LANCZOS), (margin_px, margin_px))
    return canvas


def _swaying(emote: Image.Image, phase: float) -> Image.Image:
    shift_px = SWAY * phase * emote.width
    matrix = (1, 0, shift_px, 0, 1, 0)
    return emote.transform(emote.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def _turning(emote: Image.Image, phase: float) -> Image.Image:
    return emote.rotate(TURN_DEGREES * phase, Image.Resampling.BICUBIC)


def _glowing(emote: Image.Image, phase: float) -> Image.Image:
    glowing = ImageEnhance.Brightness(emote).enhance(1 + BRIGHTER * phase)
    glowing.putalpha(emote.getchannel("A"))
    return glowing


MOTIONS: Mapping[str, Motion] = {"sways": _swaying, "turns": _turning, "glows": _glowing}
