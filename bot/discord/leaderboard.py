"""How the leaderboard looks: who guesses best, and which faces people like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from discord import ui

from bot.models import Emote
from bot.replies import called
from bot.store.activity import LikedFace
from bot.store.guesses import Score
from bot.texts import Text, Value, counted, joined, listed, say

TOP = 10


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Like `Content`, for what posts. `own` is the asker's score, also when it is not among the best."""

    guild_id: int
    asker_id: str
    best: Sequence[Score]
    own: Score | None
    liked: Sequence[LikedFace]
    locale: str

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        view = ui.LayoutView(timeout=None)
        view.stop()  # the library would keep every view ever sent
        box: ui.Container[Any] = ui.Container()
        box.add_item(ui.TextDisplay(say(joined(self._players(), between="\n"), self.locale)))
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay(say(joined(self._faces(), between="\n"), self.locale)))
        return {"content": None, files_as: [], "view": view.add_item(box)}

    def _players(self) -> Iterator[Text]:
        yield Text("**Guess the emote**")
        for score in self.best:
            yield Text("{place}. {player}: {points}", {"player": f"<@{score.user_id}>", **_worth(score)})
        if not self.best:
            yield Text("Nobody has guessed an emote yet: `/guess` starts a round.")
        elif self.own is None:
            yield Text("-# {player} has not guessed one yet.", {"player": f"<@{self.asker_id}>"})
        elif self.own not in self.best:
            values = {"player": f"<@{self.asker_id}>", **_worth(self.own)}
            yield Text("-# {player} is at place {place}: {points}.", values)

    def _faces(self) -> Iterator[Text]:
        yield Text("**Favourite faces**")
        for place, face in enumerate(self.liked, 1):
            link = f"https://discord.com/channels/{self.guild_id}/{face.channel_id}/{face.answer_ref}"
            votes = counted("{n} star", "{n} stars", face.votes)
            values: dict[str, Value] = {"place": place, "emotes": _names(face.emotes), "votes": votes, "link": link}
            yield Text("{place}. {emotes}: {votes}, {link}", values)
        if not self.liked:
            yield Text("No face has a star yet: they are given under a face's “More”.")


def _worth(score: Score) -> dict[str, Value]:
    rounds = counted("{n} round", "{n} rounds", score.rounds)
    points = counted("{n} point", "{n} points", score.points)
    return {"place": score.place, "points": Text("{points} in {rounds}", {"points": points, "rounds": rounds})}


def _names(emotes: Sequence[Emote]) -> Text:
    """As code, in which no markup works; catalogue names have no backticks."""
    return listed(joined(["`", called(part), "`"], between="") for emote in emotes for part in emote.parts)
