"""Which pictures a question is about: sent along, named (`@me`, `@server`, a member), replied to, or the last ones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import discord
import structlog

from bot.command import FaceCommand
from bot.consent import Consent, Switch
from bot.discord.commands import SlashQuestion
from bot.discord.link import Link, NotConnected
from bot.discord.posting import DISCORD_FAILURES, Place
from bot.discord.shown import Showing, Shown, avatar_of, icon_of
from bot.emotes.resolver import MAX_EMOTES
from bot.errors import FaceError, LinkNotAllowed, NoServerIcon
from bot.models import Emote, Origin

log = structlog.get_logger(__name__)

ME, SERVER = "@me", "@server"
_LOOK_BACK = 30  # messages before the question
Person: TypeAlias = discord.User | discord.Member


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, where, and whom the question can mention."""

    origin: Origin
    person: Person
    guild: discord.Guild | None
    mentioned: Mapping[int, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The command with the words that are left to resolve, and the pictures beside them."""

    command: FaceCommand
    pictures: tuple[Emote, ...]


class Gathering:
    """Finds the pictures and asks whether they may be drawn."""

    def __init__(self, showing: Showing, consent: Consent, link: Link, *, timeout_s: float) -> None:
        self._showing = showing
        self._consent = consent
        self._link = link
        self._timeout_s = timeout_s

    async def of_message(self, message: discord.Message, asker: Asker, command: FaceCommand) -> Gathered:
        """Raise the FaceError that says why a picture cannot be used."""
        gathered = await self.of_words(asker, command, self._showing.own(message))
        if gathered.pictures or gathered.command.words:
            return gathered
        if message.reference is not None:
            return await self._of_reply(message.reference, asker, command)
        if await self._consent.is_on(asker.origin.scope_id, Switch.LAST_PICTURE):
            return await self._of_channel(message, asker, command)
        return gathered

    async def of_slash(self, question: SlashQuestion, asker: Asker, command: FaceCommand) -> Gathered:
        """Raise the FaceError that says why a picture cannot be used."""
        pictures: list[Emote] = []
        if question.picture is not None:
            pictures += self._showing.sent(question.picture, asker.origin.user_id)
        if question.member is not None:
            pictures.append(avatar_of(question.member))
        return await self.of_words(asker, command, tuple(pictures))

    async def of_words(self, asker: Asker, command: FaceCommand, given: tuple[Emote, ...] = ()) -> Gathered:
        """`given` first, then people and the server as they are named."""
        pictures, words = list(given), []
        for word in command.words:
            if (emote := _named(word, asker)) is None:
                words.append(word)
            else:
                pictures.append(emote)
        for picture in pictures:
            await self._consent.check_picture(asker.origin, picture)
        return Gathered(replace(command, words=tuple(words)), tuple(pictures))

    async def _of_reply(self, reference: discord.MessageReference, asker: Asker, command: FaceCommand) -> Gathered:
        replied = await self._referenced(reference)
        if replied is None:
            return Gathered(command, ())
        return _gathered(command, await self.allowed(asker, await self.shown_by(replied)))

    async def _of_channel(self, message: discord.Message, asker: Asker, command: FaceCommand) -> Gathered:
        """The newest picture that may be drawn; of what may not be, the reason for the newest."""
        refusal: FaceError | None = None
        for earlier in await self._before(message):
            if earlier.author.bot or not (shown := await self.shown_by(earlier)).pictures:
                continue
            try:
                return _gathered(command, await self.allowed(asker, Shown(shown.pictures)))
            except FaceError as error:
                refusal = refusal or error
        if refusal is not None:
            raise refusal
        return Gathered(command, ())

    async def allowed(self, asker: Asker, shown: Shown) -> Shown:
        """What may be drawn of it. Raise the first reason if that is nothing."""
        pictures, refusals = [], list[FaceError]()
        for picture in shown.pictures:
            try:
                await self._consent.check_picture(asker.origin, picture)
                pictures.append(picture)
            except FaceError as error:
                refusals.append(error)
        if not pictures and not shown.words:
            if refusals:
                raise refusals[0]
            if shown.refused_links:
                raise LinkNotAllowed
        return Shown(tuple(pictures), shown.words)

    async def shown_by(self, message: discord.Message, most: int = MAX_EMOTES) -> Shown:
        """With what is forwarded in it, which belongs to whom it is forwarded from."""
        if not message.message_snapshots:
            return self._showing.all(message, _owner_id(message), most)
        snapshot = message.message_snapshots[0]
        owner_id = None
        if snapshot.attachments and message.reference is not None:
            original = await self._referenced(message.reference)
            owner_id = None if original is None else _owner_id(original)
        return self._showing.all(snapshot, owner_id, most)

    async def _referenced(self, reference: discord.MessageReference) -> discord.Message | None:
        """None for a message that is gone or not for the bot to see."""
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if reference.message_id is None or isinstance(reference.resolved, discord.DeletedReferencedMessage):
            return None
        return await self.message(reference.guild_id, reference.channel_id, reference.message_id)

    def sent(self, attachment: discord.Attachment, owner_id: str) -> tuple[Emote, ...]:
        """As `Showing.sent`."""
        return self._showing.sent(attachment, owner_id)

    async def message(self, guild_id: int | None, channel_id: int, message_id: int) -> discord.Message | None:
        """None for a message that is gone or not for the bot to see."""
        place = Place(channel_id, guild_id)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await place.channel(self._link.client).fetch_message(message_id)
        except (NotConnected, *DISCORD_FAILURES) as error:
            log.info("discord_reference_unseen", error=type(error).__name__)
            return None

    async def _before(self, message: discord.Message) -> list[discord.Message]:
        """Newest first; none where the bot may not read the history."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return [earlier async for earlier in message.channel.history(limit=_LOOK_BACK, before=message)]
        except DISCORD_FAILURES as error:
            log.info("discord_history_unseen", error=type(error).__name__)
            return []


def _gathered(command: FaceCommand, shown: Shown) -> Gathered:
    return Gathered(replace(command, words=shown.words), shown.pictures)


def _named(word: str, asker: Asker) -> Emote | None:
    """What `@me`, `@server` or a mention stands for. Raise NoServerIcon."""
    if word.lower() == ME:
        return avatar_of(asker.person)
    if word.lower() == SERVER:
        icon = icon_of(asker.guild) if asker.guild else None
        if icon is None:
            raise NoServerIcon
        return icon
    if word.startswith("<@") and word.endswith(">") and (user_id := word[2:-1].removeprefix("!")).isdecimal():
        person = asker.mentioned.get(int(user_id))
        return None if person is None else avatar_of(person)
    return None


def _owner_id(message: discord.Message) -> str | None:
    """Bots and webhooks post other people's pictures: whose, they do not say."""
    return None if message.author.bot or message.webhook_id else str(message.author.id)
