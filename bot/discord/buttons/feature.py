"""Presses of the buttons below faces: who may, what happens, and what is said to whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import discord
import structlog

from bot.command import FaceCommand
from bot.consent import Consent
from bot.discord.buttons.controls import TEMPLATE, Action
from bot.discord.buttons.emoji import name_form, name_in, refusal_of
from bot.discord.buttons.menus import look_menu, more_menu
from bot.discord.buttons.pressing import Press, press_in
from bot.discord.buttons.variations import VARIATIONS, varied
from bot.discord.feature import Feature, used
from bot.discord.gathering import Gathered
from bot.discord.intake import Intake, Question
from bot.discord.locales import of_asker
from bot.discord.posting import DISCORD_FAILURES
from bot.discord.rights import concerns, moderates
from bot.discord.service import Faces
from bot.discord.words import Words
from bot.models import FaceRequest, Platform
from bot.store.votes import Votes
from bot.tasks import BoundedTasks
from bot.texts import Text
from inference.protocol import FaceOptions, Format, Layout

log = structlog.get_logger(__name__)

_STILL_AT_IT = Text("I'm still at it, one moment.")


class Buttons(Feature):
    """Whoever presses asks, as with a command: the same limits, and an answer of their own."""

    def __init__(
        self,
        faces: Faces,
        intake: Intake,
        consent: Consent,
        votes: Votes,
        words: Words,
        *,
        tasks: BoundedTasks,
        random: Random,
        timeout_s: float,
    ) -> None:
        self._faces = faces
        self._intake = intake
        self._consent = consent
        self._votes = votes
        self._words = words
        self._tasks = tasks
        self._random = random
        self._timeout_s = timeout_s
        self._in_work: set[Press] = set()
        self._handlers: Mapping[Action, Callable[..., Awaitable[None]]] = dict.fromkeys(VARIATIONS, self._draw) | {
            Action.LOOK: self._show_looks,
            Action.MORE: self._show_more,
            Action.VOTE: self._vote,
            Action.EMOJI: self._ask_name,
            Action.NAME: self._make_emoji,
        }

    @used(TEMPLATE)
    def pressed(self, interaction: discord.Interaction[Any], match: re.Match[str]) -> None:
        """A button or a menu below a face, or a form of theirs: answered beside."""
        press = press_in(interaction, match)
        self._tasks.start("answer_press", self._answer_once(interaction, press), interaction_id=interaction.id)

    async def _answer_once(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Whoever presses again while the first press is worked on is told so; as many are kept as tasks run."""
        if press in self._in_work:
            await self._words.whisper(interaction, _STILL_AT_IT)
            return
        self._in_work.add(press)
        try:
            await self._answer(interaction, press)
        finally:
            self._in_work.discard(press)

    async def _answer(self, interaction: discord.Interaction[Any], press: Press) -> None:
        request = await self._faces.request(press.request_id)
        if press.action == Action.DELETE:
            await self._delete(interaction, request)
        elif request is None or press.action not in self._handlers:
            words = Text("I have forgotten how that face was made, it is too long ago. Please ask again.")
            await self._words.whisper(interaction, words)
        else:
            await self._handlers[Action(press.action)](interaction, press, request)

    async def _draw(self, interaction: discord.Interaction[Any], press: Press, request: FaceRequest) -> None:
        options = varied(Action(press.action), request.options, press.value, self._random)
        await self._ask(
            interaction,
            press,
            request,
            options,
            private=request.reply_target.get("private") is True,
            spoiler=request.reply_target.get("spoiler") is True,
        )

    async def _ask(
        self,
        interaction: discord.Interaction[Any],
        press: Press,
        request: FaceRequest,
        options: FaceOptions,
        **details: Any,
    ) -> None:
        """The stored emotes again, as a command of whoever pressed: of people's pictures, their consent counts anew.

        The new request carries the mark of the press, so that repeating it does not stack, also over a restart.
        """
        waiting = await self._faces.unfinished_of(Platform.DISCORD, str(interaction.user.id))
        if any(each.reply_target.get("pressed") == press.mark for each in waiting):
            await self._words.whisper(interaction, _STILL_AT_IT)
            return

        async def gather(question: Question) -> Gathered:
            for emote in request.emotes:
                await self._consent.check_picture(question.asker.origin, emote)
            return Gathered(FaceCommand((), options), request.emotes)

        await self._intake.take_interaction(interaction, gather, pressed=press.mark, **details)

    async def _show_looks(self, interaction: discord.Interaction[Any], _: Press, request: FaceRequest) -> None:
        await self._words.open(interaction, look_menu(request, self._faces.styles, of_asker(interaction)))

    async def _show_more(self, interaction: discord.Interaction[Any], _: Press, request: FaceRequest) -> None:
        private = request.reply_target.get("private") is True
        votes = None if private else await self._votes.count(request.id)
        await self._words.open(interaction, more_menu(request, votes, of_asker(interaction)))

    async def _vote(self, interaction: discord.Interaction[Any], press: Press, request: FaceRequest) -> None:
        votes = await self._votes.toggle(request.id, Platform.DISCORD, str(press.user_id))
        await self._words.renew(interaction, more_menu(request, votes, of_asker(interaction)))

    async def _ask_name(self, interaction: discord.Interaction[Any], _: Press, request: FaceRequest) -> None:
        if refusal := refusal_of(interaction):
            await self._words.whisper(interaction, refusal)
        else:
            await self._words.ask_for(interaction, name_form(request, of_asker(interaction)))

    async def _make_emoji(self, interaction: discord.Interaction[Any], press: Press, request: FaceRequest) -> None:
        if refusal := refusal_of(interaction):
            await self._words.whisper(interaction, refusal)
            return
        if (name := name_in(interaction)) is None:
            words = Text("An emoji's name is made of letters, digits and underscores, at least two.")
            await self._words.whisper(interaction, words)
            return
        alone = request.options.changed(layout=Layout.FACE, form=Format.WEBP)
        await self._ask(interaction, press, request, alone, private=True, emoji=name)

    async def _delete(self, interaction: discord.Interaction[Any], request: FaceRequest | None) -> None:
        """Through the interaction, which also reaches where the bot is no member or may not look."""
        if not (moderates(interaction) or concerns(interaction, request)):
            await self._words.whisper(
                interaction,
                Text("Only who asked for it, who is shown in it, or somebody who manages messages can delete it."),
            )
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await interaction.response.defer()
                await interaction.delete_original_response()
        except DISCORD_FAILURES as error:
            log.info("discord_face_not_deleted", interaction_id=interaction.id, error=type(error).__name__)
            return
        if request is not None:
            await self._faces.forget_answer(request.id)
        log.info("discord_face_deleted", request_id=request.id if request else None)
