"""`emoteface twitch …`: accounts that agree with a code that they type in, for instances without a public address.

It works beside a running emoteface, which takes up what changed within a minute.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.emotes.download import guarded_connector
from bot.store.database import open_database
from bot.store.redemptions import Redemptions
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccount, TwitchAccounts
from bot.twitch.client import TwitchBot
from bot.twitch.errors import TwitchDown, TwitchError
from bot.twitch.joining import account_of
from bot.twitch.oauth import LoginExpired, TwitchOAuth
from bot.twitch.rewards.leaving import give_back
from bot.twitch.scopes import BOT_SCOPES, REWARDS, Wish, channel_scopes
from config.settings import Settings


@dataclass(frozen=True, slots=True)
class _Desk:
    oauth: TwitchOAuth
    accounts: TwitchAccounts
    redemptions: Redemptions
    bot: TwitchBot
    bot_user_id: str | None


async def carry_out(parsed: argparse.Namespace, settings: Settings) -> bool:
    """Do what was typed; False when it did not work, which has been printed then."""
    if settings.twitch.client_id is None:
        print("Twitch is off: set EMOTEFACE_TWITCH__CLIENT_ID (docs/twitch.md).", file=sys.stderr)
        return False
    async with _desk(settings) as desk:
        try:
            match parsed.what:
                case "login":
                    return await _join(desk, Role.BOT, BOT_SCOPES)
                case "connect":
                    wishes = [wish for wish in Wish if getattr(parsed, wish.value)]
                    return await _join(desk, Role.CHANNEL, channel_scopes(wishes))
                case "disconnect":
                    return await _leave(desk, parsed.login.lower(), Role.BOT if parsed.bot else Role.CHANNEL)
            return await _list(desk)
        except LoginExpired:
            print("Nobody agreed in time.", file=sys.stderr)
        except TwitchError as error:
            print(f"Twitch does not do it: {error}.", file=sys.stderr)
        return False


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[_Desk]:
    async with (
        open_database(settings.store_url) as engine,
        aiohttp.ClientSession(connector=guarded_connector()) as session,
    ):
        accounts = TwitchAccounts(engine, Sealer(settings.store.key))
        bot = TwitchBot(settings.twitch, accounts, session)
        yield _Desk(bot.oauth, accounts, Redemptions(engine), bot, settings.twitch.bot_user_id)


async def _join(desk: _Desk, role: Role, scopes: frozenset[str]) -> bool:
    device = await desk.oauth.device(scopes)
    who = "the bot's own account" if role is Role.BOT else "the broadcaster's account"
    print(f"With {who}, open\n\n  {device.where}\n\nand type in {device.user_code}\n", flush=True)
    grant = await desk.oauth.agreed(device)
    account = await account_of(desk.oauth, grant, role)
    if role is Role.BOT and desk.bot_user_id not in {None, account.key.user_id}:
        await desk.oauth.revoke(grant.access_token)
        print(f"That was {account.login} ({account.key.user_id}), not twitch.bot_user_id.", file=sys.stderr)
        return False
    await desk.accounts.save(account)
    print(f"{account.login} ({account.key.user_id}) is connected. A running emoteface takes it up within a minute.")
    return True


async def _leave(desk: _Desk, login: str, role: Role) -> bool:
    for account in await desk.accounts.all():
        if account.login == login and account.key.role is role:
            if REWARDS in account.scopes:
                await _give_back(desk, account)
            in_force = await desk.accounts.get(account.key) or account  # giving back may have refreshed its token
            await desk.accounts.forget(account.key)
            return await _revoke(desk, in_force)
    print("There is no such account; see emoteface twitch accounts.", file=sys.stderr)
    return False


async def _give_back(desk: _Desk, account: TwitchAccount) -> None:
    try:
        await desk.bot.look()
        await give_back(lambda: desk.bot.helix, desk.redemptions, account.key.user_id)
    except TwitchError:
        print("Its reward could not be deleted; please do that on Twitch.", file=sys.stderr)


async def _revoke(desk: _Desk, account: TwitchAccount) -> bool:
    try:
        await desk.oauth.revoke(account.access_token)
    except TwitchDown:
        print(
            f"{account.login} is forgotten here, but Twitch could not be told. Remove the bot at "
            "https://www.twitch.tv/settings/connections, too.",
            file=sys.stderr,
        )
        return False
    print(f"{account.login} is disconnected.")
    return True


async def _list(desk: _Desk) -> bool:
    accounts = await desk.accounts.all()
    if not accounts:
        print("Nobody is connected yet: emoteface twitch login, then emoteface twitch connect.")
    for account in accounts:
        since = time.strftime("%Y-%m-%d", time.gmtime(account.since))
        print(f"{account.key.role:<8} {account.login:<26} {account.key.user_id:<12} {since}  {_scopes(account)}")
    return True


def _scopes(account: TwitchAccount) -> str:
    return " ".join(sorted(account.scopes))
