"""How the bot is used, in one message."""

from __future__ import annotations

from dataclasses import dataclass

from bot.texts import Text, Value, joined


@dataclass(frozen=True, slots=True)
class HelpPlace:
    """Where help is asked for: how the bot is called there, its prefix if that is heard, and the address of its own
    pages if they can be reached."""

    called: str
    prefix: str | None = None
    public_url: str | None = None


def help_text(place: HelpPlace) -> Text:
    """Examples to copy; below 2000 characters in every language."""
    lines: list[Value] = [
        Text("**I turn emotes into almost-real human faces.**"),
        Text("`/face` with the name of an emote or any emoji: names are suggested while you type."),
        Text(
            "{bot} `😂 Kappa` in a message does the same, also in reply to a picture or a sticker.",
            {"bot": place.called},
        ),
    ]
    if place.prefix:
        lines.append(
            Text(
                "So does `{prefix}face 😂`. An emote that is called help is asked for as `{prefix}face :help:`.",
                {"prefix": place.prefix},
            )
        )
    lines += [
        "",
        Text("`😂 🍕` two faces · `😂+🍕` one of both · `@me` your avatar · `@server` the server's icon"),
        Text("`style:real`, `style:cursed` or `style:classic`: who draws"),
        Text("`realism:0.8`: how far from the emote · `x:5`: drawn over five times · `seed:7`: the same face again"),
        Text("`layout:strip`, `layout:grid`, `layout:face` or `layout:morph`: how it is put together"),
        "",
        Text("On a message: Apps, Make faces. On a person: Apps, Face my avatar."),
        Text("`/emoteface opt-out`: nobody else can have you drawn."),
        Text("`/emoteface privacy`: what is kept about you · `/emoteface forget-me`: delete it"),
    ]
    if place.public_url:
        lines.append(
            Text(
                "Privacy: <{url}/privacy> · Terms: <{url}/terms>",
                {"url": place.public_url.rstrip("/")},
            )
        )
    return joined(lines, "\n")
