"""Why a channel's reward is not as its settings want it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.texts import Text
from bot.twitch.errors import MissingScope, NotAuthorized, TwitchError, TwitchRefused

_DUPLICATE, _TOO_MANY = "duplicate_reward", "too_many_rewards"  # at the end of Twitch's words


class Problem(StrEnum):
    """What somebody can do something about, and what passes."""

    NO_CONSENT = "no_consent"
    NOT_ALLOWED = "not_allowed"
    TITLE_TAKEN = "title_taken"
    TOO_MANY = "too_many"
    UNREACHABLE = "unreachable"


_WORDS: Mapping[Problem, Text] = {
    Problem.NO_CONSENT: Text(
        "For channel points, the broadcaster has to connect this channel once more and tick them there."
    ),
    Problem.NOT_ALLOWED: Text("Twitch does not let me: only channels of affiliates and partners have channel points."),
    Problem.TITLE_TAKEN: Text("There is another reward of that name, please choose another one."),
    Problem.TOO_MANY: Text("This channel has as many rewards as it can have."),
    Problem.UNREACHABLE: Text("Twitch does not answer right now, I keep trying."),
}


def problem_words(problem: Problem) -> Text:
    """For whoever can change it."""
    return _WORDS[problem]


def problem_of(error: TwitchError) -> Problem:
    """What went wrong, as far as it concerns rewards."""
    match error:
        case NotAuthorized() | MissingScope():
            return Problem.NO_CONSENT
        case TwitchRefused(words=words) if words.lower().endswith(_DUPLICATE):
            return Problem.TITLE_TAKEN
        case TwitchRefused(words=words) if words.lower().endswith(_TOO_MANY):
            return Problem.TOO_MANY
        case TwitchRefused():
            return Problem.NOT_ALLOWED
        case _:
            return Problem.UNREACHABLE


def is_gone(error: TwitchError) -> bool:
    """Whether there is no such reward, or the redemption is settled already."""
    return isinstance(error, TwitchRefused) and error.status == 404
