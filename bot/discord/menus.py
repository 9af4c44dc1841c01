"""Menus on messages and people: faces of all that a message shows, and of avatars."""

from __future__ import annotations

import re
from dataclasses import replace

import discord

from bot.discord.emote_answers import KnowsEmotes
from bot.discord.feature import Feature, chosen, menu, used
from bot.discord.gathering import Gathered, Gathering
from bot.discord.intake import Intake, Question
from bot.discord.link import Link
from bot.discord.picking import MAX_OPTIONS, PICK, picked, picking_view
from bot.discord.shown import Shown, avatar_of
from bot.discord.words import Words
from bot.errors import FaceError, NothingToDraw
from bot.replies import words_for
from bot.tasks import BoundedTasks
from bot.texts import Text


class Menus(Feature):
    """Nobody has to type."""

    def __init__(
        self, intake: Intake, gathering: Gathering, emotes: KnowsEmotes, link: Link, words: Words, tasks: BoundedTasks
    ) -> None:
        self._intake = intake
        self._gathering = gathering
        self._emotes = emotes
        self._link = link
        self._words = words
        self._tasks = tasks

    @menu("Make faces")
    async def make_faces(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Of all emotes, stickers and pictures in it; with several one chooses."""
        self._tasks.start("make_faces", self._make_faces(interaction, message), interaction_id=interaction.id)

    @menu("Face my avatar")
    async def face_my_avatar(self, interaction: discord.Interaction, user: discord.User) -> None:
        """One's own, whoever it was opened on."""
        self._draw(interaction, Shown((avatar_of(interaction.user),)))

    @menu("Face this avatar")
    async def face_this_avatar(self, interaction: discord.Interaction, user: discord.User) -> None:
        """Somebody else's where they and the server allow it."""
        self._draw(interaction, Shown((avatar_of(user),)))

    @used(PICK)
    def pick(self, interaction: discord.Interaction, _: re.Match[str]) -> None:
        """What was chosen below "Which of these?" of a message."""
        self._draw(interaction, picked(interaction.message, chosen(interaction)))

    async def _make_faces(self, interaction: discord.Interaction, message: discord.Message) -> None:
        question = await self._intake.question(interaction, private=True)
        try:
            shown = await self._gathering.allowed(question.asker, await self._shown_by(message, question))
        except FaceError as error:
            await self._words.whisper(interaction, words_for(error))
            return
        shown = shown.once
        if len(shown) > 1:
            await self._words.open(interaction, picking_view(shown, self._emotes, question.standing.locale))
        elif len(shown) == 1:
            await self._answer(interaction, shown)
        else:
            await self._words.whisper(interaction, Text("There is nothing in that message that I could draw."))

    async def _shown_by(self, message: discord.Message, question: Question) -> Shown:
        """Also emotes that are only named, as in the chats of streams."""
        shown = await self._gathering.shown_by(message, MAX_OPTIONS)
        nearby = self._link.emoji_of(message.guild.id if message.guild else None)
        named = await self._emotes.named_in(question.asker.origin, message.content, nearby)
        return replace(shown, words=(*shown.words, *named))

    def _draw(self, interaction: discord.Interaction, shown: Shown) -> None:
        self._tasks.start("answer_menu", self._answer(interaction, shown), interaction_id=interaction.id)

    async def _answer(self, interaction: discord.Interaction, shown: Shown) -> None:
        async def gather(question: Question) -> Gathered:
            if not len(shown):
                raise NothingToDraw
            allowed = await self._gathering.allowed(question.asker, shown)
            return Gathered(question.command(*allowed.words), allowed.pictures)

        await self._intake.take_interaction(interaction, gather)
