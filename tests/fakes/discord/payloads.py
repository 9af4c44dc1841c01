"""The objects of the world in the JSON of Discord's API, version 10."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.discord.world import DISCORD_EPOCH_MS, Attachment, Channel, Guild, Interaction, Message, Sticker, User

TEXT_CHANNEL, DIRECT_MESSAGE = 0, 1
REPLY, FORWARD = 0, 1  # types of message references
_FORWARDED = (
    *("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions"),
    *("mention_roles", "sticker_items", "components"),
)
ALL_PERMISSIONS = str((1 << 50) - 1)
MEMBER_PERMISSIONS = str(1 << 10 | 1 << 11)  # view channels, send messages
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024


def timestamp(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC).isoformat()


def user_json(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.name,
        "discriminator": "0",
        "global_name": user.name,
        "avatar": user.avatar,
        "bot": user.bot,
        "public_flags": 0,
    }


def member_json(user: User, *, with_user: bool = True) -> dict[str, Any]:
    member: dict[str, Any] = {
        "roles": [],
        "joined_at": timestamp(user.id),
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None,
        "avatar": None,
        "premium_since": None,
        "pending": False,
        "communication_disabled_until": None,
    }
    return member | {"user": user_json(user)} if with_user else member


def emoji_json(name: str, emoji_id: int, *, animated: bool = False, available: bool = True) -> dict[str, Any]:
    return {
        "id": str(emoji_id),
        "name": name,
        "roles": [],
        "require_colons": True,
        "managed": False,
        "animated": animated,
        "available": available,
    }


def channel_json(channel: Channel) -> dict[str, Any]:
    if channel.partner is not None:
        recipients = [user_json(channel.partner)]
        return {"id": str(channel.id), "type": DIRECT_MESSAGE, "recipients": recipients, "last_message_id": None}
    assert channel.guild is not None
    return {
        "id": str(channel.id),
        "type": TEXT_CHANNEL,
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "position": 0,
        "permission_overwrites": [],
        "parent_id": None,
        "topic": None,
        "nsfw": False,
        "last_message_id": None,
        "rate_limit_per_user": 0,
    }


def guild_json(guild: Guild, channels: list[Channel], members: list[User]) -> dict[str, Any]:
    everyone = {"id": str(guild.id), "name": "@everyone", "permissions": ALL_PERMISSIONS, "position": 0}
    flags = {"color": 0, "hoist": False, "managed": False, "mentionable": False, "flags": 0}
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "owner_id": str(guild.id),
        "unavailable": False,
        "large": False,
        "member_count": len(members),
        "joined_at": timestamp(guild.id),
        "roles": [everyone | flags],
        "emojis": guild.emoji,
        "stickers": [],
        "features": [],
        "channels": [channel_json(channel) for channel in channels if channel.guild is guild],
        "members": [member_json(member) for member in members],
        "threads": [],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def mentioned_ids(content: str) -> list[int]:
    return [int(found) for found in re.findall(r"<@!?(\d+)>", content)]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where files are: as they are, and as the media proxy makes them."""

    cdn_url: str
    media_url: str


def message_json(message: Message, *, hosts: Hosts, people: dict[int, User], with_content: bool) -> dict[str, Any]:
    """`with_content` False is what a bot without the message-content intent gets of other people's messages."""
    channel = message.channel
    mentions = [user_json(people[id_]) for id_ in mentioned_ids(message.content) if id_ in people]
    payload: dict[str, Any] = {
        "id": str(message.id),
        "channel_id": str(channel.id),
        "author": user_json(message.author),
        "content": message.content if with_content else "",
        "timestamp": timestamp(message.id),
        "edited_timestamp": timestamp(message.id) if message.history else None,
        "tts": False,
        "mention_everyone": "@everyone" in message.pinged,
        "mentions": mentions,
        "mention_roles": [],
        "attachments": [attachment_json(each, message.channel, hosts) for each in message.attachments]
        if with_content
        else [],
        "embeds": [_embed(url) for url in message.previews] if with_content else [],
        "sticker_items": [_sticker_item(sticker) for sticker in message.stickers],
        "components": [],
        "pinned": False,
        "type": message.type,
        "flags": message.flags,
    }
    if message.webhook_id is not None:
        payload["webhook_id"] = str(message.webhook_id)
    if message.reply_to is not None:
        payload["message_reference"] = _reference(channel, message.reply_to)
    if message.forwarded is not None:
        original = message_json(message.forwarded, hosts=hosts, people=people, with_content=with_content)
        payload["message_reference"] = _reference(message.forwarded.channel, message.forwarded.id, FORWARD)
        payload["message_snapshots"] = [{"message": {name: original[name] for name in _FORWARDED}}]
    return payload


def _reference(channel: Channel, message_id: int, kind: int = REPLY) -> dict[str, Any]:
    reference = {"type": kind, "channel_id": str(channel.id), "message_id": str(message_id)}
    return reference | ({"guild_id": str(channel.guild.id)} if channel.guild else {})


def attachment_json(attachment: Attachment, channel: Channel, hosts: Hosts) -> dict[str, Any]:
    """Addresses are signed; what is shown smaller comes from the proxy."""
    path = f"attachments/{channel.id}/{attachment.id}/{attachment.filename}?ex=68f1&is=68f0&hm=00ff"
    size = {} if attachment.size is None else {"width": attachment.size[0], "height": attachment.size[1]}
    return size | {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "description": attachment.description,
        "content_type": attachment.content_type,
        "size": len(attachment.content),
        "url": f"{hosts.cdn_url}/{path}",
        "proxy_url": f"{hosts.media_url}/{path}",
    }


def _embed(url: str) -> dict[str, Any]:
    return {"type": "image", "url": url, "thumbnail": {"url": url, "proxy_url": f"https://images.example/{url}"}}


def _sticker_item(sticker: Sticker) -> dict[str, Any]:
    return {"id": str(sticker.id), "name": sticker.name, "format_type": sticker.format_type}


def _used(interaction: Interaction, target: dict[str, Any] | None) -> dict[str, Any]:
    """The command of an interaction."""
    used = {
        "id": interaction.command["id"],
        "name": interaction.command["name"],
        "type": interaction.command.get("type", 1),
    }
    if target is not None:
        return used | {"target_id": target["id"], "resolved": {"messages": {target["id"]: target}}}
    return used | {"options": interaction.options, "resolved": interaction.resolved}


def interaction_json(
    interaction: Interaction, application_id: int, target: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`target` is the message that a menu was opened on."""
    channel, user = interaction.channel, interaction.user
    payload: dict[str, Any] = {
        "id": str(interaction.id),
        "application_id": str(application_id),
        "type": 2,
        "data": _used(interaction, target),
        "channel_id": str(channel.id),
        "channel": channel_json(channel),
        "token": interaction.token,
        "version": 1,
        "app_permissions": ALL_PERMISSIONS,
        "locale": "en-US",
        "entitlements": [],
        "authorizing_integration_owners": {"0": str(channel.guild.id if channel.guild else 0)},
        "context": 0 if channel.guild else 1,
        "attachment_size_limit": UPLOAD_LIMIT_BYTES,
    }
    if channel.guild is None:
        return payload | {"user": user_json(user)}
    member = member_json(user) | {"permissions": ALL_PERMISSIONS if user.manages else MEMBER_PERMISSIONS}
    guild_id = str(channel.guild.id)
    guild = {"id": guild_id, "locale": "en-US", "features": []}
    return payload | {"guild_id": guild_id, "guild": guild, "guild_locale": "en-US", "member": member}
