"""The settings of a server and its channels: where each may be set, and which value is in force where.

`config.servers.ServerSettings` has their types and bounds, `SETTINGS` what people are told about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from pydantic import ValidationError

from bot.errors import InvalidSetting
from bot.models import Platform, broadcaster_of
from bot.store.scope_settings import WHOLE_SCOPE, StoredSetting
from bot.texts import Text
from config.servers import ServerSettings
from inference.protocol import FaceOptions, Layout, Style

log = structlog.get_logger(__name__)

EVERYWHERE = "*"  # the scope id of what the operator decides for the whole instance


class Level(StrEnum):
    """Where a value comes from; a later one wins."""

    INSTANCE = "instance"
    SERVER = "server"
    CHANNEL = "channel"


class EffectiveSettings(ServerSettings):
    """The values in force in one place; `levels` says of each that is not the instance's where it was set."""

    levels: Mapping[str, Level] = {}

    def level(self, name: str) -> Level:
        """Where the value was set."""
        return self.levels.get(name, Level.INSTANCE)

    def is_paused(self, now: float) -> bool:
        """Whether nothing is drawn at this moment, in Unix seconds."""
        return self.paused if isinstance(self.paused, bool) else now < self.paused

    def face_options(self) -> FaceOptions:
        """What a command here starts from. A realism is meant for the style it was chosen with, so one of a wider level
        does not count once the style is another."""
        order = list(Level)
        keeps = order.index(self.level("realism")) >= order.index(self.level("style"))
        style = Style(self.style) if self.style else Style.REAL
        return FaceOptions(style, self.realism if keeps else None, layout=Layout(self.layout))


def merged(defaults: ServerSettings, stored: Iterable[StoredSetting]) -> EffectiveSettings:
    """The values in force, of rows from the widest to the narrowest place.

    What another version of the program wrote and this one does not understand is left out.
    """
    values, levels = defaults.model_dump(), dict[str, Level]()
    for row in stored:
        level = Level.CHANNEL if row.channel_id != WHOLE_SCOPE else Level.SERVER
        if row.scope_id == EVERYWHERE:
            level = Level.INSTANCE
        values[row.name], levels[row.name] = _wider_pause(values, row), level
    while True:
        try:
            return EffectiveSettings.model_validate(values | {"levels": levels})
        except ValidationError as error:
            names = {str(problem["loc"][0]) for problem in error.errors()}
            log.warning("scope_settings_ignored", names=sorted(names))
            fallback = defaults.model_dump()
            for name in names:
                levels.pop(name, None)
                values.pop(name, None)
            values |= {name: fallback[name] for name in names if name in fallback}


def _wider_pause(values: Mapping[str, Any], row: StoredSetting) -> Any:
    """A pause of the whole instance holds, whatever a server says; of two pauses with an end, the longer one."""
    wider = values["paused"]
    if row.name != "paused" or not wider or not isinstance(row.value, bool | float | int):
        return row.value
    return True if row.value is True or wider is True else max(float(row.value), float(wider))


def checked(defaults: ServerSettings, name: str, value: Any) -> Any:
    """The value as it is stored (plain JSON values); raise InvalidSetting when it is none for this setting."""
    if name not in ServerSettings.model_fields:
        raise InvalidSetting(name)
    try:
        valid = ServerSettings.model_validate(defaults.model_dump() | {name: value})
    except ValidationError:
        raise InvalidSetting(name) from None
    return valid.model_dump(mode="json")[name]


@dataclass(frozen=True, slots=True)
class Setting:
    """What people are told about a setting, and where it may be set: at which levels, on which platforms."""

    title: Text
    description: Text
    levels: frozenset[Level]
    platforms: frozenset[Platform] = frozenset({Platform.DISCORD, Platform.TWITCH})


def platform_of(scope_id: str) -> Platform:
    """On which platform the settings of a scope are made."""
    return Platform.DISCORD if broadcaster_of(scope_id) is None else Platform.TWITCH


_DISCORD, _TWITCH = frozenset({Platform.DISCORD}), frozenset({Platform.TWITCH})
_SERVER = frozenset({Level.SERVER})
_CHANNELS = frozenset({Level.SERVER, Level.CHANNEL})

SETTINGS: Mapping[str, Setting] = {
    "paused": Setting(
        Text("Paused"),
        Text("Nothing is drawn until this is off again."),
        frozenset({Level.INSTANCE, Level.SERVER}),
    ),
    "enabled": Setting(
        Text("Faces"),
        Text("Whether faces can be asked for. Off in the server and on in some channels: only there."),
        _CHANNELS,
    ),
    "ask_role_ids": Setting(
        Text("Who may ask"), Text("Only members with one of these roles can ask. None: everybody."), _CHANNELS, _DISCORD
    ),
    "ask_from": Setting(Text("Who may ask"), Text("Who can ask for faces, with everybody above."), _SERVER, _TWITCH),
    "online_only": Setting(
        Text("While live"), Text("Whether faces are drawn only while the stream is on."), _SERVER, _TWITCH
    ),
    "command": Setting(Text("Command"), Text("The word after the prefix that asks for a face."), _SERVER, _TWITCH),
    "prefix_enabled": Setting(
        Text("Prefix command"),
        Text("Whether the prefix is heard. Slash commands and mentions always are."),
        _CHANNELS,
        _DISCORD,
    ),
    "prefix": Setting(Text("Prefix"), Text("What stands before the command in a message."), _SERVER),
    "reaction_emoji": Setting(
        Text("Reaction"),
        Text("Reacting with this emoji asks for a face of the message. None: no reaction does."),
        _CHANNELS,
        _DISCORD,
    ),
    "style": Setting(Text("Style"), Text("How faces are drawn when nobody says otherwise."), _CHANNELS),
    "realism": Setting(
        Text("Realism"), Text("From 0 (keep the emote) to 1 (a photo). None: the style's own."), _CHANNELS
    ),
    "layout": Setting(Text("Layout"), Text("How the picture is put together when nobody says otherwise."), _CHANNELS),
    "cooldown_s": Setting(
        Text("Cooldown"),
        Text("Seconds from one request of a person to the next. Not for people who manage the server."),
        _CHANNELS,
    ),
    "outstanding_per_user": Setting(
        Text("At once, each person"), Text("How many faces one person can be waiting for."), _SERVER
    ),
    "outstanding_per_channel": Setting(
        Text("At once, each channel"), Text("How many faces one channel can be waiting for."), _CHANNELS
    ),
    "daily_cost": Setting(
        Text("Daily quota"),
        Text("How much may be drawn in a day (UTC): a plain face costs 5, a classic one 1, an animation more."),
        _SERVER,
    ),
    "twitch_channel": Setting(Text("Twitch channel"), Text("Its emotes work here."), _SERVER, _DISCORD),
    "sources_off": Setting(Text("Sources left out"), Text("Emotes of these are not looked for."), _SERVER),
    "allowed_flags": Setting(
        Text("Marked emotes"), Text("Emotes that are marked like this are drawn all the same."), _SERVER
    ),
    "others_pictures": Setting(
        Text("Other people's pictures"),
        Text("Whether members may draw each other's avatars and pictures."),
        _SERVER,
        _DISCORD,
    ),
    "last_picture": Setting(
        Text("Last picture"),
        Text("Whether a command without an emote takes the channel's last picture."),
        _SERVER,
        _DISCORD,
    ),
    "answer_in_thread": Setting(
        Text("Answer in a thread"), Text("Whether answers go into a thread of the question."), _CHANNELS, _DISCORD
    ),
    "auto_delete_s": Setting(
        Text("Delete answers"), Text("After how many seconds answers are deleted. None: never."), _CHANNELS, _DISCORD
    ),
    "delete_with_question": Setting(
        Text("Delete with the question"),
        Text("Whether an answer goes when its question is deleted."),
        _CHANNELS,
        _DISCORD,
    ),
    "language": Setting(Text("Language"), Text("The language of answers. Automatic: that of the server."), _CHANNELS),
    "gallery": Setting(
        Text("Gallery"), Text("Whether faces have public pages and are shown in the gallery."), _CHANNELS
    ),
    "approve_first": Setting(
        Text("Approve first"),
        Text("Whether somebody has to approve a face before it is on the stream, in the gallery and in the mirror."),
        _CHANNELS,
    ),
    "guess_enabled": Setting(Text("Guessing game"), Text("Whether the guessing game can be played."), _CHANNELS),
    "log_channel_id": Setting(
        Text("Log channel"), Text("The channel that is told of reports and changes."), _SERVER, _DISCORD
    ),
    "reward_enabled": Setting(
        Text("Channel points"), Text("Whether faces can be had for channel points."), _SERVER, _TWITCH
    ),
    "reward_title": Setting(Text("Reward"), Text("What the reward is called on Twitch."), _SERVER, _TWITCH),
    "reward_cost": Setting(Text("Price"), Text("What a face costs, in channel points."), _SERVER, _TWITCH),
    "reward_cooldown_s": Setting(
        Text("Reward's cooldown"), Text("Seconds from one redemption to the next, of anybody."), _SERVER, _TWITCH
    ),
    "overlay_theme": Setting(Text("Overlay: look"), Text("How faces look on the stream's overlay."), _SERVER),
    "overlay_position": Setting(Text("Overlay: place"), Text("Where on the screen faces appear."), _SERVER),
    "overlay_size_percent": Setting(
        Text("Overlay: size"), Text("The height of a face, in percent of the screen's."), _SERVER
    ),
    "overlay_duration_s": Setting(
        Text("Overlay: duration"), Text("Seconds that a face stays; fewer while others wait."), _SERVER
    ),
    "overlay_sound": Setting(Text("Overlay: sound"), Text("Whether a face comes with a sound."), _SERVER),
    "overlay_discord": Setting(
        Text("Overlay: faces from Discord"),
        Text("Whether what is asked for on Discord appears on the server's overlay."),
        _CHANNELS,
        _DISCORD,
    ),
}
