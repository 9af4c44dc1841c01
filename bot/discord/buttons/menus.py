"""What opens for whoever presses "More" or "Style": seen by them alone."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import ui

from bot.discord.buttons.controls import Action, button, select
from bot.discord.buttons.variations import REALISMS, offered
from bot.models import FaceRequest
from bot.texts import Text, say
from inference.protocol import Style

_STYLES: dict[Style, Text] = {
    Style.REAL: Text("The person in the emote"),
    Style.CURSED: Text("The emote turned to flesh"),
    Style.CLASSIC: Text("The network of 2019"),
}


def more_menu(request: FaceRequest, votes: int | None, locale: str) -> ui.LayoutView:
    """All that fits this face. Without `votes` nobody votes here. An emoji is made of one emote, in a server."""
    variations = [button(action, request.id, locale) for action in offered(request)]
    others = []
    if votes is not None:
        words = Text("Good one ({votes})", {"votes": votes})
        others.append(button(Action.VOTE, request.id, locale, words=words))
    if len(request.emotes) == 1:
        others.append(button(Action.EMOJI, request.id, locale))
    return _layout(say(Text("What else?"), locale), [variations, others])


def look_menu(request: FaceRequest, styles: Sequence[Style], locale: str) -> ui.LayoutView:
    """The styles that are served, and how real it should look."""
    options = request.options
    by_style = [
        discord.SelectOption(
            label=style.value,
            value=style.value,
            description=say(_STYLES[style], locale),
            default=style is options.style,
        )
        for style in styles
    ]
    by_realism = [
        discord.SelectOption(
            label=say(Text("Realism {value}", {"value": f"{realism:.1f}"}), locale),
            value=f"{realism:.1f}",
            default=abs(realism - options.realism) < 0.025,
        )
        for realism in REALISMS
    ]
    rows = [
        [select(Action.STYLE, request.id, say(Text("Style"), locale), by_style)],
        [select(Action.REALISM, request.id, say(Text("Realism"), locale), by_realism)],
    ]
    words = Text("How should it look? A realism of 0 keeps close to the emote, 1 trusts the network.")
    return _layout(say(words, locale), rows)


def _layout(words: str, rows: Sequence[Sequence[ui.Button[ui.LayoutView] | ui.Select[ui.LayoutView]]]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.stop()  # its items say all in their ids, so that the library need not keep it
    view.add_item(ui.TextDisplay(words))
    for row in rows:
        if row:
            view.add_item(ui.ActionRow(*row))
    return view
