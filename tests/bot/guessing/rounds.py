"""Rounds to play with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.guessing.names import answers
from bot.guessing.round import GuessRound, RoundState
from bot.models import Emote, EmoteSource, Origin, Platform

HERE = Origin(Platform.DISCORD, "guild", "channel", "asker")
KAPPA = Emote(EmoteSource.BTTV, "1", "Kappa", picked=True)
ROUND = GuessRound(
    id="01ROUND0000000000000000000",
    origin=HERE,
    emote=KAPPA,
    answers=answers(["Kappa"]),
    mask="00000000000000ff",
    made_at=90.0,
)
OPEN = replace(ROUND, state=RoundState.OPEN, message_ref="7", opened_at=100.0, ends_at=130.0)


def elsewhere(round_: GuessRound, number: int, **places: Any) -> GuessRound:
    """The same in another channel (or as `places` says)."""
    origin = replace(round_.origin, **({"channel_id": f"channel {number}"} | places))
    return replace(round_, id=f"01ROUND{number:019}", origin=origin)
