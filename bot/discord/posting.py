"""Posting and editing on Discord: the calls, what they show, and which failures are worth another try."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import cast

import aiohttp
import discord

from bot.discord.targets import InteractionTarget

DISCORD_FAILURES = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)  # timeouts are OSErrors

_CANNOT_REPLY_WITHOUT_HISTORY = 160002
_UNKNOWN_WEBHOOK, _INVALID_WEBHOOK_TOKEN = 10015, 50027


@dataclass(frozen=True, slots=True)
class Content:
    """What one message shows: words of ours, or a picture with its alt text."""

    words: str | None = None
    picture: bytes | None = None
    filename: str = ""
    alt_text: str = ""

    def files(self) -> list[discord.File]:
        """Fresh file objects, because discord.py uses one only once."""
        if self.picture is None:
            return []
        return [discord.File(io.BytesIO(self.picture), self.filename, description=self.alt_text[:1024])]

    def is_shown_by(self, message: discord.Message) -> bool:
        """Whether `message` already is this content; picture names are unique per request."""
        if self.picture is None:
            return message.content == self.words
        return any(attachment.filename == self.filename for attachment in message.attachments)


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


async def post(client: discord.Client, place: Place, content: Content, nonce: str) -> discord.Message:
    """Post, or get back the message that was posted under this nonce within the last minutes. Pings nobody."""
    channel, reference = place.channel(client), place.reference()
    if reference is not None:
        try:
            return await channel.send(
                content.words, files=content.files(), nonce=nonce, reference=reference, mention_author=False
            )
        except discord.HTTPException as error:
            if error.code != _CANNOT_REPLY_WITHOUT_HISTORY:
                raise
    return await channel.send(content.words, files=content.files(), nonce=nonce)


async def edit(client: discord.Client, place: Place, message_id: int, content: Content) -> discord.Message:
    """Make an own message show `content` and nothing else."""
    message = place.channel(client).get_partial_message(message_id)
    return await message.edit(content=content.words, attachments=content.files())


async def delete(client: discord.Client, place: Place, message_id: int) -> None:
    """Remove an own message."""
    await place.channel(client).get_partial_message(message_id).delete()


async def edit_original(client: discord.Client, target: InteractionTarget, content: Content) -> discord.Message:
    """Make the deferred response show `content`; doing so twice changes nothing."""
    webhook = discord.Webhook.partial(target.application_id, target.token, client=client)
    original = cast("int", "@original")  # the id goes into the URL as it is, and there this name is as good
    return await webhook.edit_message(original, content=content.words, attachments=content.files())


def token_is_gone(error: discord.HTTPException) -> bool:
    """An interaction's token has ended, as opposed to: somebody deleted the response."""
    return error.code in {_UNKNOWN_WEBHOOK, _INVALID_WEBHOOK_TOKEN}


def may_pass(error: Exception) -> bool:
    """Whether trying the same call later can succeed."""
    if isinstance(error, discord.HTTPException):
        return error.status >= 500 or error.status in {401, 408, 429}  # 401: the token is being replaced
    return True
