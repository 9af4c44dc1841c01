"""Posting and editing on Discord: the calls, what they show, and which failures are worth another try."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import aiohttp
import discord
import structlog
from discord import ui

from bot.discord.answer_view import ShownFace, filenames_in
from bot.discord.buttons.controls import Action, button
from bot.discord.targets import InteractionTarget
from bot.texts import SOURCE_LOCALE

log = structlog.get_logger(__name__)

DISCORD_FAILURES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)  # timeouts are OSErrors

_CANNOT_REPLY_WITHOUT_HISTORY = 160002
_UNKNOWN_WEBHOOK, _INVALID_WEBHOOK_TOKEN = 10015, 50027
_TOO_LARGE = 40005
_LOOK_BACK = 200  # messages after a question among which an earlier answer is looked for


@dataclass(frozen=True, slots=True)
class Content:
    """What one message shows: words of ours, or a face. Words cannot take the place of a face that was posted.

    `cancels` is the request that a button below the words calls off; `locale` is the button's.
    """

    words: str | None = None
    face: ShownFace | None = None
    cancels: str | None = None
    locale: str = SOURCE_LOCALE

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]:
        """For one of discord.py's calls, which name files differently; its types know no content beside a layout,
        where None makes the words of before go."""
        files = [] if self.face is None else self.face.files()
        return {"content": self.words, files_as: files, "view": self._view()}

    def _view(self) -> ui.LayoutView | ui.View | None:
        if self.face is not None:
            return self.face.view()
        if self.cancels is None:
            return None
        view = ui.View(timeout=None)
        view.stop()  # as in `ShownFace.view`
        return view.add_item(button(Action.CANCEL, self.cancels, self.locale))

    def is_shown_by(self, message: discord.Message) -> bool:
        """Whether `message` already is this content; picture names are unique per request."""
        if self.face is None:
            return message.content == self.words
        return self.face.filename in filenames_in(message)


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, and the message in it to reply to if there is one."""

    channel_id: int
    guild_id: int | None
    question_id: int | None = None

    def channel(self, client: discord.Client) -> discord.PartialMessageable:
        """Usable without the channel being in any cache."""
        return client.get_partial_messageable(self.channel_id, guild_id=self.guild_id)

    def reference(self) -> discord.MessageReference | None:
        """A question deleted meanwhile makes Discord post without the reference."""
        if self.question_id is None:
            return None
        return discord.MessageReference(
            message_id=self.question_id, channel_id=self.channel_id, guild_id=self.guild_id, fail_if_not_exists=False
        )


def nonce_of(request_id: str, occasion: str = "") -> str:
    """The key by which Discord refuses a second message for one request (25 characters at most)."""
    return hashlib.sha256(f"{request_id}{occasion}".encode()).hexdigest()[:24]


class Shows(Protocol):
    """What a message can be made of."""

    def arguments(self, files_as: Literal["files", "attachments"]) -> dict[str, Any]: ...


async def post(client: discord.Client, place: Place, content: Shows, nonce: str) -> discord.Message:
    """Post, or get back the message that was posted under this nonce within the last minutes. Pings nobody."""
    channel, reference = place.channel(client), place.reference()
    if reference is not None:
        try:
            return await channel.send(
                **content.arguments("files"), nonce=nonce, reference=reference, mention_author=False
            )
        except discord.HTTPException as error:
            if error.code != _CANNOT_REPLY_WITHOUT_HISTORY:
                raise
    return await channel.send(**content.arguments("files"), nonce=nonce)


async def edit(client: discord.Client, place: Place, message_id: int, content: Shows) -> discord.Message:
    """Make an own message show `content` and nothing else."""
    message = place.channel(client).get_partial_message(message_id)
    return await message.edit(**content.arguments("attachments"))


async def find_own(
    client: discord.Client, place: Place, after_id: int, wanted: Callable[[discord.Message], bool]
) -> discord.Message | None:
    """One of the first own messages after another one."""
    try:
        async for message in place.channel(client).history(limit=_LOOK_BACK, after=discord.Object(after_id)):
            if message.author == client.user and wanted(message):
                return message
    except discord.Forbidden:  # not allowed to look: what is left is the nonce
        log.info("discord_history_forbidden", channel_id=place.channel_id)
    return None


async def delete(client: discord.Client, place: Place, message_id: int) -> None:
    """Remove an own message."""
    await place.channel(client).get_partial_message(message_id).delete()


async def edit_original(client: discord.Client, target: InteractionTarget, content: Shows) -> discord.Message:
    """Make the deferred response show `content`; doing so twice changes nothing."""
    webhook = discord.Webhook.partial(target.application_id, target.token, client=client)
    original = cast("int", "@original")  # the id goes into the URL as it is, and there this name is as good
    return await webhook.edit_message(original, **content.arguments("attachments"))


def token_is_gone(error: discord.HTTPException) -> bool:
    """An interaction's token has ended, as opposed to: somebody deleted the response."""
    return error.code in {_UNKNOWN_WEBHOOK, _INVALID_WEBHOOK_TOKEN}


def is_too_large(error: discord.HTTPException) -> bool:
    """The upload, for this server or for whatever stands before Discord."""
    return error.status == 413 or error.code == _TOO_LARGE


def may_pass(error: Exception) -> bool:
    """Whether trying the same call later can succeed."""
    if isinstance(error, discord.HTTPException):
        return error.status >= 500 or error.status in {401, 408, 429}  # 401: the token is being replaced
    return True
