"""The fake's REST API for what is around messages: reactions, threads, cleaning up, direct conversations."""

from __future__ import annotations

import re
import time
import urllib.parse
from typing import TYPE_CHECKING

import emoji as unicode_emoji
from aiohttp import web

from tests.fakes.discord import checks
from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.form import read_json
from tests.fakes.discord.guild_payloads import channel_json, user_json
from tests.fakes.discord.world import DISCORD_EPOCH_MS, Message

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

MAX_REACTIONS = 20
TWO_WEEKS_S = 14 * 24 * 3600


class ChannelApi:
    """Routes below `/channels`, and how one comes to a direct conversation."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def routes(self) -> list[web.RouteDef]:
        channel = API + "/channels/{channel}"
        message = channel + "/messages/{message}"
        reactions = message + "/reactions"
        return [
            web.get(channel, self._read),
            web.patch(channel, self._change),
            web.put(reactions + "/{emoji}/@me", self._react),
            web.delete(reactions + "/{emoji}/@me", self._unreact),
            web.delete(reactions + "/{emoji}/{user}", self._unreact),
            web.get(reactions + "/{emoji}", self._reacted),
            web.delete(reactions, self._clear_reactions),
            web.post(message + "/threads", self._start_thread),
            web.post(channel + "/threads", self._start_thread),
            web.put(channel + "/thread-members/{user}", self._join_thread),
            web.post(channel + "/messages/bulk-delete", self._delete_many),
            web.post(API + "/users/@me/channels", self._open_conversation),
        ]

    async def _read(self, request: web.Request) -> web.StreamResponse:
        return json_answer(channel_json(self._fake.reach(request), self._fake.bot))

    async def _change(self, request: web.Request) -> web.StreamResponse:
        thread, body = self._fake.reach(request, "send_messages_in_threads"), await read_json(request)
        own = thread.owner is self._fake.bot
        if thread.parent is None or not (own or self._fake.may(thread, "manage_threads")):
            raise checks.missing_permissions()
        self._fake.change(thread, is_archived=body.get("archived", thread.is_archived))
        return json_answer(channel_json(thread))

    async def _react(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "read_message_history")
        message, emoji = self._fake.reach_message(request, channel), self._emoji(request)
        there = message.reactions.get(emoji, [])
        if not there and not self._fake.may(channel, "add_reactions"):
            raise checks.missing_permissions()
        if not there and len([people for people in message.reactions.values() if people]) >= MAX_REACTIONS:
            raise ApiError(400, 30010, "Maximum number of reactions reached (20)")
        self._fake.react(message, self._fake.bot, emoji)
        return web.Response(status=204)

    async def _unreact(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request)
        message, emoji = self._fake.reach_message(request, channel), self._emoji(request)
        user_id = int(request.match_info.get("user", self._fake.bot.id))
        if user_id != self._fake.bot.id and not self._fake.may(channel, "manage_messages"):
            raise checks.missing_permissions()
        user = next((each for each in message.reactions.get(emoji, []) if each.id == user_id), None)
        if user is not None:
            self._fake.unreact(message, user, emoji)
        return web.Response(status=204)

    async def _reacted(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "read_message_history")
        people = self._fake.reach_message(request, channel).reactions.get(self._emoji(request), [])
        return json_answer([user_json(user) for user in people])

    async def _clear_reactions(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "manage_messages")
        self._fake.reach_message(request, channel).reactions.clear()
        return web.Response(status=204)

    def _emoji(self, request: web.Request) -> str:
        emoji = urllib.parse.unquote(request.match_info["emoji"])
        name, _, id_ = emoji.partition(":")
        known = int(id_) in self._fake.known_emoji() if id_.isdigit() else unicode_emoji.is_emoji(name)
        if not known:
            raise ApiError(400, 10014, "Unknown Emoji")
        return emoji

    async def _start_thread(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "create_public_threads")
        body = await read_json(request)
        name = body.get("name")
        fits = isinstance(name, str) and 1 <= len(name) <= 100
        checks.require(fits, "name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        if channel.guild is None or channel.parent is not None:
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        if "message" not in request.match_info:
            checks.require(body.get("type") == 11, "type", "BASE_TYPE_CHOICES", "This fake has public threads.")
            return json_answer(channel_json(self._fake.start_thread(channel, name, self._fake.bot)), 201)
        message = self._fake.reach_message(request, channel)
        if message.thread is not None:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        return json_answer(channel_json(self._fake.start_thread(message, name, self._fake.bot)), 201)

    async def _join_thread(self, request: web.Request) -> web.StreamResponse:
        self._fake.reach(request)
        return web.Response(status=204)

    async def _delete_many(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "manage_messages")
        ids = [int(id_) for id_ in (await read_json(request)).get("messages", [])]
        checks.require(2 <= len(ids) <= 100, "messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100.")
        oldest_ms = (time.time() - TWO_WEEKS_S) * 1000 - DISCORD_EPOCH_MS
        if any(id_ >> 22 < oldest_ms for id_ in ids):
            raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
        found: list[Message] = [each for each in self._fake.messages_in(channel) if each.id in ids]
        if found:
            self._fake.delete_many(found)
        return web.Response(status=204)

    async def _open_conversation(self, request: web.Request) -> web.StreamResponse:
        user_id = str((await read_json(request)).get("recipient_id"))
        user = self._fake.people.get(int(user_id)) if re.fullmatch(r"\d+", user_id) else None
        checks.require(user, "recipient_id", "NUMBER_TYPE_COERCE", "Unknown user.")
        assert user is not None
        for channel in self._fake.channels.values():
            if channel.partner is user and channel.with_bot:
                return json_answer(channel_json(channel))
        return json_answer(channel_json(self._fake.direct_channel(user)))
