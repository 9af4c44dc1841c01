"""Which Twitch channels there are, and whose they are."""

from __future__ import annotations

from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.models import twitch_scope
from bot.store.database import IN_MEMORY_URL, open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.twitch.directory import TwitchDirectory


def account(user_id: str, role: Role, login: str) -> TwitchAccount:
    return TwitchAccount(AccountKey(user_id, role), login, "access", "refresh", frozenset(), 9e12, 0)


async def test_connected_channels_are_there_by_name_and_their_broadcasters_own() -> None:
    async with open_database(IN_MEMORY_URL) as engine:
        accounts = TwitchAccounts(engine, Sealer(SecretStr(Fernet.generate_key().decode())))
        await accounts.save(account("1", Role.BOT, "the_bot"))
        await accounts.save(account("2", Role.CHANNEL, "streamer"))
        directory, scope_id = TwitchDirectory(accounts), twitch_scope("2")
        assert list(await directory.present()) == [scope_id]
        assert directory.name(scope_id) == "streamer"
        assert directory.own_scope("2") == scope_id
        assert await directory.manages(scope_id, "2")
        assert not await directory.manages(scope_id, "1")
        assert not await directory.manages("2", "2"), "a Discord server's id is no channel"
