"""A chat message cut into fragments, as Twitch does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def cut(text: str, emotes: Mapping[str, str]) -> list[dict[str, Any]]:
    """`emotes`: name → id of the Twitch emotes that the author may use; `@name` becomes a mention."""
    found: list[dict[str, Any]] = []
    for piece in re.split(r"(\S+)", text):
        if not piece:
            continue
        if piece in emotes:
            found.append(_fragment("emote", piece, emote=emote(emotes[piece])))
        elif re.fullmatch(r"@\w+", piece):
            mention = {"user_id": "1", "user_login": piece[1:].lower(), "user_name": piece[1:]}
            found.append(_fragment("mention", piece, mention=mention))
        elif found and found[-1]["type"] == "text":
            found[-1]["text"] += piece
        else:
            found.append(_fragment("text", piece))
    return found


def emote(emote_id: str, *, animated: bool = False) -> dict[str, Any]:
    """What a fragment says about a Twitch emote."""
    formats = ["static", "animated"] if animated else ["static"]
    return {"id": emote_id, "emote_set_id": "0", "owner_id": "0", "format": formats}


def _fragment(kind: str, text: str, **details: Any) -> dict[str, Any]:
    return {"type": kind, "text": text, "cheermote": None, "emote": None, "mention": None, **details}
