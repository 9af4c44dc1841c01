"""What a feature of the Discord side is: a cog, with what a cog cannot declare by itself: subcommands of a group that
all share, menus, and buttons and forms that outlive the process that sent them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.command_words import CommandWords

SETTINGS = "emoteface"
GROUPS = {"block": "For admins: whom and what is not to be drawn here"}
"""Below `/emoteface`, with their descriptions."""
_METHOD = TypeVar("_METHOD", bound=Callable[..., Any])
_SUBCOMMAND, _MENU, _USED = "__emoteface_subcommand__", "__emoteface_menu__", "__emoteface_used__"


@dataclass(frozen=True, slots=True)
class _Subcommand:
    name: str
    description: str
    group: str | None = None


def subcommand(name: str, description: str) -> Callable[[_METHOD], _METHOD]:
    """Put a method below `/emoteface`, the group that all features share; otherwise like `app_commands.command`.

    `name` may be of two words, of which the first is one of `GROUPS`.
    """
    group, _, own_name = name.rpartition(" ")

    def mark(method: _METHOD) -> _METHOD:
        setattr(method, _SUBCOMMAND, _Subcommand(own_name, description, group or None))
        return method

    return mark


def menu(name: str) -> Callable[[_METHOD], _METHOD]:
    """Make a method a menu on messages or users, by the type of its second parameter; like `tree.context_menu`."""

    def mark(method: _METHOD) -> _METHOD:
        setattr(method, _MENU, name)
        return method

    return mark


def used(template: str) -> Callable[[_METHOD], _METHOD]:
    """Call a method with the interaction and the match when somebody presses a button, chooses in a select or sends a
    form whose id is like this regular expression.

    The id says all there is to know (in at most 100 characters), so it does not matter which process sent it: the
    library itself knows only what it has sent since the last start.
    """

    def mark(method: _METHOD) -> _METHOD:
        setattr(method, _USED, re.compile(template))
        return method

    return mark


def chosen(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
    """The values of a select that was used; none for anything else."""
    data: Any = interaction.data or {}
    return tuple(data.get("values") or ())


class Feature(commands.Cog):
    """A cog that comes anew with every client: what must outlive a lost connection is in the parts it was given.

    Handlers of events and commands return at once and work in `BoundedTasks`.
    """

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """See `used`."""
        if interaction.type in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            data: Any = interaction.data or {}
            for attribute, template in self._marked(_USED):
                if match := template.fullmatch(data.get("custom_id") or ""):
                    getattr(self, attribute)(interaction, match)

    def subcommands(self) -> Iterator[tuple[str | None, app_commands.Command[Any, ..., Any]]]:
        """What belongs below `/emoteface`, each with its group there."""
        for attribute, mark in self._marked(_SUBCOMMAND):
            yield (
                mark.group,
                app_commands.Command(
                    name=mark.name, description=mark.description, callback=getattr(self, attribute), parent=None
                ),
            )

    def menus(self) -> Iterator[app_commands.ContextMenu]:
        """What belongs into the menus of messages and users."""
        for attribute, name in self._marked(_MENU):
            yield app_commands.ContextMenu(name=name, callback=getattr(self, attribute))

    def _marked(self, kind: str) -> Iterator[tuple[str, Any]]:
        for attribute, value in vars(type(self)).items():
            if (mark := getattr(value, kind, None)) is not None:
                yield attribute, mark


async def equip(bot: commands.Bot | commands.AutoShardedBot, features: Iterable[Feature]) -> None:
    """Give a bot the features' commands, in every language, and the features its events; before it connects."""
    await bot.tree.set_translator(CommandWords())
    group = app_commands.Group(name=SETTINGS, description="What works in this server, and for you")
    within: dict[str | None, app_commands.Group] = {None: group}
    for feature in features:
        await bot.add_cog(feature)
        for name, command in feature.subcommands():
            if name is not None and name not in within:
                within[name] = app_commands.Group(name=name, description=GROUPS[name], parent=group)
            within[name].add_command(command)
        for menu in feature.menus():
            bot.tree.add_command(menu)
    if group.commands:
        bot.tree.add_command(group)
