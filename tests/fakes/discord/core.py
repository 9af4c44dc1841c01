"""The state of the fake: what exists, how it is shown to the bot, and waiting for what the bot does."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from tests.fakes.discord import checks, payloads
from tests.fakes.discord.answers import API, CDN, GATEWAY, MEDIA
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.files import Files
from tests.fakes.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT, Gateway, GatewayRules, Shard
from tests.fakes.discord.guild_payloads import guild_json, may, member_json, user_json
from tests.fakes.discord.http import HttpServer
from tests.fakes.discord.payloads import Hosts
from tests.fakes.discord.permissions import bits
from tests.fakes.discord.posting import UPLOAD_LIMITS_BYTES, Rules
from tests.fakes.discord.world import Channel, Guild, Interaction, Message, User, new_id
from tests.polling import PATIENCE_S

T = TypeVar("T")

REPLY_MESSAGE = 19


class FakeState:
    """Everything that the parts of the server share."""

    def __init__(self, *, message_content: bool = True, interaction_limit_s: float = 3.0) -> None:
        self.message_content = message_content
        self.message_content_approved = False  # True: by Discord's review; False: switched on below the threshold
        self.interaction_limit_s = interaction_limit_s
        self.quotes_replies = True  # False: as when Discord does not get round to it
        self.user_installs = 0
        self.interactions_endpoint_url: str | None = None
        self.token = f"fake.{secrets.token_hex(12)}"
        self.owner, self.bot = User("Owner"), User("emoteface", bot=True)
        self.application_id = new_id()
        self.people: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.guild = Guild("Testers")
        self.guilds = [self.guild]  # with the bot in them
        self.channel = Channel("general", self.guild)
        self.channels: dict[int, Channel] = {self.channel.id: self.channel}
        self.messages: list[Message] = []
        self.files = Files(self.messages)
        self.application_emoji: list[dict[str, Any]] = []
        self.interactions: dict[str, Interaction] = {}
        self.commands: list[dict[str, Any]] = []
        self.typed: list[int] = []
        self.http = HttpServer(self.token, self.changed)
        rules = GatewayRules(self.token, MESSAGE_CONTENT if message_content else 0)
        self.gateway = Gateway(rules, self._ready_data, self._guild_payloads, self.changed)
        self._pulse = asyncio.Event()

    # where it is

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

    @property
    def hosts(self) -> Hosts:
        return Hosts(self.cdn_url, self.media_url)

    # what exists

    def known_emoji(self) -> set[int]:
        """Custom emoji that the bot may use."""
        owned = [*self.application_emoji, *(each for guild in self.guilds for each in guild.emoji)]
        return {int(each["id"]) for each in owned}

    def messages_in(self, channel: Channel) -> list[Message]:
        """What a history shows, oldest first."""
        return [m for m in self.messages if m.channel is channel and not m.deleted and not m.is_ephemeral]

    def find_message(self, channel: Channel, message_id: int) -> Message | None:
        return next((m for m in self.messages_in(channel) if m.id == message_id), None)

    def replies_to(self, question: Message) -> list[Message]:
        """The bot's replies to a message, without deleted ones."""
        return [m for m in self.messages_in(question.channel) if m.author is self.bot and m.reply_to == question.id]

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

    def message_json(
        self, message: Message, intents: int = MESSAGE_CONTENT, *, has_menu: bool = False
    ) -> dict[str, Any]:
        """The message as the bot may see it: by its intents, over REST by its application's flag. One that a menu was
        opened on has its content always.
        """
        own = message.author is self.bot or self.bot.id in payloads.mentioned_ids(message.content)
        granted = self.message_content and bool(intents & MESSAGE_CONTENT)
        visible = own or granted or has_menu or message.channel.guild is None
        payload = payloads.message_json(message, hosts=self.hosts, people=self.people, with_content=visible)
        if message.reply_to is not None and message.type == REPLY_MESSAGE and self.quotes_replies:
            replied = self.find_message(message.channel, message.reply_to)
            payload["referenced_message"] = None if replied is None else self.message_json(replied, intents)
        return payload

    def rules_for(self, channel: Channel) -> Rules:
        """What a message there may have."""
        return Rules(self.known_emoji(), UPLOAD_LIMITS_BYTES[channel.guild.tier if channel.guild else 0])

    def may(self, channel: Channel, *names: str) -> bool:
        """Has the bot these permissions there?"""
        wanted = bits(names)
        return may(self.bot, channel, application=self.bot) & wanted == wanted

    def has_bot(self, channel: Channel) -> bool:
        """False where at most an interaction brings the bot along."""
        return channel.guild in self.guilds if channel.guild else channel.with_bot and not channel.people

    def reach(self, request: web.Request, *permissions: str) -> Channel:
        """The channel that a request names, if the bot may do that there."""
        channel = self.channels.get(int(request.match_info["channel"]))
        if channel is None:
            raise checks.unknown("Channel", 10003)
        if not self.has_bot(channel) or not self.may(channel, "view_channel"):
            raise ApiError(403, 50001, "Missing Access")
        if not self.may(channel, *permissions):
            raise checks.missing_permissions()
        return channel

    def reach_message(self, request: web.Request, channel: Channel) -> Message:
        message = self.find_message(channel, int(request.match_info["message"]))
        if message is None:
            raise checks.unknown("Message", 10008)
        return message

    def dispatch(self, event: str, channel: Channel, payload_for: Callable[[int], dict[str, Any] | None]) -> None:
        """Send to the shard that has the channel what `payload_for(intents)` makes of an event."""
        if self.has_bot(channel):
            self.gateway.dispatch(event, payload_for, channel.guild.id if channel.guild else 0)

    def _tell(self, event: str, message: Message) -> None:
        guild = message.channel.guild

        def payload(intents: int) -> dict[str, Any] | None:
            if not self.hears(message, intents):
                return None
            data = self.message_json(message, intents)
            if guild is None:
                return data
            member = {} if message.webhook_id else {"member": member_json(message.author, guild, with_user=False)}
            return data | {"guild_id": str(guild.id)} | member

        self.dispatch(event, message.channel, payload)
        self.changed()

    def hears(self, message: Message, intents: int) -> bool:
        wanted = DIRECT_MESSAGES if message.channel.guild is None else GUILD_MESSAGES
        return bool(intents & wanted) and not message.is_ephemeral and self.may(message.channel, "view_channel")

    def guild_data(self, guild: Guild) -> dict[str, Any]:
        return guild_json(guild, list(self.channels.values()), self.bot)

    def _ready_data(self, shard: Shard) -> dict[str, Any]:
        return {
            "v": 10,
            "user": user_json(self.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in self.guilds if shard.has(guild.id)],
            "resume_gateway_url": self.gateway_url,
            "shard": [shard.id, shard.count],
            "application": {"id": str(self.application_id), "flags": 0},
        }

    def _guild_payloads(self, shard: Shard) -> list[dict[str, Any]]:
        return [self.guild_data(guild) for guild in self.guilds if shard.has(guild.id)]
