"""People, roles, channels and guilds in the JSON of Discord's API, and what somebody may do where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.fakes.discord import permissions
from tests.fakes.discord.permissions import bits
from tests.fakes.discord.world import DISCORD_EPOCH_MS, Channel, Guild, Role, User

_ROLE, _MEMBER = 0, 1  # types of overwrites


def timestamp(snowflake: int) -> str:
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC).isoformat()


def may(user: User, channel: Channel, *, application: User) -> int:
    """The permission bits of somebody in a channel, as roles and overwrites make them."""
    guild = channel.guild
    if guild is None:
        return bits(permissions.IN_DIRECT_MESSAGES)
    if user is not application:
        return everywhere(user, guild)
    allowed = everywhere(user, guild, application=application) & ~bits(channel.forbidden)
    if not allowed & bits({"view_channel"}):
        return 0
    speaks = "send_messages" if channel.parent is None else "send_messages_in_threads"
    if not allowed & bits({speaks}):
        allowed &= ~bits({"attach_files", "embed_links", "mention_everyone", "send_tts_messages"})
    return allowed


def everywhere(user: User, guild: Guild, *, application: User | None = None) -> int:
    """The permission bits that roles give in all of a guild."""
    if guild.owner is user or user.manages:
        return permissions.everything()
    roles = [role for role in user.roles if role in guild.roles]
    if user is application:
        roles = [*roles, guild.bot_role]
    names = {name for role in (guild.everyone, *roles) for name in role.permissions}
    return permissions.everything() if "administrator" in names else bits(names)


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


def member_json(user: User, guild: Guild | None = None, *, with_user: bool = True) -> dict[str, Any]:
    roles = [] if guild is None else [role for role in user.roles if role in guild.roles]
    member: dict[str, Any] = {
        "roles": [str(role.id) for role in roles],
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


def bot_member_json(application: User, guild: Guild) -> dict[str, Any]:
    """The bot has the role that its invitation made."""
    member = member_json(application, guild)
    member["joined_at"] = datetime.fromtimestamp(guild.bot_since, UTC).isoformat()
    return member | {"roles": [*member["roles"], str(guild.bot_role.id)]}


def role_json(role: Role, position: int = 1) -> dict[str, Any]:
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(bits(role.permissions)),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.is_managed,
        "mentionable": False,
        "flags": 0,
    }


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


def channel_json(channel: Channel, application: User | None = None) -> dict[str, Any]:
    """With the `application` also what the bot is denied there."""
    about: dict[str, Any] = {"id": str(channel.id), "type": channel.type, "last_message_id": None}
    if channel.guild is None:
        recipients = channel.people or ([] if channel.partner is None else [channel.partner])
        about |= {"recipients": [user_json(each) for each in recipients]}
        return about | ({"name": channel.name, "icon": None, "owner_id": None} if channel.people else {})
    about |= {"guild_id": str(channel.guild.id), "name": channel.name, "rate_limit_per_user": 0}
    if channel.parent is not None:
        return about | _thread(channel)
    denied = {"id": str(application.id if application else 0), "type": _MEMBER, "allow": "0"}
    overwrites = [denied | {"deny": str(bits(channel.denied))}] if channel.denied and application else []
    return about | {
        "position": channel.position,
        "permission_overwrites": overwrites,
        "parent_id": None,
        "topic": None,
        "nsfw": False,
    }


def _thread(thread: Channel) -> dict[str, Any]:
    assert thread.parent is not None
    owner = thread.owner
    return {
        "parent_id": str(thread.parent.id),
        "owner_id": None if owner is None else str(owner.id),
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "flags": 0,
        "thread_metadata": {
            "archived": thread.is_archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": timestamp(thread.id),
            "locked": False,
            "create_timestamp": timestamp(thread.id),
        },
    }


def guild_json(guild: Guild, channels: list[Channel], application: User) -> dict[str, Any]:
    there = [channel for channel in channels if channel.guild is guild]
    roles = [guild.everyone, guild.bot_role, *guild.roles]
    members = [member_json(member, guild) for member in guild.members if member is not application]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.icon,
        "owner_id": str(guild.id if guild.owner is None else guild.owner.id),
        "unavailable": False,
        "large": False,
        "member_count": len(members) + 1,
        "joined_at": timestamp(guild.id),
        "preferred_locale": guild.locale,
        "premium_tier": guild.tier,
        "system_channel_id": None if guild.system_channel is None else str(guild.system_channel.id),
        "roles": [role_json(role, position) for position, role in enumerate(roles)],
        "emojis": guild.emoji,
        "stickers": [],
        "features": [],
        "channels": [channel_json(channel, application) for channel in there if channel.parent is None],
        "members": [*members, bot_member_json(application, guild)],
        "threads": [channel_json(channel) for channel in there if channel.parent is not None],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
