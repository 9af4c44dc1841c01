"""Where the bot may not answer: what it lacks there, when it stops trying, and who is told."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import discord
import structlog

from bot.discord.client import FaceBot
from bot.discord.link import Link
from bot.discord.locales import of_server
from bot.discord.posting import Place
from bot.discord.words import Words
from bot.errors import ChannelPaused, MissingPermissions
from bot.replies import permission_names
from bot.texts import Text, joined

log = structlog.get_logger(__name__)

_MAX_CHANNELS = 1024  # troubles in more are forgotten, oldest first
_REFUSALS, _REFUSALS_WITHIN_S, _PAUSE_S = 3, 600.0, 1800.0
SIGN = "⚠️"

WhereToTell: TypeAlias = Callable[[int], Awaitable[int | None]]
"""Gives the channel in which a server's admins want to hear of troubles, None where none is set."""


@dataclass(slots=True)
class _Trouble:
    refused_at: deque[float] = field(default_factory=lambda: deque(maxlen=_REFUSALS))
    paused_until: float = 0.0
    told: bool = False


class Troubles:
    """Counts refusals by channel. Three within ten minutes pause a channel for half an hour. Pure but for the clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._channels: OrderedDict[int, _Trouble] = OrderedDict()

    def paused_s(self, channel_id: int) -> float:
        """For how long nothing should be tried there, 0 where everything is well."""
        trouble = self._channels.get(channel_id)
        return 0.0 if trouble is None else max(0.0, trouble.paused_until - self._clock())

    def refused(self, channel_id: int) -> bool:
        """Count one more; true when that pauses the channel and nobody has been told of it yet."""
        trouble, now = self._of(channel_id), self._clock()
        trouble.refused_at.append(now)
        if len(trouble.refused_at) < _REFUSALS or trouble.refused_at[0] < now - _REFUSALS_WITHIN_S:
            return False
        trouble.refused_at.clear()
        trouble.paused_until = now + _PAUSE_S
        return self.is_news(channel_id)

    def is_news(self, channel_id: int) -> bool:
        """Whether nobody has been told of the trouble there; from now on it is none."""
        trouble = self._of(channel_id)
        is_news, trouble.told = not trouble.told, True
        return is_news

    def over(self, channel_id: int) -> None:
        """Something was posted there: the next trouble is a new one."""
        self._channels.pop(channel_id, None)

    def _of(self, channel_id: int) -> _Trouble:
        trouble = self._channels.setdefault(channel_id, _Trouble())
        self._channels.move_to_end(channel_id)
        while len(self._channels) > _MAX_CHANNELS:
            self._channels.popitem(last=False)
        return trouble


class Reach:
    """Asked before anything is drawn for a channel, and told what Discord refuses. With `links`, faces that cannot be
    posted as pictures are not lost."""

    def __init__(
        self, link: Link, words: Words, where_to_tell: WhereToTell, *, links: bool, troubles: Troubles | None = None
    ) -> None:
        self._link = link
        self._words = words
        self._where_to_tell = where_to_tell
        self._links = links
        self._troubles = troubles or Troubles()

    def check(self, place: Place) -> None:
        """Raise ChannelPaused or MissingPermissions where an answer cannot be posted, as far as that is known."""
        if paused_s := self._troubles.paused_s(place.channel_id):
            raise ChannelPaused(paused_s)
        permissions = self._permissions(place)
        if permissions is not None and (missing := lacking(permissions, pictures=not self._links)):
            raise MissingPermissions(missing)

    def check_response(self, interaction: discord.Interaction) -> None:
        """Raise MissingPermissions where the response to a command cannot have a picture; it needs nothing else."""
        if not (interaction.app_permissions.attach_files or self._links):
            raise MissingPermissions(("attach_files",))

    def is_paused(self, channel_id: int) -> bool:
        """Whether nothing should be tried there."""
        return self._troubles.paused_s(channel_id) > 0

    def worked(self, place: Place) -> None:
        """A face was posted there."""
        self._troubles.over(place.channel_id)

    async def declined(self, place: Place, words: Text, locale: str) -> None:
        """A question was not taken up because of `check`: say so in whatever way is left. Nobody gets a message in
        private for that: a warning sign on the question is the least, and during a pause there is nothing."""
        if self.is_paused(place.channel_id):
            return
        permissions = self._permissions(place)
        if permissions is None or not lacking(permissions, pictures=False):
            await self._words.reply(place, words, locale)
            if self._troubles.is_news(place.channel_id):
                await self._tell(place)
        else:
            await self.refused(place)

    async def refused(self, place: Place) -> None:
        """Discord did not let the bot post there: a warning sign on the question, where that is possible, and words to
        the admins once it happens often."""
        permissions = self._permissions(place)
        may_react = permissions is None or (permissions.add_reactions and permissions.read_message_history)
        if place.question_id is not None and may_react and not self.is_paused(place.channel_id):
            await self._words.sign(place, SIGN)
        if self._troubles.refused(place.channel_id):
            log.warning("discord_channel_paused", channel_id=place.channel_id, guild_id=place.guild_id)
            await self._tell(place)

    async def _tell(self, place: Place) -> None:
        """In the channel that the admins chose, else where Discord puts its own notices; the owner gets no message in
        private."""
        client = self._link.current
        guild = None if client is None or place.guild_id is None else client.get_guild(place.guild_id)
        if guild is None:
            return
        channel_id = await self._where_to_tell(guild.id) or (guild.system_channel.id if guild.system_channel else None)
        if channel_id is None or channel_id == place.channel_id:
            return
        permissions = self._permissions(place)
        words = notice(place.channel_id, () if permissions is None else lacking(permissions))
        if self.is_paused(place.channel_id):
            words = joined([words, Text("I stop trying there for half an hour.")])
        await self._words.reply(Place(channel_id, guild.id), words, of_server(guild))

    def _permissions(self, place: Place) -> discord.Permissions | None:
        client = self._link.current
        return None if client is None else known_permissions(client, place)


def known_permissions(client: FaceBot, place: Place) -> discord.Permissions | None:
    """The bot's own, where the cache has what it takes to tell; in direct conversations there are none."""
    guild = None if place.guild_id is None else client.get_guild(place.guild_id)
    channel = None if guild is None else guild.get_channel_or_thread(place.channel_id)
    if guild is None or channel is None or guild.me is None:
        return None
    try:
        permissions = channel.permissions_for(guild.me)
    except discord.ClientException:  # a thread whose channel is not known
        return None
    if isinstance(channel, discord.Thread):
        permissions.send_messages = permissions.send_messages_in_threads
    return permissions


def lacking(permissions: discord.Permissions, *, pictures: bool = True) -> tuple[str, ...]:
    """Keys of `bot.replies.PERMISSIONS` that an answer takes and that are missing."""
    needed = ("view_channel", "send_messages", *(("attach_files",) if pictures else ()))
    return tuple(name for name in needed if not getattr(permissions, name))


def notice(channel_id: int, missing: tuple[str, ...]) -> Text:
    """For admins."""
    channel = f"<#{channel_id}>"
    if not missing:
        return Text(
            "Discord keeps refusing what I post in {channel}: please look at my permissions there.",
            {"channel": channel},
        )
    return Text(
        "I can't answer in {channel}: I lack {permissions} there.",
        {"channel": channel, "permissions": permission_names(missing)},
    )
