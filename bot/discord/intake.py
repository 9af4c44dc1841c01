"""From a question, however it was put, to an accepted request; what is refused is put into words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import discord

from bot.command import FaceCommand
from bot.discord.gathering import Asker, Gathered
from bot.discord.hearing import origin_of
from bot.discord.link import Link
from bot.discord.posting import Place
from bot.discord.progress import WorkingSigns
from bot.discord.reach import Reach
from bot.discord.service import Faces
from bot.discord.standing import parent_of, standing_in_interaction
from bot.discord.targets import InteractionTarget, MessageTarget, Target
from bot.discord.words import Words
from bot.errors import ChannelPaused, FaceError, MissingPermissions
from bot.models import Standing
from bot.outages import outages_worded
from bot.policy.policy import Policy
from bot.replies import words_for
from inference.protocol import FaceOptions


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks with what standing, and the options that a command starts from where they ask."""

    asker: Asker
    standing: Standing
    defaults: FaceOptions

    def command(self, *words: str) -> FaceCommand:
        """Of somebody who says nothing but what to draw."""
        return FaceCommand(words, self.defaults)


Gather: TypeAlias = Callable[[Question], Awaitable[Gathered]]


class Intake:
    """Hands questions to the face service and shows that they are worked on."""

    def __init__(
        self, faces: Faces, policy: Policy, link: Link, signs: WorkingSigns, words: Words, *, reach: Reach
    ) -> None:
        self._faces = faces
        self._policy = policy
        self._link = link
        self._signs = signs
        self._words = words
        self._reach = reach

    async def take(self, question: Question, target: Target, gathered: Gathered) -> None:
        """Raise the FaceError that says why it is refused."""
        if isinstance(target, MessageTarget):
            self._reach.check(Place(target.channel_id, target.guild_id, target.message_id))
        request = await self._faces.ask(
            question.asker.origin,
            gathered.command,
            uploads=gathered.pictures,
            nearby=self._link.emoji_of(target.guild_id),
            standing=question.standing,
            reply_target=target.to_json(),
        )
        self._signs.start(request.id, target, request.locale)

    async def decline(self, place: Place, error: FaceError, locale: str) -> None:
        """Answer a question in a message that is refused."""
        if isinstance(error, (MissingPermissions, ChannelPaused)):
            await self._reach.declined(place, words_for(error), locale)
        else:
            await self._words.reply(place, words_for(error), locale)

    async def take_interaction(
        self,
        interaction: discord.Interaction,
        gather: Gather,
        *,
        private: bool = False,
        spoiler: bool = False,
        pressed: str | None = None,
        emoji: str | None = None,
    ) -> None:
        """Answer a command, a menu or a button: only the asker sees a `private` answer, and any refusal. For `pressed`
        and `emoji` see `InteractionTarget`.

        Of the five follow-ups that a user-installed app has, at most one is used; all else are edits.
        """
        if not await self._words.defer(interaction, ephemeral=private):
            return
        target = replace(_target_of(interaction, private=private), spoiler=spoiler, pressed=pressed, emoji=emoji)
        try:
            self._reach.check_response(interaction)
            with outages_worded():
                question = await self.question(interaction, private=private)
                await self.take(question, target, await gather(question))
        except FaceError as error:
            if private:
                await self._words.fill_in(interaction, words_for(error))
            else:
                await self._words.whisper_later(interaction, words_for(error))

    async def question(self, interaction: discord.Interaction, *, private: bool) -> Question:
        """What is known before anything is gathered."""
        origin = origin_of(interaction.guild_id, interaction.channel_id or 0, interaction.user.id)
        here = await self._policy.effective(origin.scope_id, origin.channel_id, parent_of(interaction.channel))
        standing = standing_in_interaction(interaction, here, private=private)
        return Question(Asker(origin, interaction.user, interaction.guild), standing, here.face_options())


def _target_of(interaction: discord.Interaction, *, private: bool) -> InteractionTarget:
    expires_at = interaction.expires_at.timestamp()
    return InteractionTarget(
        channel_id=interaction.channel_id or 0,
        guild_id=interaction.guild_id,
        interaction_id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        expires_at=expires_at,
        private=private,
        ends_at=None if _may_post(interaction) and not private else expires_at,
    )


def _may_post(interaction: discord.Interaction) -> bool:
    """Whether the bot itself is there. Where only its user is (another server, a group), nothing but the token leads
    back."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    return interaction.client.get_guild(interaction.guild_id) is not None
