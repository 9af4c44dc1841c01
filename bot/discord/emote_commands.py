"""`/emote-info`, and what admins decide about emotes under `/emoteface`: the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import discord
from discord import app_commands

from bot.emotes.catalogue import ContentFlag
from bot.emotes.library import CATALOGUED, SOURCE_NAMES
from bot.models import EmoteSource
from bot.replies import flag_words


@dataclass(frozen=True, slots=True)
class Explain:
    """What is known about this emote?"""

    word: str


@dataclass(frozen=True, slots=True)
class LinkChannel:
    """The emotes of this Twitch channel shall count; None: of none."""

    login: str | None


@dataclass(frozen=True, slots=True)
class SwitchSource:
    """The source's emotes shall count, or not."""

    source: EmoteSource
    on: bool


@dataclass(frozen=True, slots=True)
class AllowFlag:
    """Emotes marked like this shall be drawn, or not."""

    flag: ContentFlag
    allowed: bool


EmoteQuestion: TypeAlias = Explain | LinkChannel | SwitchSource | AllowFlag
EmoteHandler: TypeAlias = Callable[[discord.Interaction, EmoteQuestion], None]


def add_emote_info(tree: app_commands.CommandTree, handle: EmoteHandler) -> None:
    """`/emote-info`; `handle` returns at once and works beside."""

    @tree.command(name="emote-info", description="Where an emote is from, and where it was looked for")
    @app_commands.describe(emote="An emote's name, or the emote itself")
    async def emote_info(interaction: discord.Interaction, emote: str) -> None:
        handle(interaction, Explain(emote))


def add_emote_settings(group: app_commands.Group, handle: EmoteHandler) -> None:
    """Commands for admins; `handle` returns at once and works beside."""

    @group.command(name="twitch-channel", description="For admins: the Twitch channel whose emotes work here")
    @app_commands.describe(channel="Its name; leave it out to have none")
    async def twitch_channel(interaction: discord.Interaction, channel: str | None = None) -> None:
        handle(interaction, LinkChannel(channel))

    @group.command(name="emote-source", description="For admins: where emotes are looked for")
    @app_commands.choices(source=[_choice(source.value, SOURCE_NAMES[source]) for source in CATALOGUED])
    async def emote_source(interaction: discord.Interaction, source: str, on: bool) -> None:
        handle(interaction, SwitchSource(EmoteSource(source), on))

    @group.command(name="emote-flag", description="For admins: whether emotes marked like this are drawn")
    @app_commands.choices(flag=[_choice(flag.value, flag_words(flag)) for flag in ContentFlag])
    async def emote_flag(interaction: discord.Interaction, flag: str, allowed: bool) -> None:
        handle(interaction, AllowFlag(ContentFlag(flag), allowed))


def _choice(value: str, name: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=name, value=value)
