"""The slash command `/face`, its options named as in the chat grammar, and its registration with Discord."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from discord import app_commands

from bot.command import COMMAND, FaceCommand, parse_command, read_iterations
from bot.discord.deleting import DeletionHandler, add_delete_menu
from bot.discord.emote_commands import EmoteHandler, add_emote_info, add_emote_settings
from bot.discord.server_commands import DecisionHandler, add_picture_settings
from inference.protocol import AUTO, MAX_ITERATIONS, MAX_SEED, FaceOptions, Format, Layout, Style

log = structlog.get_logger(__name__)

SETTINGS = "emoteface"
_ROUNDS = (AUTO, *map(str, range(1, MAX_ITERATIONS + 1)))
_LIMITS = {"choices", "channel_types", "min_value", "max_value", "min_length", "max_length", "autocomplete"}


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


SlashHandler = Callable[[discord.Interaction, SlashQuestion], None]


def build_tree(
    client: discord.Client,
    *,
    handle: SlashHandler,
    emotes: EmoteHandler,
    decide: DecisionHandler,
    delete: DeletionHandler,
) -> app_commands.CommandTree:
    """All commands of the bot; the handlers return at once and work beside."""
    tree = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )

    @tree.command(name=COMMAND, description="Draw an almost-real human face from an emote")
    @app_commands.describe(
        emote="One to four emotes: names, custom emoji, any emoji, @server; leave it out for a surprise",
        picture="A picture of yours",
        member="Somebody's avatar, yours for example",
        style="Which network draws",
        realism="0 keeps close to the emote, 1 trusts the network",
        x="How many times the face is drawn over; auto takes the round most like a face",
        seed="A number; the same one gives the same face",
        layout="How the faces are put into one picture",
        form="GIF is smaller and coarser, for where WebP does not play",
    )
    @app_commands.choices(style=_choices(Style), x=_choices(_ROUNDS), layout=_choices(Layout), form=_choices(Format))
    @app_commands.rename(form="format")
    async def face(
        interaction: discord.Interaction,
        emote: str = "",
        picture: discord.Attachment | None = None,
        member: discord.User | None = None,
        style: str | None = None,
        realism: app_commands.Range[float, 0, 1] | None = None,
        x: str | None = None,
        seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
        layout: str | None = None,
        form: str | None = None,
    ) -> None:
        handle(interaction, SlashQuestion(emote, picture, member, style, realism, x, seed, layout, form))

    add_delete_menu(tree, delete)
    add_emote_info(tree, emotes)
    settings = app_commands.Group(name=SETTINGS, description="What works in this server, and for you")
    add_emote_settings(settings, emotes)
    add_picture_settings(settings, decide)
    tree.add_command(settings)
    return tree


def _choices(values: Iterable[str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=str(value), value=str(value)) for value in values]


async def sync_if_changed(tree: app_commands.CommandTree, application_id: int) -> bool:
    """Register the commands unless Discord knows them as they are: registrations are limited per day."""
    wanted = [command.to_dict(tree) for command in tree.get_commands()]
    # as raw JSON: the library's AppCommand loses parts of contexts and installation types on the way
    known = await tree.client.http.get_global_commands(application_id)
    if _same(wanted, known):
        return False
    await tree.sync()
    log.info("discord_commands_registered", commands=[command["name"] for command in wanted])
    return True


def _same(wanted: object, known: object) -> bool:
    """Equal in all we say and in the limits of options, apart from what Discord leaves out because it is a default."""
    if isinstance(wanted, Mapping) and isinstance(known, Mapping):
        names = (wanted.keys() | (known.keys() & _LIMITS)) - {"dm_permission"}  # obsolete, not always given back
        return all(_same(wanted.get(name), known.get(name)) for name in names)
    if isinstance(wanted, list) and isinstance(known, list):
        return len(wanted) == len(known) and all(map(_same, wanted, known))
    return wanted == known or (_is_default(wanted) and _is_default(known))


def _is_default(value: object) -> bool:
    return value is None or value is False or value == [] or value == {}
