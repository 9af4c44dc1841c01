"""The fake's REST API for the bot: who it is, its commands, messages in channels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord import checks
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.form import read_form, read_json
from tests.fakes.discord.http import API, json_answer
from tests.fakes.discord.payloads import mentioned_ids, user_json
from tests.fakes.discord.world import Attachment, Channel, Message, new_id

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
                "interactions_endpoint_url": fake.interactions_endpoint_url,
            }
        )

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return json_answer({"url": self._fake.gateway_url, "shards": 1, "session_start_limit": limit})

    async def _list_commands(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._fake.commands)

    async def _replace_commands(self, request: web.Request) -> web.StreamResponse:
        commands = await read_json(request)
        checks.require(isinstance(commands, list), "_", "BASE_TYPE_BAD_TYPE", "Must be a list.")
        application_id = str(self._fake.application_id)
        self._fake.commands = [
            {"id": str(new_id()), "application_id": application_id, "version": str(new_id()), "description": ""}
            | {name: value for name, value in checks.check_command(command, index).items() if value is not None}
            for index, command in enumerate(commands)
        ]
        return json_answer(self._fake.commands)

    async def _application_emoji(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"items": self._fake.application_emoji})

    async def _type(self, request: web.Request) -> web.StreamResponse:
        channel = self._channel(request, "send_messages")
        self._fake.typed.append(channel.id)
        return web.Response(status=204)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        channel = self._channel(request, "read_message_history")
        after, before = int(request.query.get("after", 0)), int(request.query.get("before", 1 << 63))
        limit = int(request.query.get("limit", 50))
        checks.require(1 <= limit <= 100, "limit", "NUMBER_TYPE_MAX", "Must be between 1 and 100.")
        there = [m for m in self._fake.messages_in(channel) if after < m.id < before]
        page = there[:limit] if "after" in request.query else there[-limit:]
        return json_answer([self._fake.message_json(message) for message in reversed(page)])  # newest first

    async def _read(self, request: web.Request) -> web.StreamResponse:
        channel = self._channel(request, "read_message_history")
        return json_answer(self._fake.message_json(self._message(request, channel)))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        channel = self._channel(request, "send_messages")
        payload, files = await read_form(request)
        checks.check_message(payload, files)
        if files and "attach_files" in channel.denied:
            raise checks.missing_permissions()
        if not (payload.get("content") or files):
            raise ApiError(400, 50006, "Cannot send an empty message")
        earlier = self._same_nonce(payload)
        if earlier is not None:
            return json_answer(self._fake.message_json(earlier) | {"nonce": payload["nonce"]})
        message = Message(channel, self._fake.bot, payload.get("content") or "", nonce=payload.get("nonce"))
        message.reply_to = self._reply_to(channel, payload)
        message.type = 0 if message.reply_to is None else 19
        message.attachments = uploads(payload, files)
        message.pinged = self._pinged(message, payload["allowed_mentions"])
        self._fake.publish(message)
        if payload.get("enforce_nonce"):
            self._nonces[str(payload["nonce"])] = (time.monotonic(), message)
        return json_answer(self._fake.message_json(message) | {"nonce": message.nonce})

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
        if "read_message_history" in channel.denied:
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
        channel = self._channel(request)
        message = self._message(request, channel)
        if message.author is not self._fake.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        payload, files = await read_form(request)
        if files and "attach_files" in channel.denied:
            raise checks.missing_permissions()
        apply_edit(message, payload, files)
        self._fake.announce_edit(message)
        return json_answer(self._fake.message_json(message))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        channel = self._channel(request)
        message = self._message(request, channel)
        if message.author is not self._fake.bot:
            raise checks.missing_permissions()
        self._fake.delete(message)
        return web.Response(status=204)

    def _channel(self, request: web.Request, *permissions: str) -> Channel:
        channel = self._fake.channels.get(int(request.match_info["channel"]))
        if channel is None:
            raise checks.unknown("Channel", 10003)
        if "view_channel" in channel.denied:
            raise ApiError(403, 50001, "Missing Access")
        if channel.denied & set(permissions):
            raise checks.missing_permissions()
        return channel

    def _message(self, request: web.Request, channel: Channel) -> Message:
        message = self._fake.find_message(channel, int(request.match_info["message"]))
        if message is None:
            raise checks.unknown("Message", 10008)
        return message


def uploads(payload: dict[str, Any], files: dict[str, bytes]) -> list[Attachment]:
    """The new attachments of a checked payload."""
    return [
        Attachment(listed["filename"], files[f"files[{listed['id']}]"], listed.get("description"))
        for listed in payload.get("attachments", [])
        if f"files[{listed['id']}]" in files
    ]


def apply_edit(message: Message, payload: dict[str, Any], files: dict[str, bytes]) -> None:
    """What a PATCH does: named fields change, attachments that are not listed any more go."""
    kept = [attachment.id for attachment in message.attachments]
    checks.check_message(payload, files, kept)
    content = (payload["content"] or "") if "content" in payload else message.content
    attachments = message.attachments
    if "attachments" in payload:
        listed = {str(attachment["id"]) for attachment in payload["attachments"]}
        attachments = [a for a in attachments if str(a.id) in listed] + uploads(payload, files)
    if not (content or attachments):
        raise ApiError(400, 50006, "Cannot send an empty message")
    message.history.append(message.content)
    message.content, message.attachments = content, attachments
