"""How long askers on Twitch wait for their answer when all channels ask at once: simulated, by the rules of Twitch."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from tests.bot.twitch.chats import RATION, Chats, waiting

CHANNELS = 200
BURSTS = (1, 5, 25)


def measure(progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """By how many ask at once in each channel, and whether the bot moderates there: messages, and seconds."""
    found = {}
    for moderates in (False, True):
        for askers in BURSTS:
            progress(f"{askers} askers in each of {CHANNELS} chats")
            kind = "moderator" if moderates else "plain"
            found[f"{kind}_{askers}"] = _burst(askers, moderates=moderates)
    return {"channels": CHANNELS, "bursts": found}


def table(measured: dict[str, Any]) -> str:
    """For people to read."""
    lines = [f"{measured['channels']} Twitch chats at once, simulated; seconds until the answer is said"]
    for name, row in measured["bursts"].items():
        lines.append(
            f"{name:<14} {row['answers']:>6} answers in {row['messages']:>4} messages   "
            f"p50 {row['p50_s']:>6.1f} s   last {row['last_s']:>6.1f} s"
        )
    return "\n".join(lines) + "\n"


def _burst(askers: int, *, moderates: bool) -> dict[str, float]:
    chats = Chats(RATION)
    for asker in range(askers):
        for channel in range(CHANNELS):
            chats.turns.moderated[str(channel)] = moderates
            chats.turns.add(waiting(f"{channel}.{asker}", str(channel)))
    chats.run()
    moments = [moment for moment, _, keys in chats.said for _ in keys]
    return {
        "answers": len(moments),
        "messages": len(chats.said),
        "p50_s": round(statistics.median(moments), 1),
        "last_s": round(max(moments), 1),
    }
