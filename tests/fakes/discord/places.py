"""Making what exists on the fake: people, guilds, channels, threads, roles, emoji; and the bot coming and going."""

from __future__ import annotations

import itertools
import time
from typing import Any

from tests.fakes.discord.core import FakeState
from tests.fakes.discord.gateway import GUILDS
from tests.fakes.discord.guild_payloads import channel_json, emoji_json
from tests.fakes.discord.world import Channel, Guild, Message, Role, User, new_id

_spread = itertools.count(1)


class Places(FakeState):
    """Everything may be made while the bot is connected; it hears of it as from the real one."""

    def user(self, name: str, *, bot: bool = False, guild: Guild | None = None, **facts: Any) -> User:
        """A new member of `guild`, by default of the first one; see `User` for the facts."""
        user = User(name, bot=bot, **facts)
        self.people[user.id] = user
        (guild or self.guild).members.append(user)
        return user

    def stranger(self, name: str, **facts: Any) -> User:
        """Somebody who is no member of any guild."""
        user = User(name, **facts)
        self.people[user.id] = user
        return user

    def add_role(self, name: str, *permissions: str, guild: Guild | None = None) -> Role:
        """A new role; it is somebody's once it is in `user.roles`."""
        role = Role(name, set(permissions))
        (guild or self.guild).roles.append(role)
        return role

    def add_guild(self, name: str, *, with_bot: bool = True, **facts: Any) -> Guild:
        """A new guild with one channel `general`; `invite` brings the bot later when it is `with_bot` False."""
        guild = Guild(name, id=new_id() + (next(_spread) << 22), **facts)
        self.add_channel("general", guild=guild)
        if with_bot:
            self.invite(guild)
        return guild

    def channel_of(self, guild: Guild, name: str = "general") -> Channel:
        return next(each for each in self.channels.values() if each.guild is guild and each.name == name)

    def invite(self, guild: Guild) -> None:
        """Somebody adds the bot to a guild."""
        self.guilds.append(guild)
        guild.bot_since = time.time()
        data = self.guild_data(guild)
        del data["unavailable"]  # which only the guilds have that the bot was in before
        self.gateway.dispatch("GUILD_CREATE", lambda intents: data if intents & GUILDS else None, guild.id)

    def remove(self, guild: Guild) -> None:
        """Somebody removes the bot from a guild, or the bot leaves."""
        self.guilds.remove(guild)
        data = {"id": str(guild.id)}
        self.gateway.dispatch("GUILD_DELETE", lambda intents: data if intents & GUILDS else None, guild.id)
        self.changed()

    def add_channel(self, name: str, *, denied: set[str] | None = None, guild: Guild | None = None) -> Channel:
        """A new text channel, in which the bot lacks the `denied` permissions."""
        guild = guild or self.guild
        position = sum(1 for each in self.channels.values() if each.guild is guild)
        return self._created(Channel(name, guild, denied=denied or set(), position=position), "CHANNEL_CREATE")

    def direct_channel(self, user: User) -> Channel:
        """The direct conversation between the bot and `user`."""
        return self._created(Channel(user.name, partner=user))

    def group(self, *people: User) -> Channel:
        """A conversation of several people; the bot comes along only with who installed it."""
        return self._created(Channel("a group", people=list(people)))

    def conversation(self, user: User, other: User) -> Channel:
        """Two other people's direct conversation."""
        return self._created(Channel(user.name, partner=other, with_bot=False))

    def start_thread(self, start: Message | Channel, name: str, owner: User) -> Channel:
        """A new public thread of a message, or of a channel without one."""
        parent = start.channel if isinstance(start, Message) else start
        thread = Channel(name, parent.guild, parent=parent, owner=owner)
        if isinstance(start, Message):
            thread.id, start.thread = start.id, thread
        return self._created(thread, "THREAD_CREATE")

    def change(self, channel: Channel, **facts: Any) -> None:
        """Somebody edits a channel: `denied`, `name`, `is_archived` …"""
        for name, value in facts.items():
            setattr(channel, name, value)
        data = channel_json(channel, self.bot)
        event = "CHANNEL_UPDATE" if channel.parent is None else "THREAD_UPDATE"
        self.dispatch(event, channel, lambda intents: data if intents & GUILDS else None)

    def name_emoji(
        self, name: str, *, of_application: bool = False, picture: bytes | None = None, **facts: bool
    ) -> int:
        """A new emoji that the guild, or the application, calls `name`; set it up before the bot connects."""
        emoji_id = self.files.add_emoji(picture)
        owner = self.application_emoji if of_application else self.guild.emoji
        owner.append(emoji_json(name, emoji_id, **facts))
        return emoji_id

    def _created(self, channel: Channel, event: str | None = None) -> Channel:
        self.channels[channel.id] = channel
        if event is not None:
            data = channel_json(channel, self.bot) | ({"newly_created": True} if channel.parent else {})
            self.dispatch(event, channel, lambda intents: data if intents & GUILDS else None)
        self.changed()
        return channel
