"""Help in one message, by `/emoteface help`, a mention with `help`, or the prefix."""

from __future__ import annotations

import discord

from bot.command import HELP
from bot.discord.feature import Feature, subcommand
from bot.discord.hearing import origin_of
from bot.discord.link import Link
from bot.discord.standing import parent_of
from bot.discord.words import Words
from bot.help import HelpPlace, help_text
from bot.policy.policy import Policy
from bot.policy.settings import EffectiveSettings
from bot.tasks import BoundedTasks
from bot.texts import Text


class Helper:
    """Knows how the bot is called and where its pages are."""

    def __init__(self, link: Link, *, prefix: str, public_url: str | None) -> None:
        self._link = link
        self._prefix = prefix
        self._public_url = public_url

    def words(self, here: EffectiveSettings, guild_id: int | None) -> Text:
        """With the prefix only where it is heard."""
        heard = guild_id is None or here.prefix_enabled
        prefix = (here.prefix or self._prefix) if heard else None
        return help_text(HelpPlace(f"<@{self._link.own_id}>", prefix, self._public_url))


class Helping(Feature):
    """The command for everybody."""

    def __init__(self, helper: Helper, policy: Policy, words: Words, tasks: BoundedTasks) -> None:
        self._helper = helper
        self._policy = policy
        self._words = words
        self._tasks = tasks

    @subcommand(HELP, "How faces are asked for, with examples")
    async def help(self, interaction: discord.Interaction) -> None:
        """Only the asker sees it."""
        self._tasks.start("answer_help", self._answer(interaction), interaction_id=interaction.id)

    async def _answer(self, interaction: discord.Interaction) -> None:
        origin = origin_of(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
        here = await self._policy.effective(origin.scope_id, origin.channel_id, parent_of(interaction.channel))
        await self._words.whisper(interaction, self._helper.words(here, interaction.guild_id))
