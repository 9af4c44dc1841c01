"""The words for every error and every status line. They never contain anything the asker wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bot import errors
from bot.emotes.resolver import Explanation
from bot.models import Emote, EmoteSource, Progress

_WORDS: dict[type[errors.FaceError], Callable[[Any], str]] = {
    errors.NothingToDraw: lambda e: "Name an emote and I'll give it a face, for example `!face 😂`.",
    errors.TooManyEmotes: lambda e: f"That's a crowd: I can face up to {e.limit} emotes at once.",
    errors.InvalidOption: lambda e: f"`{e.option}:` takes {e.allowed}.",
    errors.LinkNotAllowed: lambda e: "I only follow links to emotes on the sites I know. Send the picture itself.",
    errors.OthersPicturesOff: lambda e: (
        "Other people's pictures are off here. An admin can allow them with `/emoteface others`."
    ),
    errors.OptedOut: lambda e: "That person doesn't want to be drawn.",
    errors.UnknownOwner: lambda e: "I can't tell whose picture that is, so I'd rather not draw it.",
    errors.NoServerIcon: lambda e: "There is no server icon here.",
    errors.UnknownEmote: lambda e: "I don't know that emote." + _suggest(e.suggestions) + _missing(e.down),
    errors.FlaggedEmote: lambda e: (
        f"That emote is marked as {_listed(map(flag_words, e.flags))}, and such emotes are not drawn here."
    ),
    errors.OverlayAlone: lambda e: "That emote lies on another one: name the other one first.",
    errors.UnknownChannel: lambda e: "I can't find a Twitch channel of that name.",
    errors.CatalogueDown: lambda e: "Whom I'd have to ask can't be reached right now, please try again later.",
    errors.TooManyRequests: lambda e: f"I'm still on your last ones, ask again in {_seconds(e.retry_after_s)}.",
    errors.DownloadFailed: lambda e: "I couldn't fetch that emote's picture. It may be gone, or its host is down.",
    errors.DownloadTimedOut: lambda e: "That emote's host is too slow right now, please try again in a minute.",
    errors.PictureTooLarge: lambda e: f"That picture is too large for me (the limit is {e.limit}).",
    errors.UnsupportedPicture: lambda e: "I can't read that picture. PNG, JPEG, GIF, WebP and Lottie work.",
    errors.UploadGone: lambda e: "I was restarted and forgot that picture, please send it again.",
    errors.Busy: lambda e: f"I'm drowning in faces, please try again in {_seconds(e.retry_after_s)}.",
    errors.DeadlineExceeded: lambda e: "That took too long, sorry. Please try again.",
    errors.GeneratorFailed: lambda e: "That one broke my face machine. Others still work.",
    errors.ResultTooLarge: lambda e: "The face came out too large to post. Fewer emotes or `layout:face` may help.",
    errors.StyleNotServed: lambda e: (
        f"I haven't learned that style yet. {' or '.join(f'`style:{style}`' for style in e.served)} works."
    ),
    errors.NoWeights: lambda e: "I have no trained network yet, so there are no faces. `emoteface doctor` says more.",
}


def words_for(error: errors.FaceError) -> str:
    """One kind sentence for the asker; every leaf of the error tree has its own."""
    return _WORDS[type(error)](error)


def status_line(progress: Progress) -> str:
    """What to show while somebody waits longer than a moment."""
    if progress.position is None or progress.eta_s is None:
        return "Drawing…"
    return f"In the queue at place {progress.position}, about {_seconds(progress.eta_s)} to go (an estimate)."


def alt_text(emotes: tuple[Emote, ...]) -> str:
    """A description for people who cannot see the picture, made of catalogue names only."""
    return f"{'Faces' if len(emotes) > 1 else 'A face'} made from {', '.join(map(_called, emotes))}, AI-generated"


def caption(emotes: tuple[Emote, ...]) -> str | None:
    """What to say beside the picture: the names of emotes that the asker did not spell like that; None for nothing."""
    picked = [f"`{part.name}`" for emote in emotes for part in emote.parts if part.picked and part.name]
    return f"This is {_listed(picked)}." if picked else None


def explanation(found: Explanation) -> str:
    """What is known about an emote, in a few lines."""
    lines = [f"I don't know that emote.{_suggest(found.near)}"]
    if emote := found.found:
        lines = [f"`{emote.emote.name}`" if emote.emote.name else _UNNAMED[emote.emote.source].capitalize()]
        lines[0] += f" is from {emote.place}."
        if emote.overlay:
            lines.append("It lies on the emote before it.")
        if emote.flags:
            lines.append(f"It is marked as {_listed(map(flag_words, emote.flags))}.")
        if emote.page:
            lines.append(f"<{emote.page}>")
    lines.append(f"Searched: {', '.join(found.searched)}.")
    if found.down:
        lines.append(f"Out of reach right now: {', '.join(found.down)}.")
    return "\n".join(lines)


_UNNAMED = {
    EmoteSource.UNICODE: "an emoji",
    EmoteSource.DISCORD: "a custom emoji",
    EmoteSource.TWITCH: "a Twitch emote",
    EmoteSource.BTTV: "a BTTV emote",
    EmoteSource.FFZ: "an FFZ emote",
    EmoteSource.SEVENTV: "a 7TV emote",
    EmoteSource.STICKER: "a sticker",
    EmoteSource.UPLOAD: "a picture",
    EmoteSource.LINK: "a picture",
    EmoteSource.ATTACHMENT: "a picture",
    EmoteSource.AVATAR: "an avatar",
    EmoteSource.SERVER_ICON: "the server's icon",
}


def _called(emote: Emote) -> str:
    """With everything it is composed of."""
    return " with ".join(part.name or _UNNAMED[part.source] for part in emote.parts)


def flag_words(flag: str) -> str:
    """How people call what a `ContentFlag` says."""
    return {"epilepsy": "flashing", "twitch_disallowed": "not allowed on Twitch"}.get(flag, flag)


def _listed(things: Iterable[str]) -> str:
    *others, last = things
    return f"{', '.join(others)} and {last}" if others else last


def _missing(down: tuple[str, ...]) -> str:
    return f" {_listed(down)} can't be reached right now, it may be from there." if down else ""


def _suggest(names: tuple[str, ...]) -> str:
    return f" Did you mean {', '.join(f'`{name}`' for name in names)}?" if names else ""


def _seconds(seconds: float) -> str:
    whole = max(1, round(seconds))
    return "a second" if whole == 1 else f"{whole} seconds"
