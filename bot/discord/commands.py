"""What `/face` is asked with, named as in the chat grammar, and how commands are registered with Discord."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.command import FaceCommand, parse_command, read_iterations
from inference.protocol import AUTO, MAX_ITERATIONS, FaceOptions, Format, Layout, Style

log = structlog.get_logger(__name__)

ROUNDS = (AUTO, *map(str, range(1, MAX_ITERATIONS + 1)))
_LIMITS = {"choices", "channel_types", "min_value", "max_value", "min_length", "max_length", "autocomplete"}
_TELLING = {*_LIMITS, "name_localizations", "description_localizations"}  # also where we say nothing about them
_OBSOLETE = {"dm_permission"}  # not always given back


@dataclass(frozen=True, slots=True)
class SlashQuestion:
    """The options as they came; None where one was left out."""

    emote: str = ""
    picture: discord.Attachment | None = None
    member: discord.User | discord.Member | None = None
    style: str | None = None
    realism: float | None = None
    iterations: str | None = None
    seed: int | None = None
    layout: str | None = None
    form: str | None = None

    def command(self, defaults: FaceOptions) -> FaceCommand:
        """The text of `emote:` follows the grammar, a filled-in option beats one typed there; raise InvalidOption."""
        given: dict[str, Any] = {
            "style": None if self.style is None else Style(self.style),
            "realism": self.realism,
            "iterations": None if self.iterations is None else read_iterations(self.iterations),
            "seed": self.seed,
            "layout": None if self.layout is None else Layout(self.layout),
            "form": None if self.form is None else Format(self.form),
        }
        return parse_command(self.emote, defaults, {name: value for name, value in given.items() if value is not None})


async def sync_if_changed(tree: app_commands.CommandTree, application_id: int) -> bool:
    """Register the commands unless Discord knows them as they are: registrations are limited per day."""
    translator = tree.translator or app_commands.Translator()
    wanted = [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]
    # as raw JSON: the library's AppCommand loses parts of contexts and installation types on the way, and the library
    # does not ask for the translations
    route = discord.http.Route("GET", "/applications/{application_id}/commands", application_id=application_id)
    known = await tree.client.http.request(route, params={"with_localizations": "true"})
    if _same(wanted, known):
        return False
    await tree.sync()
    log.info("discord_commands_registered", commands=[command["name"] for command in wanted])
    return True


def _same(wanted: object, known: object) -> bool:
    """Equal in all we say and in what only Discord might say, apart from what it leaves out because it is a default."""
    if isinstance(wanted, Mapping) and isinstance(known, Mapping):
        names = (wanted.keys() | (known.keys() & _TELLING)) - _OBSOLETE
        return all(_same(wanted.get(name), known.get(name)) for name in names)
    if isinstance(wanted, list) and isinstance(known, list):
        return len(wanted) == len(known) and all(map(_same, wanted, known))
    return wanted == known or (_is_default(wanted) and _is_default(known))


def _is_default(value: object) -> bool:
    return value is None or value is False or value == [] or value == {}
