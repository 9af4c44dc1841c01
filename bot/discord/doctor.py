"""What `emoteface doctor` says about Discord."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
import discord

from bot.discord.invite import invite_url
from bot.discord.link import use_servers
from config.settings import DiscordSettings

_TIMEOUT_S = 15.0
_REVIEWED_FROM_USERS = 10_000  # https://docs.discord.com/developers/gateway/you-might-not-need-a-privileged-intent
_WARNED_FROM = 0.8  # of them: a review takes time


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis: a fact, or with `is_problem` something that keeps the bot from working, or with
    `is_warning` something that soon may."""

    text: str
    is_problem: bool = False
    is_warning: bool = False


async def check(settings: DiscordSettings) -> list[Finding]:
    """Ask Discord about the token and the application, without connecting to the gateway."""
    if settings.token is None:
        return [Finding("Discord is off: no token is set (EMOTEFACE_DISCORD__TOKEN).")]
    use_servers(settings)
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await client.login(settings.token.get_secret_value())
            users = await _visible_to(client)
        return _findings(client, settings.prefix, users)
    except discord.LoginFailure:
        problem = "Discord refuses the token. Make a new one at https://discord.com/developers under Bot, Reset Token."
        return [Finding(problem, is_problem=True)]
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        return [Finding(f"Discord cannot be reached at {settings.api_url} ({type(error).__name__}).", is_problem=True)]
    finally:
        await client.close()


async def _visible_to(client: discord.Client) -> int:
    """About how many people can see the bot, at most: who is in several of its servers counts several times.

    Not counted further than to where it makes no difference any more.
    """
    application = client.application
    users = (application.approximate_user_install_count or 0) if application else 0
    async for guild in client.fetch_guilds(limit=None, with_counts=True):
        if users >= _REVIEWED_FROM_USERS:
            break
        users += guild.approximate_member_count or 0
    return users


def _findings(client: discord.Client, prefix: str, users: int) -> list[Finding]:
    application = client.application
    assert application is not None  # login has just fetched it
    findings = [
        Finding(f"The Discord token belongs to {client.user}, application {application.id}."),
        _content_finding(application.flags, prefix, users),
        Finding(f"The bot is in {application.approximate_guild_count} servers."),
    ]
    if application.interactions_endpoint_url:
        findings.append(
            Finding(
                "The application has an interactions endpoint URL, so /face never reaches this bot. Remove it.",
                is_problem=True,
            )
        )
    return [*findings, Finding(f"Invite the bot: {invite_url(application.id)}")]


def _content_finding(flags: discord.ApplicationFlags, prefix: str, users: int) -> Finding:
    if flags.gateway_message_content:
        return Finding(f"The message-content intent is approved: {prefix}face works.")
    if not flags.gateway_message_content_limited:
        return Finding(
            f"The message-content intent is off: /face and mentions work, {prefix}face does not. "
            "Switch it on at https://discord.com/developers under Bot, Message Content Intent."
        )
    if users < _REVIEWED_FROM_USERS * _WARNED_FROM:
        return Finding(
            f"The message-content intent is on: {prefix}face works. "
            f"From {_REVIEWED_FROM_USERS:,} users on, Discord wants to review it; about {users:,} see the bot now."
        )
    return Finding(
        f"The message-content intent is on, but about {_rounded(users)} users see the bot, and from "
        f"{_REVIEWED_FROM_USERS:,} on Discord wants to review it. Apply at https://discord.com/developers, or do "
        f"without: docs/discord.md says what works then ({prefix}face does not).",
        is_warning=True,
    )


def _rounded(users: int) -> str:
    return f"{_REVIEWED_FROM_USERS:,} or more" if users >= _REVIEWED_FROM_USERS else f"{users:,}"
