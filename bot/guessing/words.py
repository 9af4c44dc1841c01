"""What the players are told. Names are the catalogue's, cleaned of everything that could be markup."""

from __future__ import annotations

from bot.emotes.emoji_names import EmojiName
from bot.guessing.round import GuessRound, RoundState
from bot.models import Emote, EmoteSource
from bot.texts import Text, Value, counted, nearest

RIDDLE_ALT_TEXT = Text("A face made from an emote you have to guess, AI-generated")
RIGHT = Text("That's it!")
WRONG = Text("No, that's not it.")
OVER = Text("That round is over.")


def invitation(round_s: float) -> Text:
    """Above the face."""
    return Text(
        "**Which emote is this?** The first right name within {seconds} wins.", {"seconds": _seconds(round(round_s))}
    )


def hint(round_: GuessRound) -> Text:
    """How long the name is and how it begins."""
    name = name_in(round_.emote, round_.locale)
    letters = counted("{n} letter", "{n} letters", sum(c.isalnum() for c in name))
    values: dict[str, Value] = {"letters": letters, "first": name[:1].upper()}
    if round_.emote.source is EmoteSource.UNICODE:
        return Text("A hint: it is an emoji, its name has {letters} and begins with {first}.", values)
    return Text("A hint: its name has {letters} and begins with {first}.", values)


def ending(round_: GuessRound, winner: str | None, *, late: bool) -> Text:
    """How it ended; `winner` is how the platform names them, None for who is not to be named."""
    name: dict[str, Value] = {"name": name_in(round_.emote, round_.locale)}
    if round_.state is RoundState.WON:
        points = round_.points(round_.decided_at or 0.0)
        values: dict[str, Value] = {
            "winner": winner or Text("Somebody"),
            "points": counted("{n} point", "{n} points", points),
            **name,
        }
        return Text("{winner} has guessed it: `{name}`. That makes {points}.", values)
    if late:
        return Text("I was away when the time ran out, sorry. It was `{name}`.", name)
    return Text("Time's up! It was `{name}`.", name)


def name_in(emote: Emote, locale: str) -> str:
    """What an emote is called; an emoji has a name in every language."""
    name = emote.name or ""
    return EmojiName(emote.id, name).said_in(nearest(locale)) if emote.source is EmoteSource.UNICODE else name


def _seconds(n: int) -> Text:
    return counted("{n} second", "{n} seconds", n)
