"""The fake's REST API for the bot: who it is, its commands, messages in channels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord import checks, localizations, posting
from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.form import read_form, read_json
from tests.fakes.discord.guild_payloads import user_json
from tests.fakes.discord.payloads import mentioned_ids
from tests.fakes.discord.world import Channel, Message, new_id

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

NONCE_LIFETIME_S = 300.0
CONTENT_APPROVED, CONTENT_SWITCHED_ON = 1 << 18, 1 << 19  # application flags


class Rest:
    """Routes that want the bot's token."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake
        self._nonces: dict[str, tuple[float, Message]] = {}

    def routes(self) -> list[web.RouteDef]:
        channel, one = API + "/channels/{channel}", API + "/channels/{channel}/messages/{message}"
        commands = API + "/applications/{application}/commands"
        return [
            web.get(API + "/users/@me", self._me),
            web.get(API + "/applications/@me", self._application),
            web.get(API + "/oauth2/applications/@me", self._application),
            web.get(API + "/gateway/bot", self._gateway),
            web.get(commands, self._list_commands),
            web.put(commands, self._replace_commands),
            web.get(API + "/applications/{application}/emojis", self._application_emoji),
            web.post(f"{channel}/typing", self._type),
            web.get(f"{channel}/messages", self._history),
            web.post(f"{channel}/messages", self._post),
            web.get(one, self._read),
            web.patch(one, self._edit),
            web.delete(one, self._delete),
        ]

    async def _me(self, request: web.Request) -> web.StreamResponse:
        if (person := self._fake.oauth.who(request)) is not None:
            return self._fake.oauth.user(person)
        return json_answer(user_json(self._fake.bot) | {"verified": True, "mfa_enabled": True, "flags": 0})

    async def _application(self, request: web.Request) -> web.StreamResponse:
        fake = self._fake
        granted = CONTENT_APPROVED if fake.message_content_approved else CONTENT_SWITCHED_ON
        return json_answer(
            {
                "id": str(fake.application_id),
                "name": fake.bot.name,
                "icon": None,
                "description": "",
                "summary": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "flags": granted if fake.message_content else 0,
                "owner": user_json(fake.owner),
                "approximate_guild_count": len(fake.guilds),
                "approximate_user_install_count": fake.user_installs,
                "interactions_endpoint_url": fake.interactions_endpoint_url,
            }
        )

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        gateway = self._fake.gateway
        limit = {
            "total": 1000,
            "remaining": 1000 - len(gateway.identified),
            "reset_after": 86_400_000,
            "max_concurrency": gateway.rules.max_concurrency,
        }
        shards = {"shards": gateway.rules.shards, "session_start_limit": limit}
        return json_answer({"url": self._fake.gateway_url} | shards)

    async def _list_commands(self, request: web.Request) -> web.StreamResponse:
        translated = request.query.get("with_localizations") == "true"
        return json_answer(self._fake.commands if translated else localizations.without(self._fake.commands))

    async def _replace_commands(self, request: web.Request) -> web.StreamResponse:
        commands = await read_json(request)
        checks.require(isinstance(commands, list), "_", "BASE_TYPE_BAD_TYPE", "Must be a list.")
        checked = [localizations.checked(checks.check_command(each, at), at) for at, each in enumerate(commands)]
        application_id = str(self._fake.application_id)
        self._fake.commands = [
            {"id": str(new_id()), "application_id": application_id, "version": str(new_id()), "description": ""}
            | {name: value for name, value in command.items() if value is not None}
            for command in checked
        ]
        return json_answer(self._fake.commands)

    async def _application_emoji(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"items": self._fake.application_emoji})

    async def _type(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request)
        self._check_allowed(channel, {}, {})
        self._fake.typed.append(channel.id)
        return web.Response(status=204)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "read_message_history")
        after, before = int(request.query.get("after", 0)), int(request.query.get("before", 1 << 63))
        limit = int(request.query.get("limit", 50))
        checks.require(1 <= limit <= 100, "limit", "NUMBER_TYPE_MAX", "Must be between 1 and 100.")
        there = [m for m in self._fake.messages_in(channel) if after < m.id < before]
        page = there[:limit] if "after" in request.query else there[-limit:]
        return json_answer([self._fake.message_json(message) for message in reversed(page)])  # newest first

    async def _read(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request, "read_message_history")
        return json_answer(self._fake.message_json(self._fake.reach_message(request, channel)))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request)
        payload, files = await read_form(request)
        self._check_allowed(channel, payload, files)
        message = posting.fill(Message(channel, self._fake.bot), payload, files, self._fake.rules_for(channel))
        message.nonce = payload.get("nonce")
        earlier = self._same_nonce(payload)
        if earlier is not None:
            return json_answer(self._fake.message_json(earlier) | {"nonce": payload["nonce"]})
        message.reply_to = self._reply_to(channel, payload)
        message.type = 0 if message.reply_to is None else 19
        message.pinged = self._pinged(message, payload["allowed_mentions"])
        self._fake.publish(message)
        if payload.get("enforce_nonce"):
            self._nonces[str(payload["nonce"])] = (time.monotonic(), message)
        return json_answer(self._fake.message_json(message) | {"nonce": message.nonce})

    def _check_allowed(self, channel: Channel, payload: Any, files: dict[str, bytes], *, speaks: bool = True) -> None:
        needed = {"attach_files"} if files else set()
        if isinstance(payload, dict) and payload.get("embeds"):
            needed.add("embed_links")
        if speaks:
            needed.add("send_messages" if channel.parent is None else "send_messages_in_threads")
        if channel.guild is not None and not self._fake.may(channel, *needed):
            raise checks.missing_permissions()
        if channel.partner is not None and channel.partner.is_closed:
            raise ApiError(403, 50007, "Cannot send messages to this user")

    def _same_nonce(self, payload: dict[str, Any]) -> Message | None:
        posted_at, message = self._nonces.get(str(payload.get("nonce")), (0.0, None))
        if not payload.get("enforce_nonce") or message is None or time.monotonic() - posted_at > NONCE_LIFETIME_S:
            return None
        if message.deleted:
            raise checks.unknown("Message", 10008)
        return message

    def forget_nonces(self) -> None:
        """As if minutes had passed."""
        self._nonces.clear()

    def _reply_to(self, channel: Channel, payload: dict[str, Any]) -> int | None:
        reference = payload.get("message_reference")
        if reference is None:
            return None
        if not self._fake.may(channel, "read_message_history"):
            raise ApiError(403, 160002, "Cannot reply without permission to read message history")
        question = self._fake.find_message(channel, int(reference["message_id"]))
        if question is not None:
            return question.id
        if not reference.get("fail_if_not_exists", True):
            return None
        reason = "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"
        raise checks.bad_form("message_reference", reason, "Unknown message")

    def _pinged(self, message: Message, allowed: dict[str, Any]) -> set[str]:
        parse, users = allowed.get("parse", []), {str(id_) for id_ in allowed.get("users", [])}
        pinged = {str(id_) for id_ in mentioned_ids(message.content) if "users" in parse or str(id_) in users}
        if "everyone" in parse and ("@everyone" in message.content or "@here" in message.content):
            pinged.add("@everyone")
        question = self._fake.find_message(message.channel, message.reply_to or 0)
        if question is not None and allowed.get("replied_user", False):
            pinged.add(str(question.author.id))
        return pinged

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request)
        message = self._fake.reach_message(request, channel)
        if message.author is not self._fake.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        payload, files = await read_form(request)
        self._check_allowed(channel, payload, files, speaks=False)
        posting.edit(message, payload, files, self._fake.rules_for(channel))
        self._fake.announce_edit(message)
        return json_answer(self._fake.message_json(message))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        channel = self._fake.reach(request)
        message = self._fake.reach_message(request, channel)
        if message.author is not self._fake.bot:
            if channel.guild is None:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            if not self._fake.may(channel, "manage_messages"):
                raise checks.missing_permissions()
        self._fake.delete(message)
        return web.Response(status=204)
