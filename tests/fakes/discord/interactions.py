"""The fake's interaction endpoints, which want the interaction's token and not the bot's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord import checks, layout, posting
from tests.fakes.discord.answers import API, json_answer
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.components import check_modal
from tests.fakes.discord.form import read_form
from tests.fakes.discord.world import (
    COMMAND,
    EPHEMERAL,
    LOADING,
    Interaction,
    Message,
)

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE, DEFERRED_UPDATE, UPDATE_MESSAGE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
INTERACTION_RESPONSE, REPLY, MENU_RESPONSE = 20, 19, 23  # message types
FOLLOW_UPS_OF_AN_INSTALLED_APP = 5
_NEW_MESSAGE, _UPDATES = {CHANNEL_MESSAGE, DEFERRED_CHANNEL_MESSAGE}, {DEFERRED_UPDATE, UPDATE_MESSAGE}


class InteractionApi:
    """First response, edits of it, follow-ups."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def routes(self) -> list[web.RouteDef]:
        webhook = API + "/webhooks/{application}/{token}"
        return [
            web.post(API + "/interactions/{interaction}/{token}/callback", self._respond),
            web.post(webhook, self._follow_up),
            web.get(f"{webhook}/messages/{{message}}", self._read),
            web.patch(f"{webhook}/messages/{{message}}", self._edit),
            web.delete(f"{webhook}/messages/{{message}}", self._delete),
        ]

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        interaction = self._interaction(request)
        body, files = await read_form(request)
        if time.monotonic() - interaction.asked_at > self._fake.interaction_limit_s:
            raise checks.unknown("interaction", 10062)
        if interaction.acknowledged:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = body.get("type"), body.get("data") or {}
        checks.require(kind in _allowed(interaction), "type", "BASE_TYPE_CHOICES", "Not a choice.")
        if kind == CHOICES:
            interaction.choices = checks.check_choices(data)
        elif kind == MODAL:
            check_modal(data)
            interaction.modal = data | {"components": layout.numbered(data["components"])}
        elif kind in _UPDATES:
            interaction.original = interaction.message
            if kind == UPDATE_MESSAGE:
                assert interaction.message is not None
                self._changed(interaction.message, data, files)
        else:
            self._say_first(interaction, kind, data, files)
        interaction.response = kind
        self._fake.changed()
        if request.query.get("with_response") not in {"1", "true"}:
            return web.Response(status=204)
        return json_answer(self._callback(interaction))

    def _say_first(self, interaction: Interaction, kind: int, data: dict[str, Any], files: dict[str, bytes]) -> None:
        message = self._draft(interaction)
        if kind == DEFERRED_CHANNEL_MESSAGE:
            message.flags = int(data.get("flags", 0)) & EPHEMERAL | LOADING
        else:
            posting.fill(message, data, files, self._fake.rules_for(interaction.channel))
        interaction.original = self._published(message, interaction)

    def _callback(self, interaction: Interaction) -> dict[str, Any]:
        about: dict[str, Any] = {"id": str(interaction.id), "type": interaction.kind}
        message = interaction.original
        if message is None:
            return {"interaction": about}
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }
        shown = {"message": self._fake.message_json(message)}
        return {"interaction": about, "resource": {"type": interaction.response} | shown}

    async def _follow_up(self, request: web.Request) -> web.StreamResponse:
        interaction = self._interaction(request)
        payload, files = await read_form(request)
        if not interaction.acknowledged:
            raise checks.unknown("Webhook", 10015)
        original = interaction.original
        if original is not None and original.is_loading and not original.deleted:
            message = self._changed(original, payload, files)  # takes the place of "… is thinking"
        else:
            if interaction.installs == {1} and len(interaction.followups) >= FOLLOW_UPS_OF_AN_INSTALLED_APP:
                raise ApiError(400, 40094, "This interaction has reached the maximum number of follow-up messages.")
            message = posting.fill(
                self._draft(interaction, request.query.get("thread_id")),
                payload,
                files,
                self._fake.rules_for(interaction.channel),
            )
            interaction.followups.append(self._published(message, interaction))
            self._fake.changed()
        return json_answer(self._fake.message_json(message))

    async def _read(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._fake.message_json(self._message(request)))

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        message = self._message(request)
        payload, files = await read_form(request)
        return json_answer(self._fake.message_json(self._changed(message, payload, files)))

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self._fake.delete(self._message(request))
        return web.Response(status=204)

    def _changed(self, message: Message, payload: dict[str, Any], files: dict[str, bytes]) -> Message:
        posting.edit(message, payload, files, self._fake.rules_for(message.channel))
        message.flags &= ~LOADING
        self._fake.announce_edit(message)
        return message

    def _draft(self, interaction: Interaction, thread_id: str | None = None) -> Message:
        channel = interaction.channel
        if thread_id is not None:
            channel = self._fake.channels.get(int(thread_id), channel)
            checks.require(channel.parent is interaction.channel, "thread_id", "BASE_TYPE_CHOICES", "Not below it.")
        kind = REPLY if interaction.message is not None else INTERACTION_RESPONSE
        if interaction.kind == COMMAND and interaction.data["type"] != 1:
            kind = MENU_RESPONSE
        message = Message(channel, self._fake.bot, type=kind, interaction=interaction)
        message.reply_to = None if interaction.message is None else interaction.message.id
        message.webhook_id = self._fake.application_id
        return message

    def _published(self, message: Message, interaction: Interaction) -> Message:
        external = interaction.installs == {1} and interaction.channel.guild is not None
        if external and "use_external_apps" in interaction.channel.denied:
            message.flags |= EPHEMERAL
        message.seen_by = interaction.user if message.is_ephemeral else None
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


def _allowed(interaction: Interaction) -> set[int]:
    """The callback types that answer this kind of interaction."""
    match interaction.kind:
        case 2:
            return _NEW_MESSAGE | {MODAL}
        case 3:
            return _NEW_MESSAGE | _UPDATES | {MODAL}
        case 4:
            return {CHOICES}
        case _:
            return _NEW_MESSAGE | (_UPDATES if interaction.message is not None else set())
