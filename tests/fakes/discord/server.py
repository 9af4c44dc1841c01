"""A Discord on this machine: gateway, REST and CDN in one server, strict about what a bot sends.

    async with FakeDiscord() as fake:
        bot = DiscordBot(fake.settings(), service, emotes, showing, consent)
        …
        question = fake.say(fake.channel, fake.user("Ada"), "!face 😂")
        answer = await fake.answer_to(question)

Whatever the bot does against the rules is answered as the real one would, and kept in `complaints`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar

from aiohttp import web
from pydantic import SecretStr

from config.settings import DiscordSettings
from tests.fakes.discord import payloads
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.files import Files
from tests.fakes.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT, Gateway, GatewayRules
from tests.fakes.discord.http import API, CDN, GATEWAY, MEDIA, HttpServer
from tests.fakes.discord.interactions import InteractionApi, chosen
from tests.fakes.discord.payloads import Hosts
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.world import Channel, Guild, Interaction, Message, User, new_id

T = TypeVar("T")

REPLY_MESSAGE = 19
PATIENCE_S = 20.0  # how long the waiting helpers wait on a busy machine


class FakeDiscord:
    """One server with one guild `guild`, one text channel `channel` and one bot."""

    def __init__(self, *, message_content: bool = True, interaction_limit_s: float = 3.0) -> None:
        self.message_content = message_content
        self.message_content_approved = False  # True: by Discord's review; False: switched on below the threshold
        self.interaction_limit_s = interaction_limit_s
        self.quotes_replies = True  # False: as when Discord does not get round to it
        self.interactions_endpoint_url: str | None = None
        self.token = f"fake.{secrets.token_hex(12)}"
        self.owner, self.bot = User("Owner"), User("emoteface", bot=True)
        self.application_id = new_id()
        self.people: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guild = Guild("Testers")
        self.guilds = [self.guild]
        self.channels: dict[int, Channel] = {}
        self.channel = self.add_channel("general")
        self.files = Files(self)
        self.application_emoji: list[dict[str, Any]] = []
        self.messages: list[Message] = []
        self.interactions: dict[str, Interaction] = {}
        self.commands: list[dict[str, Any]] = []
        self.typed: list[int] = []
        self.http = HttpServer(self.token, self.changed)
        rules = GatewayRules(self.token, MESSAGE_CONTENT if message_content else 0)
        self.gateway = Gateway(rules, self._ready_data, self._guild_payloads, self.changed)
        self.rest = Rest(self)
        self._pulse = asyncio.Event()

    # the server

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on this machine; `port` 0 picks a free one."""
        gateway = web.get(GATEWAY, self.gateway.handle)
        routes = [*self.rest.routes(), *InteractionApi(self).routes(), *self.files.routes(), gateway]
        await self.http.start(routes, port)

    async def stop(self) -> None:
        """Disappear; what exists stays, and `start(fake.port)` brings it back."""
        self.gateway.drop(1012, forget=False)
        await self.http.stop()

    @property
    def port(self) -> int:
        return int(self.http.origin.rpartition(":")[2])

    @property
    def api_url(self) -> str:
        return f"http://{self.http.origin}{API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self.http.origin}{GATEWAY}"

    @property
    def cdn_url(self) -> str:
        return f"http://{self.http.origin}{CDN}"

    @property
    def media_url(self) -> str:
        return f"http://{self.http.origin}{MEDIA}"

    @property
    def complaints(self) -> list[str]:
        """What the bot sent that Discord refuses as malformed."""
        return self.http.complaints

    def settings(self, *, token: str | None = None, prefix: str = "!") -> DiscordSettings:
        """Settings that point a bot at this server."""
        return DiscordSettings(
            token=SecretStr(token or self.token),
            prefix=prefix,
            api_url=self.api_url,
            gateway_url=self.gateway_url,
            cdn_url=self.cdn_url,
            media_url=self.media_url,
        )

    def variables(self) -> dict[str, str]:
        """The same as settings of the whole program."""
        names = ("token", "api_url", "gateway_url", "cdn_url", "media_url")
        return {f"discord.{name}": getattr(self, name) for name in names}

    # what exists

    def user(self, name: str, *, bot: bool = False) -> User:
        """A new member of the guild."""
        user = User(name, bot=bot)
        self.people[user.id] = user
        return user

    def add_channel(self, name: str, *, denied: set[str] | None = None) -> Channel:
        """A new text channel, in which the bot lacks the `denied` permissions."""
        channel = Channel(name, guild=self.guild, denied=denied or set())
        self.channels[channel.id] = channel
        return channel

    def direct_channel(self, user: User) -> Channel:
        """The direct conversation between the bot and `user`."""
        channel = Channel(user.name, partner=user)
        self.channels[channel.id] = channel
        return channel

    def name_emoji(self, name: str, *, of_application: bool = False, **facts: bool) -> int:
        """A new emoji that the guild, or the application, calls `name`; set it up before the bot connects."""
        emoji_id = self.files.add_emoji()
        owner = self.application_emoji if of_application else self.guild.emoji
        owner.append(payloads.emoji_json(name, emoji_id, **facts))
        return emoji_id

    def messages_in(self, channel: Channel) -> list[Message]:
        """What a history shows, oldest first."""
        return [m for m in self.messages if m.channel is channel and not m.deleted and not m.is_ephemeral]

    def find_message(self, channel: Channel, message_id: int) -> Message | None:
        return next((m for m in self.messages_in(channel) if m.id == message_id), None)

    def replies_to(self, question: Message) -> list[Message]:
        """The bot's replies to a message, without deleted ones."""
        return [m for m in self.messages_in(question.channel) if m.author is self.bot and m.reply_to == question.id]

    # what happens

    def say(
        self, channel: Channel, user: User, text: str = "", *, webhook: bool = False, kind: int = 0, **shown: Any
    ) -> Message:
        """Somebody says something; `kind` is the message type (7: the notice that a member joined), `shown` what else
        the message has: `attachments`, `stickers`, `previews`, `forwarded`, `reply_to`."""
        if shown.get("reply_to"):
            kind = REPLY_MESSAGE
        message = Message(channel, user, text, type=kind, webhook_id=new_id() if webhook else None, **shown)
        self.publish(message)
        return message

    def interact(self, channel: Channel, user: User, name: str = "face", /, **options: Any) -> Interaction:
        """Somebody uses a registered slash command, as `group sub` one below a group."""
        name, _, sub = name.partition(" ")
        command = next(command for command in self.commands if command["name"] == name)
        known = {option["name"]: option for option in command["options"]}
        kinds = known[sub].get("options", []) if sub else command["options"]
        given, resolved = chosen(kinds, options, channel, Hosts(self.cdn_url, self.media_url))
        if sub:
            given = [{"name": sub, "type": known[sub]["type"], "options": given}]
        interaction = Interaction(channel, user, command, given, secrets.token_hex(32), time.monotonic(), resolved)
        self.interactions[interaction.token] = interaction
        payload = payloads.interaction_json(interaction, self.application_id)
        self.gateway.dispatch("INTERACTION_CREATE", lambda _: payload)
        return interaction

    def open_menu(self, message: Message, user: User, name: str) -> Interaction:
        """Somebody uses a registered menu command on a message."""
        command = next(command for command in self.commands if command["name"] == name)
        interaction = Interaction(message.channel, user, command, [], secrets.token_hex(32), time.monotonic())
        self.interactions[interaction.token] = interaction
        payload = payloads.interaction_json(interaction, self.application_id, self.message_json(message))
        self.gateway.dispatch("INTERACTION_CREATE", lambda _: payload)
        return interaction

    def delete(self, message: Message) -> None:
        """The message is gone for everybody."""
        message.deleted = True
        gone = {"id": str(message.id), "channel_id": str(message.channel.id)}
        gone |= {"guild_id": str(message.channel.guild.id)} if message.channel.guild else {}
        self.gateway.dispatch("MESSAGE_DELETE", lambda intents: gone if self._hears(message, intents) else None)
        self.changed()

    def delete_many(self, messages: list[Message]) -> None:
        """A moderator cleans up."""
        for message in messages:
            message.deleted = True
        channel = messages[0].channel
        assert channel.guild is not None
        ids = [str(message.id) for message in messages]
        gone = {"ids": ids, "channel_id": str(channel.id), "guild_id": str(channel.guild.id)}
        self.gateway.dispatch("MESSAGE_DELETE_BULK", lambda _: gone)
        self.changed()

    def drop_gateway(self, code: int = 4000, *, forget: bool = False) -> None:
        """Close the gateway's connections; with `forget` the sessions cannot be resumed."""
        self.gateway.drop(code, forget=forget)

    def fail_next(self, method: str, path: str, status: int | None = None, **details: Any) -> Fault:
        """Trouble for the next request whose path contains the pattern; see `Fault` for the details."""
        fault = Fault(method, path, status, **details)
        self.http.faults.append(fault)
        return fault

    # waiting

    def changed(self) -> None:
        """Wake whoever waits."""
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def until(self, condition: Callable[[], T], timeout_s: float = PATIENCE_S) -> T:
        """Wait until the condition about this server holds; returns what it gave."""
        async with asyncio.timeout(timeout_s):
            while not (found := condition()):
                await self._pulse.wait()
        return found

    async def answer_to(self, question: Message, *, picture: bool = False) -> Message:
        """The bot's reply; with `picture` the first state of it that has one."""

        def answer() -> Message | None:
            replies = self.replies_to(question)
            return next((reply for reply in replies if reply.attachments or not picture), None)

        found = await self.until(answer)
        assert found is not None
        return found

    # for the parts of the server

    def publish(self, message: Message) -> None:
        """A new message, seen by everybody who may."""
        self.messages.append(message)
        self._tell("MESSAGE_CREATE", message)

    def announce_edit(self, message: Message) -> None:
        self._tell("MESSAGE_UPDATE", message)

    def message_json(self, message: Message, intents: int = MESSAGE_CONTENT) -> dict[str, Any]:
        """The message as the bot may see it: by its intents, over REST by its application's flag."""
        own = message.author is self.bot or self.bot.id in payloads.mentioned_ids(message.content)
        granted = self.message_content and bool(intents & MESSAGE_CONTENT)
        visible = own or granted or message.channel.guild is None
        hosts = Hosts(self.cdn_url, self.media_url)
        payload = payloads.message_json(message, hosts=hosts, people=self.people, with_content=visible)
        if message.reply_to is not None and message.type == REPLY_MESSAGE and self.quotes_replies:
            replied = self.find_message(message.channel, message.reply_to)
            payload["referenced_message"] = None if replied is None else self.message_json(replied, intents)
        return payload

    def _tell(self, event: str, message: Message) -> None:
        def payload(intents: int) -> dict[str, Any] | None:
            if not self._hears(message, intents):
                return None
            data = self.message_json(message, intents)
            if message.channel.guild is None:
                return data
            member = {"member": payloads.member_json(message.author, with_user=False)} if not message.webhook_id else {}
            return data | {"guild_id": str(message.channel.guild.id)} | member

        self.gateway.dispatch(event, payload)
        self.changed()

    def _hears(self, message: Message, intents: int) -> bool:
        wanted = DIRECT_MESSAGES if message.channel.guild is None else GUILD_MESSAGES
        return bool(intents & wanted) and not message.is_ephemeral and "view_channel" not in message.channel.denied

    def _ready_data(self) -> dict[str, Any]:
        return {
            "v": 10,
            "user": payloads.user_json(self.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in self.guilds],
            "resume_gateway_url": self.gateway_url,
            "shard": [0, 1],
            "application": {"id": str(self.application_id), "flags": 0},
        }

    def _guild_payloads(self) -> list[dict[str, Any]]:
        members = list(self.people.values())
        return [payloads.guild_json(guild, list(self.channels.values()), members) for guild in self.guilds]
