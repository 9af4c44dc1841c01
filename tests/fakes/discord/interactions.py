"""The fake's interaction endpoints, which want the interaction's token and not the bot's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord import checks
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.form import read_form, read_json
from tests.fakes.discord.http import API, json_answer
from tests.fakes.discord.payloads import Hosts, attachment_json, user_json
from tests.fakes.discord.rest import apply_edit, uploads
from tests.fakes.discord.world import EPHEMERAL, LOADING, Attachment, Channel, Interaction, Message, User

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE = 4, 5
INTERACTION_RESPONSE = 20  # message type "chat input command"


class InteractionApi:
    """First response, edits of it, follow-ups."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def routes(self) -> list[web.RouteDef]:
        webhook = API + "/webhooks/{application}/{token}"
        return [
            web.post(API + "/interactions/{interaction}/{token}/callback", self._respond),
            web.post(webhook, self._follow_up),
            web.patch(f"{webhook}/messages/{{message}}", self._edit),
            web.delete(f"{webhook}/messages/{{message}}", self._delete),
        ]

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        interaction = self._interaction(request)
        body = await read_json(request)
        if time.monotonic() - interaction.asked_at > self._fake.interaction_limit_s:
            raise checks.unknown("interaction", 10062)
        if interaction.acknowledged:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body.get("type"), body.get("data") or {}
        checks.require(
            kind in {CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE}, "type", "BASE_TYPE_CHOICES", "Not a choice."
        )
        if kind == CHANNEL_MESSAGE:
            checks.check_message(data, {})
        flags = int(data.get("flags", 0)) | (LOADING if kind == DEFERRED_CHANNEL_MESSAGE else 0)
        interaction.acknowledged = True
        interaction.original = self._say(interaction, data.get("content") or "", flags)
        if request.query.get("with_response") not in {"1", "true"}:
            return web.Response(status=204)
        return json_answer(self._callback(interaction, kind))

    def _callback(self, interaction: Interaction, kind: int) -> dict[str, Any]:
        message = interaction.original
        assert message is not None
        about = {
            "id": str(interaction.id),
            "type": 2,
            "response_message_id": str(message.id),
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }
        return {"interaction": about, "resource": {"type": kind, "message": self._fake.message_json(message)}}

    async def _follow_up(self, request: web.Request) -> web.StreamResponse:
        interaction = self._interaction(request)
        payload, files = await read_form(request)
        checks.check_message(payload, files)
        if not (payload.get("content") or files):
            raise ApiError(400, 50006, "Cannot send an empty message")
        if interaction.original is not None and interaction.original.is_loading and not interaction.original.deleted:
            message = self._changed(interaction.original, payload, files)  # takes the place of "… is thinking"
        else:
            message = self._say(interaction, payload.get("content") or "", int(payload.get("flags", 0)) & EPHEMERAL)
            message.attachments = uploads(payload, files)
            interaction.followups.append(message)
            self._fake.changed()
        return json_answer(self._fake.message_json(message))

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        message = self._message(request)
        payload, files = await read_form(request)
        return json_answer(self._fake.message_json(self._changed(message, payload, files)))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self._fake.delete(self._message(request))
        return web.Response(status=204)

    def _changed(self, message: Message, payload: dict[str, Any], files: dict[str, bytes]) -> Message:
        apply_edit(message, payload, files)
        message.flags &= ~LOADING
        self._fake.announce_edit(message)
        return message

    def _say(self, interaction: Interaction, content: str, flags: int) -> Message:
        message = Message(interaction.channel, self._fake.bot, content, flags=flags, type=INTERACTION_RESPONSE)
        message.webhook_id = self._fake.application_id
        self._fake.publish(message)
        return message

    def _interaction(self, request: web.Request) -> Interaction:
        interaction = self._fake.interactions.get(request.match_info["token"])
        if interaction is None:
            raise checks.unknown("Webhook", 10015)
        if interaction.expired:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return interaction

    def _message(self, request: web.Request) -> Message:
        interaction, name = self._interaction(request), request.match_info["message"]
        for message in (interaction.original, *interaction.followups):
            is_original = message is interaction.original
            is_named = message is not None and (str(message.id) == name or (is_original and name == "@original"))
            if message is not None and is_named and not message.deleted:
                return message
        raise checks.unknown("Message", 10008)


def chosen(
    kinds: list[dict[str, Any]], options: dict[str, Any], channel: Channel, hosts: Hosts
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The options of a command as Discord sends them: people and files by id, with what is known about them beside."""
    types = {kind["name"]: kind["type"] for kind in kinds}
    given, resolved = [], dict[str, Any]()
    for name, value in options.items():
        if isinstance(value, User):
            resolved.setdefault("users", {})[str(value.id)] = user_json(value)
        elif isinstance(value, Attachment):
            resolved.setdefault("attachments", {})[str(value.id)] = attachment_json(value, channel, hosts)
        else:
            given.append({"name": name, "type": types[name], "value": value})
            continue
        given.append({"name": name, "type": types[name], "value": str(value.id)})
    return given, resolved
