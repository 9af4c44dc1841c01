"""Lottie animations (JSON of shapes that move, as in Discord's stickers) to frames. Runs in the decoder child only.

They are drawn by ThorVG, which would also run scripts and open files: it never sees either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from bot.decode.film import Shot
from bot.decode.limits import MAX_FRAMES, MAX_LOTTIE_BYTES, MAX_LOTTIE_DEPTH, MAX_SIDE_PX
from bot.thinning import even_spans

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"

_LONGEST_S = 60.0


def is_lottie(content: bytes) -> bool:
    """Whether it can only be JSON; no picture format that is read starts with a brace."""
    return content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def lottie_shots(content: bytes) -> Iterator[Shot]:
    """At most sixty frames, evenly chosen, the longer side `MAX_SIDE_PX`. Raise ValueError for anything else."""
    import thorvg_python as thorvg

    harmless = json.dumps(_harmless(_parsed(content)), allow_nan=False).encode()
    with thorvg.Engine() as engine:
        animation, canvas = thorvg.LottieAnimation(engine), thorvg.SwCanvas(engine)
        picture = animation.get_picture()
        _succeed(picture.load_data(harmless, "lottie", None, copy=True))
        frames, duration_s = _length(animation)
        size = _fitting(picture)
        _succeed(picture.set_size(*size))
        _succeed(canvas.set_target(*size, cs=thorvg.Colorspace.ABGR8888S))
        _succeed(canvas.add(picture))
        for start, end in even_spans(frames, MAX_FRAMES):
            animation.set_frame(start)  # says no when it is that frame already
            _succeed(canvas.update())
            _succeed(canvas.draw(True))
            _succeed(canvas.sync())
            yield Shot(canvas.get_pillow("RGBA"), round(1000 * duration_s * (end - start) / frames))


def _parsed(content: bytes) -> dict[str, Json]:
    if len(content) > MAX_LOTTIE_BYTES:
        raise ValueError("too much JSON")
    try:
        animation = json.loads(content)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(animation, dict) or not isinstance(animation.get("layers"), list):
        raise ValueError("JSON, but no Lottie animation")
    return animation


def _harmless(value: Json, depth: int = 0) -> Json:
    """Without expressions, which are scripts. Raise ValueError when it wants files from outside."""
    if depth > MAX_LOTTIE_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, list):
        return [_harmless(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {name: _harmless(item, depth + 1) for name, item in value.items() if not _is_outside(name, item)}
    return value


def _is_outside(name: str, value: Json) -> bool:
    """`x` is a coordinate or an easing where it is a number or a list, and a script where it is text; `p` a position,
    or the name of a file."""
    if not isinstance(value, str):
        return False
    if name == "p" and not value.startswith("data:image/"):
        raise ValueError("a picture beside the animation")
    return name in {"x", "u", "fPath"}


def _length(animation: Any) -> tuple[int, float]:
    """Frames and seconds."""
    (told, frames), (told_too, duration_s) = animation.get_total_frame(), animation.get_duration()
    _succeed(told)
    _succeed(told_too)
    if not (frames >= 1 and 0 < duration_s <= _LONGEST_S):
        raise ValueError("no frames, or a minute of them")
    return int(frames), duration_s


def _fitting(picture: Any) -> tuple[int, int]:
    told, width, height = picture.get_size()
    _succeed(told)
    if not (1 <= width <= 10_000 and 1 <= height <= 10_000):
        raise ValueError("no size")
    scale = MAX_SIDE_PX / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _succeed(result: int) -> None:
    """ThorVG's 0 is success."""
    if result:
        raise ValueError("ThorVG does not take it")
