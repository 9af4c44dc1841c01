"""The words for every error and every status line. They never contain anything the asker wrote."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot import errors
from bot.emotes.catalogue import ContentFlag
from bot.emotes.emoji_names import EmojiName
from bot.emotes.resolver import Explanation, Found
from bot.models import Emote, EmoteSource, Progress
from bot.policy.forms import allowed
from bot.policy.settings import SETTINGS
from bot.texts import Text, Value, counted, either, enumerated, joined, listed

_RANKS = {
    "follower": Text("Faces are for followers here."),
    "subscriber": Text("Faces are for subscribers here."),
    "vip": Text("Faces are for VIPs and moderators here."),
    "moderator": Text("Faces are for moderators here."),
}

_WORDS: dict[type[errors.FaceError], Callable[[Any], Text]] = {
    errors.NothingToDraw: lambda e: Text("Name an emote and I'll give it a face, for example `!face 😂`."),
    errors.TooManyEmotes: lambda e: Text(
        "That's a crowd: I can face up to {limit} emotes at once.", {"limit": e.limit}
    ),
    errors.InvalidOption: lambda e: Text("`{option}:` takes {allowed}.", {"option": e.option, "allowed": e.allowed}),
    errors.InvalidSetting: lambda e: _no_value(e.name, e.most),
    errors.LinkNotAllowed: lambda e: Text(
        "I only follow links to emotes on the sites I know. Send the picture itself."
    ),
    errors.OthersPicturesOff: lambda e: Text(
        "Other people's pictures are off here. An admin can allow them with `/emoteface settings`."
    ),
    errors.OptedOut: lambda e: Text("That person doesn't want to be drawn."),
    errors.UnknownOwner: lambda e: Text("I can't tell whose picture that is, so I'd rather not draw it."),
    errors.NoServerIcon: lambda e: Text("There is no server icon here."),
    errors.MissingPermissions: lambda e: Text(
        "I can't answer here: somebody who manages this server has to give me {permissions}.",
        {"permissions": permission_names(e.missing)},
    ),
    errors.ChannelPaused: lambda e: Text(
        "Discord keeps refusing my answers in this channel, so I take a break here for {wait}.",
        {"wait": hours(e.retry_after_s)},
    ),
    errors.UnknownEmote: lambda e: _unknown(e.suggestions, e.down),
    errors.FlaggedEmote: lambda e: Text(
        "That emote is marked as {flags}, and such emotes are not drawn here.", {"flags": _flagged(e.flags)}
    ),
    errors.OverlayAlone: lambda e: Text("That emote lies on another one: name the other one first."),
    errors.UnknownChannel: lambda e: Text("I can't find a Twitch channel of that name."),
    errors.CatalogueDown: lambda e: Text("Whom I'd have to ask can't be reached right now, please try again later."),
    errors.TooManyRequests: lambda e: Text(
        "I'm still on your last ones, ask again in {wait}.", {"wait": seconds(e.retry_after_s)}
    ),
    errors.GuessingOff: lambda e: Text("The guessing game is switched off in this channel."),
    errors.RoundRunning: lambda e: Text("There is a face to guess here already."),
    errors.RoundTooSoon: lambda e: Text(
        "The next face to guess can be had here in {wait}.", {"wait": seconds(e.retry_after_s)}
    ),
    errors.CooldownActive: lambda e: Text("One at a time: ask again in {wait}.", {"wait": seconds(e.retry_after_s)}),
    errors.QuotaUsedUp: lambda e: Text(
        "The faces for today are used up here. There are new ones in {wait}.", {"wait": hours(e.retry_after_s)}
    ),
    errors.Paused: lambda e: Text("I'm taking a break, somebody in charge has paused me. Please try again later."),
    errors.ChannelDisabled: lambda e: Text("Faces are switched off in this channel."),
    errors.RoleRequired: lambda e: Text("Only members with certain roles can ask for faces here."),
    errors.RankRequired: lambda e: _RANKS[e.rank],
    errors.StreamOffline: lambda e: Text("Faces are drawn here while the stream is on. See you then!"),
    errors.Blocked: lambda e: Text("I can't draw faces for you here, sorry. The people who run this place know more."),
    errors.EmoteBlocked: lambda e: Text("That emote isn't drawn here. Another one, maybe?"),
    errors.PictureBlocked: lambda e: Text("That picture isn't drawn here. Another one, maybe?"),
    errors.TooManyBlocked: lambda e: Text(
        "As many as {limit} are blocked already, I can't remember more.", {"limit": e.limit}
    ),
    errors.UnknownCode: lambda e: Text(
        "I don't know that code: each works once, for ten minutes. `/emoteface mirror` on Discord makes a new one."
    ),
    errors.TooManyTries: lambda e: Text(
        "Those were too many codes, please try again in {wait}.", {"wait": hours(e.retry_after_s)}
    ),
    errors.TooManyMirrors: lambda e: Text(
        "One of the two is linked to {limit} channels already, which is as many as can be.", {"limit": e.limit}
    ),
    errors.DownloadFailed: lambda e: Text(
        "I couldn't fetch that emote's picture. It may be gone, or its host is down."
    ),
    errors.DownloadTimedOut: lambda e: Text("That emote's host is too slow right now, please try again in a minute."),
    errors.PictureTooLarge: lambda e: Text(
        "That picture is too large for me (the limit is {limit}).", {"limit": e.limit}
    ),
    errors.UnsupportedPicture: lambda e: Text("I can't read that picture. PNG, JPEG, GIF, WebP and Lottie work."),
    errors.UploadGone: lambda e: Text("I was restarted and forgot that picture, please send it again."),
    errors.Busy: lambda e: Text(
        "I'm drowning in faces, please try again in {wait}.", {"wait": seconds(e.retry_after_s)}
    ),
    errors.StoreOutOfReach: lambda e: Text(
        "I can't write anything down just now, please try again in {wait}.", {"wait": seconds(e.retry_after_s)}
    ),
    errors.DeadlineExceeded: lambda e: Text("That took too long, sorry. Please try again."),
    errors.GeneratorFailed: lambda e: Text("That one broke my face machine. Others still work."),
    errors.ResultTooLarge: lambda e: Text(
        "The face came out too large to post. Fewer emotes or `layout:face` may help."
    ),
    errors.StyleNotServed: lambda e: Text(
        "I haven't learned that style yet. This works: {styles}.",
        {"styles": either(f"`style:{style}`" for style in e.served)},
    ),
    errors.NoWeights: lambda e: Text(
        "I have no trained network yet, so there are no faces. `emoteface doctor` says more."
    ),
}


def words_for(error: errors.FaceError) -> Text:
    """One kind sentence for the asker; every leaf of the error tree has its own."""
    return _WORDS[type(error)](error)


def _no_value(name: str, most: float | None) -> Text:
    if name not in SETTINGS:
        return Text("There is no setting of that name.")
    what = {"setting": SETTINGS[name].title, "allowed": allowed(name, most)}
    return Text("{setting} takes {allowed}.", what)


def status_line(progress: Progress) -> Text:
    """What to show while somebody waits longer than a moment."""
    if progress.position is None or progress.eta_s is None:
        return Text("Drawing…")
    return Text(
        "In the queue at place {place}, about {wait} to go (an estimate).",
        {"place": progress.position, "wait": seconds(progress.eta_s)},
    )


def seconds(wait_s: float) -> Text:
    """A wait in whole seconds, one at least; in minutes where it is long."""
    return hours(wait_s) if wait_s > 90 else counted("a second", "{n} seconds", max(1, round(wait_s)))


def hours(wait_s: float) -> Text:
    """A wait in whole hours, in minutes where it is not long."""
    minutes = max(1, math.ceil(wait_s / 60))
    if minutes <= 90:
        return counted("a minute", "{n} minutes", minutes)
    return counted("an hour", "{n} hours", math.ceil(wait_s / 3600))


def alt_text(emotes: tuple[Emote, ...]) -> Text:
    """A description for people who cannot see the picture, made of catalogue names only."""
    shown = {"emotes": enumerated(map(_composed, emotes))}
    if len(emotes) > 1:
        return Text("Faces made from {emotes}, AI-generated", shown)
    return Text("A face made from {emotes}, AI-generated", shown)


def caption(emotes: tuple[Emote, ...]) -> Text | None:
    """What to say beside the picture: the names of emotes that the asker did not spell like that; None for nothing."""
    picked = [_quoted(part.name) for emote in emotes for part in emote.parts if part.picked and part.name]
    return Text("This is {emotes}.", {"emotes": listed(picked)}) if picked else None


def explanation(found: Explanation) -> Text:
    """What is known about an emote, in a few lines."""
    lines = _known(found.found) if found.found else [_unknown(found.near, ())]
    lines.append(Text("Searched: {places}.", {"places": enumerated(found.searched)}))
    if found.down:
        lines.append(Text("Out of reach right now: {places}.", {"places": enumerated(found.down)}))
    return joined(lines, between="\n")


def flag_words(flag: str) -> Text:
    """How people call what a `ContentFlag` says."""
    return _FLAGS[ContentFlag(flag)]


_UNNAMED = {
    EmoteSource.UNICODE: Text("an emoji"),
    EmoteSource.DISCORD: Text("a custom emoji"),
    EmoteSource.TWITCH: Text("a Twitch emote"),
    EmoteSource.BTTV: Text("a BTTV emote"),
    EmoteSource.FFZ: Text("an FFZ emote"),
    EmoteSource.SEVENTV: Text("a 7TV emote"),
    EmoteSource.STICKER: Text("a sticker"),
    EmoteSource.UPLOAD: Text("a picture"),
    EmoteSource.LINK: Text("a picture"),
    EmoteSource.ATTACHMENT: Text("a picture"),
    EmoteSource.AVATAR: Text("an avatar"),
    EmoteSource.SERVER_ICON: Text("the server's icon"),
}

_FLAGS = {
    ContentFlag.SEXUAL: Text("sexual"),
    ContentFlag.EPILEPSY: Text("flashing"),
    ContentFlag.EDGY: Text("edgy"),
    ContentFlag.TWITCH_DISALLOWED: Text("not allowed on Twitch"),
    ContentFlag.UNLISTED: Text("unlisted"),
}


def _known(found: Found) -> list[Value]:
    called = _quoted(found.emote.name) if found.emote.name else _UNNAMED[found.emote.source]
    lines: list[Value] = [Text("This is {emote}, from {place}.", {"emote": called, "place": found.place})]
    if found.overlay:
        lines.append(Text("It lies on the emote before it."))
    if found.flags:
        lines.append(Text("It is marked as {flags}.", {"flags": _flagged(found.flags)}))
    if found.page:
        lines.append(f"<{found.page}>")
    return lines


def _unknown(suggestions: tuple[str, ...], down: tuple[Value, ...]) -> Text:
    sentences = [Text("I don't know that emote.")]
    if suggestions:
        near = enumerated(_quoted(name) for name in suggestions)
        sentences.append(Text("Did you mean {names}?", {"names": near}))
    if down:
        where = {"places": listed(down)}
        sentences.append(Text("{places} can't be reached right now, it may be from there.", where))
    return joined(sentences)


def called(emote: Emote) -> Value:
    """What people call an emote, in their language."""
    if emote.source is EmoteSource.UNICODE and emote.name:
        return EmojiName(emote.id, emote.name)
    return emote.name or _UNNAMED[emote.source]


def _composed(emote: Emote) -> Value:
    """With everything it is composed of."""
    first, *others = map(called, emote.parts)
    return Text("{emote} with {others}", {"emote": first, "others": listed(others)}) if others else first


def _flagged(flags: tuple[str, ...]) -> Text:
    return listed(map(flag_words, flags))


def _quoted(name: str) -> Text:
    """A name to be typed, as it is."""
    return joined(["`", name, "`"], between="")


PERMISSIONS: Mapping[str, Text] = {
    "view_channel": Text("View Channel"),
    "send_messages": Text("Send Messages"),
    "attach_files": Text("Attach Files"),
    "read_message_history": Text("Read Message History"),
    "send_messages_in_threads": Text("Send Messages in Threads"),
    "create_public_threads": Text("Create Public Threads"),
    "add_reactions": Text("Add Reactions"),
    "create_expressions": Text("Create Expressions"),
}


def permission_names(missing: Iterable[str]) -> Text:
    """What the platform calls these permissions."""
    return listed(joined(["`", PERMISSIONS[name], "`"], between="") for name in missing)
