"""The objects of the world in the JSON of Discord's API, version 10."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord import layout
from tests.fakes.discord.guild_payloads import channel_json, timestamp, user_json
from tests.fakes.discord.world import (
    COMMAND,
    COMPONENT,
    Attachment,
    Channel,
    Interaction,
    Message,
    Sticker,
    User,
)

REPLY, FORWARD = 0, 1  # types of message references
_FORWARDED = (
    *("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions"),
    *("mention_roles", "sticker_items", "components"),
)


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
        "attachments": [attachment_json(each, channel, hosts) for each in _loose(message)] if with_content else [],
        "embeds": [_embed(url) for url in message.previews] + message.embeds if with_content else [],
        "sticker_items": [_sticker_item(sticker) for sticker in message.stickers],
        "components": components_json(message, hosts) if with_content else [],
        "pinned": False,
        "type": message.type,
        "flags": message.flags,
    }
    if message.webhook_id is not None:
        payload["webhook_id"] = str(message.webhook_id)
    if message.reactions:
        payload["reactions"] = [_reaction(emoji, people) for emoji, people in message.reactions.items() if people]
    if message.thread is not None:
        payload["thread"] = channel_json(message.thread)
    if message.interaction is not None:
        payload["interaction_metadata"] = _interaction_metadata(message.interaction)
    if message.reply_to is not None:
        payload["message_reference"] = _reference(channel, message.reply_to)
    if message.forwarded is not None:
        original = message_json(message.forwarded, hosts=hosts, people=people, with_content=with_content)
        payload["message_reference"] = _reference(message.forwarded.channel, message.forwarded.id, FORWARD)
        payload["message_snapshots"] = [{"message": {name: original[name] for name in _FORWARDED}}]
    return payload


def _loose(message: Message) -> list[Attachment]:
    """Attachments that components show are in these and not among the message's."""
    shown = {id(message.attachment_at(item["url"])) for item, _ in layout.media(message.components)}
    return [attachment for attachment in message.attachments if id(attachment) not in shown]


def components_json(message: Message, hosts: Hosts) -> list[dict[str, Any]]:
    """With addresses in place of `attachment://name`."""
    components = copy.deepcopy(message.components)
    for item, _ in layout.media(components):
        found = message.attachment_at(item["url"])
        item |= {"loading_state": 2, "flags": 0}
        if found is None:
            item |= {"proxy_url": f"https://images.example/{item['url']}", "content_type": "image/webp"}
        else:
            facts = attachment_json(found, message.channel, hosts)
            item |= {name: facts[name] for name in ("url", "proxy_url", "content_type")}
            item |= {name: facts.get(name, 0) for name in ("width", "height")} | {"attachment_id": facts["id"]}
    return components


def _interaction_metadata(interaction: Interaction) -> dict[str, Any]:
    metadata = {"id": str(interaction.id), "type": interaction.kind, "user": user_json(interaction.user)}
    metadata["authorizing_integration_owners"] = {}
    if interaction.kind == COMMAND:
        metadata["name"] = interaction.data["name"]
    if interaction.kind == COMPONENT and interaction.message is not None:
        metadata["interacted_message_id"] = str(interaction.message.id)
    return metadata


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


def partial_emoji(emoji: str) -> dict[str, Any]:
    """Of `😂`, or of `name:id` for a custom one."""
    name, _, id_ = emoji.partition(":")
    return {"id": id_ or None, "name": name, "animated": False}


def _reaction(emoji: str, people: list[User]) -> dict[str, Any]:
    counted = {"count": len(people), "count_details": {"burst": 0, "normal": len(people)}, "burst_colors": []}
    return counted | {"me": any(each.bot for each in people), "me_burst": False, "emoji": partial_emoji(emoji)}


def _sticker_item(sticker: Sticker) -> dict[str, Any]:
    return {"id": str(sticker.id), "name": sticker.name, "format_type": sticker.format_type}
