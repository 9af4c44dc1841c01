"""Lottie animations for tests: a red disc that crosses the stage, and what could be hidden in such a file."""

from __future__ import annotations

import json
from typing import Any


def animation(frames: int = 120, *, side_px: int = 320, per_s: float = 60, **changes: Any) -> dict[str, Any]:
    """As Discord's sticker packs have them."""
    return {
        "v": "5.5.7",
        "fr": per_s,
        "ip": 0,
        "op": frames,
        "w": side_px,
        "h": side_px,
        "nm": "disc",
        "ddd": 0,
        "assets": [],
        "layers": [disc_layer(frames, side_px)],
    } | changes


def disc_layer(frames: int, side_px: int) -> dict[str, Any]:
    ease: dict[str, Any] = {"i": {"x": 0.5, "y": 0.5}, "o": {"x": 0.5, "y": 0.5}}
    ends = [side_px * 0.25, side_px * 0.5, 0], [side_px * 0.75, side_px * 0.5, 0]
    moves = [{"t": 0, "s": ends[0], "e": ends[1], **ease}, {"t": frames, "s": ends[1]}]
    return {
        "ddd": 0,
        "ind": 1,
        "ty": 4,
        "nm": "disc",
        "sr": 1,
        "ks": {
            "o": still(100),
            "r": still(0),
            "p": {"a": 1, "k": moves},
            "a": still([0, 0, 0]),
            "s": still([100, 100, 100]),
        },
        "ao": 0,
        "shapes": [disc(side_px / 2)],
        "ip": 0,
        "op": frames,
        "st": 0,
        "bm": 0,
    }


def disc(width_px: float) -> dict[str, Any]:
    placed = {"p": still([0, 0]), "a": still([0, 0]), "s": still([100, 100]), "r": still(0), "o": still(100)}
    return {
        "ty": "gr",
        "it": [
            {"ty": "el", "p": still([0, 0]), "s": still([width_px, width_px])},
            {"ty": "fl", "c": still([1, 0, 0, 1]), "o": still(100)},
            {"ty": "tr", **placed},
        ],
    }


def still(value: Any) -> dict[str, Any]:
    return {"a": 0, "k": value}


def encoded(lottie: object) -> bytes:
    return json.dumps(lottie).encode()


STICKER = encoded(animation())


def with_script(script: str) -> bytes:
    """The disc's place computed by an expression."""
    lottie = animation()
    lottie["layers"][0]["ks"]["p"]["x"] = script
    return encoded(lottie)


def with_file(path: str) -> bytes:
    """A picture beside the animation, shown over all of it."""
    folder, _, name = path.rpartition("/")
    image = {"id": "i", "w": 320, "h": 320, "u": f"{folder}/", "p": name, "e": 0}
    layer = disc_layer(120, 320) | {"ty": 2, "refId": "i"}
    return encoded(animation(assets=[image], layers=[layer]))


def with_shapes(*shapes: dict[str, Any]) -> bytes:
    """Beside the disc."""
    lottie = animation()
    lottie["layers"][0]["shapes"][0]["it"][:0] = shapes
    return encoded(lottie)


ENDLESS: dict[str, bytes] = {
    "a star of more points than there are atoms": with_shapes(
        {"ty": "sr", "sy": 1, "pt": still(1e38), "p": still([0, 0]), "or": still(99), "ir": still(9), "r": still(0)}
    ),
    "a thousand million copies": with_shapes(
        {"ty": "rp", "c": still(1e9), "o": still(0), "m": 1, "tr": {"p": still([1, 0]), "s": still([100, 100])}}
    ),
    "a disc as large as the solar system": encoded(animation(w=320, h=320, layers=[disc_layer(120, int(1e12))])),
    "a composition that contains itself": encoded(
        animation(
            assets=[{"id": "a", "layers": [disc_layer(120, 320) | {"ty": 0, "refId": "a", "w": 320, "h": 320}]}],
            layers=[disc_layer(120, 320) | {"ty": 0, "refId": "a", "w": 320, "h": 320}],
        )
    ),
}
"""Small files that could keep a renderer busy, or fill the memory."""

NO_LOTTIE: dict[str, bytes] = {
    "an empty object": b"{}",
    "an error answer": b'{"message": "404: Not Found", "code": 0}',
    "half a file": STICKER[: len(STICKER) // 2],
    "layers that are none": encoded(animation(layers=3)),
    "no frames": encoded(animation(0)),
    "no rate": encoded(animation(per_s=0)),
    "no size": encoded(animation(w=0, h=0)),
    "an hour": encoded(animation(3600 * 60)),
    "numbers that are none": STICKER.replace(b"120", b"NaN"),
    "numbers without end": STICKER.replace(b"120", b"1e999"),
    "deeply nested": b'{"layers":[' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"]}",
    "very deeply nested": b'{"layers":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
