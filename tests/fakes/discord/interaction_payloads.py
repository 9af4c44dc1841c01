"""Interactions in the JSON of Discord's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tests.fakes.discord import permissions
from tests.fakes.discord.guild_payloads import channel_json, everywhere, may, member_json, role_json, user_json
from tests.fakes.discord.payloads import Hosts, attachment_json
from tests.fakes.discord.permissions import bits
from tests.fakes.discord.world import Attachment, Channel, Interaction, Role, User

if TYPE_CHECKING:
    from tests.fakes.discord.core import FakeState

GUILD, BOT_DIRECT_MESSAGE, PRIVATE_CHANNEL = 0, 1, 2  # contexts
GUILD_INSTALL, USER_INSTALL = 0, 1  # integration types

Mentionable: TypeAlias = User | Channel | Role | Attachment


def context_of(channel: Channel) -> int:
    if channel.guild is not None:
        return GUILD
    return BOT_DIRECT_MESSAGE if channel.with_bot and not channel.people else PRIVATE_CHANNEL


def installs(fake: FakeState, channel: Channel, user: User) -> set[int]:
    """Through which installations the bot is at hand for somebody there."""
    there = {GUILD_INSTALL} if fake.has_bot(channel) else set()
    return there | ({USER_INSTALL} if user.installs else set())


def check_offered(fake: FakeState, interaction: Interaction) -> None:
    """People are only offered the commands that are for the place and the installation."""
    data = interaction.data
    command = next(each for each in fake.commands if each["id"] == data["id"])
    by = installs(fake, interaction.channel, interaction.user) & set(command.get("integration_types") or [0])
    assert by, f"{data['name']} is not installed there"
    contexts = command.get("contexts")
    assert contexts is None or context_of(interaction.channel) in contexts, f"{data['name']} is not offered there"
    interaction.installs = by
    needed = command.get("default_member_permissions")
    guild = interaction.channel.guild
    if guild is not None and needed is not None:
        had = everywhere(interaction.user, guild)
        assert had & int(needed) == int(needed), f"{interaction.user.name} may not use {data['name']}"


def interaction_json(
    interaction: Interaction, fake: FakeState, message: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`message` is the one with the component that was used."""
    channel, user, guild = interaction.channel, interaction.user, interaction.channel.guild
    owners = {str(USER_INSTALL): str(user.id)} if USER_INSTALL in interaction.installs else {}
    if GUILD_INSTALL in interaction.installs:
        owners[str(GUILD_INSTALL)] = str(guild.id) if guild else "0"
    payload: dict[str, Any] = {
        "id": str(interaction.id),
        "application_id": str(fake.application_id),
        "type": interaction.kind,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_json(channel, fake.bot) | {"permissions": str(may(user, channel, application=fake.bot))},
        "token": interaction.token,
        "version": 1,
        "app_permissions": str(app_permissions(fake, channel)),
        "locale": user.locale,
        "entitlements": [],
        "authorizing_integration_owners": owners,
        "context": context_of(channel),
        "attachment_size_limit": fake.rules_for(channel).upload_limit_bytes,
    }
    if message is not None:
        payload["message"] = message
    if guild is None:
        return payload | {"user": user_json(user)}
    member = member_json(user, guild) | {"permissions": str(may(user, channel, application=fake.bot))}
    shown = {"id": str(guild.id), "locale": guild.locale, "features": []}
    return payload | {"guild_id": str(guild.id), "guild": shown, "guild_locale": guild.locale, "member": member}


def app_permissions(fake: FakeState, channel: Channel) -> int:
    """What the bot may do in answering; where it is no member, what Discord grants every installed app."""
    if channel.guild is None or fake.has_bot(channel):
        return may(fake.bot, channel, application=fake.bot)
    return bits(permissions.OF_AN_INSTALLED_APP - channel.denied)


def chosen(
    kinds: list[dict[str, Any]], options: dict[str, Any], channel: Channel, hosts: Hosts
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The options of a command as Discord sends them: people, places and files by id, what is known about them
    beside."""
    types = {kind["name"]: kind["type"] for kind in kinds}
    given, resolved = [], dict[str, Any]()
    for name, value in options.items():
        if isinstance(value, User | Channel | Role | Attachment):
            resolve(value, resolved, channel, hosts)
            value = str(value.id)
        given.append({"name": name, "type": types[name], "value": value})
    return given, resolved


def resolve(value: Mentionable, resolved: dict[str, Any], channel: Channel, hosts: Hosts) -> None:
    """Put what is known about something into an interaction's `resolved`."""
    key = str(value.id)
    if isinstance(value, User):
        resolved.setdefault("users", {})[key] = user_json(value)
        if channel.guild is not None and value in channel.guild.members:
            member = member_json(value, channel.guild, with_user=False)
            granted = {"permissions": str(everywhere(value, channel.guild))}
            resolved.setdefault("members", {})[key] = member | granted
    elif isinstance(value, Channel):
        facts = channel_json(value)
        about = {name: facts.get(name) for name in ("id", "name", "type", "parent_id")}
        resolved.setdefault("channels", {})[key] = about | {"permissions": str(bits(permissions.BY_DEFAULT))}
    elif isinstance(value, Role):
        resolved.setdefault("roles", {})[key] = role_json(value)
    else:
        resolved.setdefault("attachments", {})[key] = attachment_json(value, channel, hosts)
