"""What `emoteface doctor` asks about Twitch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from bot.discord.doctor import Finding
from bot.emotes.download import guarded_connector
from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccount, TwitchAccounts
from bot.twitch.errors import TwitchDown, TwitchRefused
from bot.twitch.oauth import TwitchOAuth
from bot.twitch.scopes import BOT_SCOPES, JOIN
from config.settings import Settings

_MAX_EXAMINED = 20  # channels


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the application, the bot's account and the channels work; nothing is changed."""
    if settings.twitch.client_id is None:
        yield Finding("Twitch is off: no application is set (EMOTEFACE_TWITCH__CLIENT_ID).")
        return
    try:
        async with open_database(settings.store_url) as engine:
            accounts = await TwitchAccounts(engine, Sealer(settings.store.key)).all()
    except (SQLAlchemyError, OSError):  # reported by the store's own finding
        return
    if settings.twitch.client_secret is None:
        yield Finding("Twitch: no client secret, so each channel needs a connection of its own.", is_warning=True)
    if accounts and settings.store.key is None:
        yield Finding("Twitch: tokens lie readable in the store; store.key encrypts them.", is_warning=True)
    async with aiohttp.ClientSession(connector=guarded_connector()) as session:
        oauth = TwitchOAuth(session, settings.twitch)
        yield await _bot(oauth, accounts, settings.twitch.bot_user_id)
        channels = [each for each in accounts if each.key.role is Role.CHANNEL]
        for channel in channels[:_MAX_EXAMINED]:
            yield await _account(oauth, channel, frozenset({JOIN}))
        if len(channels) > _MAX_EXAMINED:
            yield Finding(f"Twitch: {len(channels) - _MAX_EXAMINED} more channels are connected.")


async def _bot(oauth: TwitchOAuth, accounts: Sequence[TwitchAccount], wanted_id: str | None) -> Finding:
    bot = next((each for each in accounts if each.key.role is Role.BOT), None)
    if bot is None:
        waiting = bool(accounts)
        return Finding("Twitch: no account speaks in chat; emoteface twitch login.", is_problem=waiting)
    if wanted_id not in {None, bot.key.user_id}:
        text = f"Twitch: {bot.login} has logged in, but twitch.bot_user_id is another account."
        return Finding(text, is_problem=True)
    return await _account(oauth, bot, BOT_SCOPES)


async def _account(oauth: TwitchOAuth, account: TwitchAccount, needed: frozenset[str]) -> Finding:
    again = "emoteface twitch login" if account.key.role is Role.BOT else "/connect/twitch"
    try:
        who = await oauth.validate(account.access_token)
    except TwitchDown as error:
        return Finding(f"Twitch cannot be reached ({error}).", is_problem=True)
    except TwitchRefused:  # the running program refreshes it, which may be done by one only
        text = f"Twitch: the token of {account.login} is over; a running emoteface refreshes it, else {again}."
        return Finding(text, is_warning=True)
    if missing := sorted(needed - who.scopes):
        text = f"Twitch: {account.login} has not agreed to {' '.join(missing)}; {again}."
        return Finding(text, is_problem=True)
    return Finding(f"Twitch: {account.login} is connected as {account.key.role}.")
