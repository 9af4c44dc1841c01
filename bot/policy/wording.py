"""Values of settings and the record of changes in words, wherever they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bot.emotes.library import SOURCE_NAMES
from bot.models import EmoteSource, Platform
from bot.policy.forms import Kind, form_of
from bot.policy.settings import SETTINGS, Level
from bot.replies import flag_words
from bot.store.audit import AuditEntry
from bot.store.blocks import BlockKind
from bot.texts import Text, Value, enumerated, joined
from config.servers import TwitchChannel

_OF_THE_CHANNEL = Text("set for this channel")
_LEVELS = {
    Level.INSTANCE: Text("the bot's default"),
    Level.SERVER: Text("set for the server"),
    Level.CHANNEL: _OF_THE_CHANNEL,
}
_NONE = Text("none")


class Naming(Protocol):
    """How a place to show words names what we know the id of; `typed` keeps what somebody typed from being markup."""

    def person(self, user_id: str) -> Value: ...

    def role(self, role_id: str) -> Value: ...

    def channel(self, channel_id: str) -> Value: ...

    def moment(self, at: float) -> Value: ...

    def code(self, text: str) -> Value: ...

    def typed(self, text: str) -> Value: ...


def level_words(level: Level, platform: Platform) -> Text:
    """Where a value comes from. A broadcaster's whole place is a channel."""
    if platform is Platform.TWITCH and level is Level.SERVER:
        return _OF_THE_CHANNEL
    return _LEVELS[level]


def value_words(name: str, value: Any, naming: Naming) -> Text:
    """Of plain JSON values as of the model's."""
    if value is None or value == () or value == []:
        return _NONE
    kind = form_of(name).kind
    if name == "paused" and not isinstance(value, bool):
        return Text("until {moment}", {"moment": naming.moment(value)})
    if kind is Kind.SWITCH:
        return Text("on") if value else Text("off")
    return joined([_shown(name, kind, value, naming)])


def choice_words(name: str, choice: str) -> Value:
    """What one of several values is called."""
    if name == "sources_off":
        return SOURCE_NAMES[EmoteSource(choice)]
    return flag_words(choice) if name == "allowed_flags" else choice


def entry_words(entry: AuditEntry, naming: Naming) -> Text:
    """One sentence about what was changed by whom."""
    told: dict[str, Value] = {"who": naming.person(entry.user_id)}
    match entry.action:
        case "setting_set" | "setting_reset":
            return _changed(entry.action, entry.detail, told, naming)
        case "blocked":
            return Text("{who} blocked {what}.", told | {"what": blocked_words(entry.detail, naming)})
        case "unblocked":
            return Text("{who} unblocked {what}.", told | {"what": blocked_words(entry.detail, naming)})
        case "mirror_linked" | "mirror_unlinked":
            told["channel"] = naming.channel(str(entry.detail.get("channel_id")))
            told["twitch"] = naming.code(str(entry.detail.get("twitch")))
            if entry.action == "mirror_linked":
                return Text("{who} has the faces of {twitch} on Twitch shown in {channel}.", told)
            return Text("{who} no longer has the faces of {twitch} on Twitch shown in {channel}.", told)
        case "purged":
            told["n"] = int(entry.detail.get("faces", 0))
            return Text("{who} had {n} faces deleted.", told)
        case "face_hidden":
            return Text("{who} had a face hidden.", told)
        case "face_approved":
            return Text("{who} approved a face.", told)
        case _:
            return Text("{who}: {action}.", told | {"action": entry.action.replace("_", " ")})


def blocked_words(detail: Mapping[str, Any], naming: Naming) -> Text:
    """What a block is about: of emotes where they are from and their id."""
    value = str(detail.get("value", ""))
    match detail.get("kind"):
        case BlockKind.USER:
            return joined([naming.person(value.rpartition(":")[2])])
        case BlockKind.ROLE:
            return Text("the role {role}", {"role": naming.role(value)})
        case BlockKind.EMOTE:
            return Text("the emote {emote}", {"emote": naming.code(value)})
        case _:
            return Text("the picture {digest}", {"digest": naming.code(value[:12])})


def _shown(name: str, kind: Kind, value: Any, naming: Naming) -> Value:
    match kind:
        case Kind.ROLES:
            return enumerated(naming.role(each) for each in value)
        case Kind.CHANNEL:
            return naming.channel(value)
        case Kind.CHOICES:
            return enumerated(choice_words(name, each) for each in value)
        case Kind.TWITCH_CHANNEL:
            channel = TwitchChannel.model_validate(value)
            return naming.code(channel.login or channel.id)
        case Kind.NUMBER:
            return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
        case _:
            return naming.typed(str(value))


def _changed(action: str, detail: Mapping[str, Any], told: dict[str, Value], naming: Naming) -> Text:
    name = str(detail.get("setting"))
    if name not in SETTINGS:  # of another version of the program
        return Text("{who}: {action}.", told | {"action": action.replace("_", " ")})
    told["setting"] = SETTINGS[name].title
    channel_id = detail.get("channel_id")
    if channel_id:
        told["channel"] = naming.channel(channel_id)
    if action == "setting_set":
        told["value"] = value_words(name, detail.get("value"), naming)
        if channel_id:
            return Text("{who} set {setting} in {channel}: {value}.", told)
        return Text("{who} set {setting}: {value}.", told)
    if channel_id:
        return Text("{who} took {setting} in {channel} back.", told)
    return Text("{who} took {setting} back.", told)
