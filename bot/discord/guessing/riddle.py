"""How a round looks: a face with a button to guess, later the pair with one for another round.

Until the end nothing of a message says what the emote is: the file is named by the round's random mask, the buttons
carry its id, the alt text is the same for all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal, Self

import discord
from discord import ui

from bot.discord.answer_view import filenames_in
from bot.guessing.round import GuessRound
from bot.guessing.words import RIDDLE_ALT_TEXT, ending, invitation
from bot.models import FacePicture
from bot.replies import alt_text
from bot.texts import Text, say

_ROUND = r"(?P<round>[0-9A-HJKMNP-TV-Z]{26})"
GUESS, NAMED, ANOTHER_ROUND = f"guess:try:{_ROUND}", f"guess:name:{_ROUND}", "guess:again"


@dataclass(frozen=True, slots=True)
class Riddle:
    """A message of the game. Like `Content`, for what posts and edits."""

    words: str
    picture: bytes | None
    filename: str
    alt_text: str
    button: ui.Button[Any]

    @classmethod
    def asked(cls, round_: GuessRound, face: bytes, round_s: float) -> Self:
        """The face, to be guessed."""
        button = guess_button(round_.id, say(Text("Guess"), round_.locale))
        words = say(invitation(round_s), round_.locale)
        return cls(words, face, f"guess-{round_.mask}.webp", say(RIDDLE_ALT_TEXT, round_.locale), button)

    @classmethod
    def solved(cls, round_: GuessRound, pair: FacePicture | None, *, late: bool) -> Self:
        """The pair (while it is stored), and who has guessed it. The mention names and does not ping."""
        words = say(ending(round_, mention_of(round_), late=late), round_.locale)
        button = another_round_button(say(Text("Another round"), round_.locale))
        picture, described = None if pair is None else pair.content, say(alt_text((round_.emote,)), round_.locale)
        return cls(words, picture, f"guess-{round_.mask}-pair.webp", described, button)

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """See `Content.arguments`."""
        files = []
        if self.picture is not None:
            files = [discord.File(io.BytesIO(self.picture), self.filename, description=self.alt_text)]
        return {"content": None, files_as: files, "view": self._view()}

    def is_shown_by(self, message: discord.Message) -> bool:
        """Whether `message` already is this."""
        return self.filename in filenames_in(message)

    def _view(self) -> ui.LayoutView:
        view = ui.LayoutView(timeout=None)
        view.stop()  # the library would keep every view ever sent
        view.add_item(ui.TextDisplay(self.words))
        if self.picture is not None:
            shown = discord.MediaGalleryItem(f"attachment://{self.filename}", description=self.alt_text)
            view.add_item(ui.MediaGallery(shown))
        return view.add_item(ui.ActionRow(self.button))


def mention_of(round_: GuessRound) -> str | None:
    """Of the winner, if there is one who has not wanted to be forgotten."""
    return f"<@{round_.winner_id}>" if round_.winner_id else None


def guess_button(round_id: str, label: str) -> ui.Button[Any]:
    """For who cannot or will not write into the channel."""
    return ui.Button(style=discord.ButtonStyle.primary, label=label, emoji="💭", custom_id=f"guess:try:{round_id}")


def another_round_button(label: str) -> ui.Button[Any]:
    """As `/guess`, by whoever presses it."""
    return ui.Button(style=discord.ButtonStyle.secondary, label=label, emoji="🎲", custom_id=ANOTHER_ROUND)


def name_form(round_id: str, locale: str) -> ui.Modal:
    """What opens behind the button."""
    form = ui.Modal(title=say(Text("Which emote is this?"), locale), custom_id=f"guess:name:{round_id}")
    form.stop()
    name: ui.TextInput[Any] = ui.TextInput(custom_id="name", max_length=100)
    return form.add_item(ui.Label(text=say(Text("Its name"), locale), component=name))


def name_in(interaction: discord.Interaction[Any]) -> str:
    """What was written into the form."""
    data: Any = interaction.data
    return str(data["components"][0]["component"]["value"])
