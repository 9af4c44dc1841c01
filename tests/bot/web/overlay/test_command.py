"""`emoteface overlay`: the address for who has no panel."""

from __future__ import annotations

import pytest

from bot.store.database import open_database
from bot.store.overlays import OverlaySecrets
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount, TwitchAccounts
from bot.web.overlay.command import print_address
from config.settings import Settings


async def printed(settings: Settings, capsys: pytest.CaptureFixture[str], named: str, *, rotate: bool = False) -> str:
    assert await print_address(named, settings, rotate=rotate)
    return capsys.readouterr().out.strip()


async def connect(settings: Settings, user_id: str, login: str, role: Role) -> None:
    async with open_database(settings.store_url) as engine:
        account = TwitchAccount(AccountKey(user_id, role), login, "a", "b", frozenset(), 0.0, 0.0)
        await TwitchAccounts(engine, Sealer(None)).save(account)


async def scope_of(settings: Settings, address: str) -> str | None:
    async with open_database(settings.store_url) as engine:
        return await OverlaySecrets(engine).scope_of(address.rpartition("/")[2])


@pytest.mark.parametrize("named", ["42", "twitch:7"])
async def test_a_scope_is_taken_as_it_is(settings: Settings, capsys: pytest.CaptureFixture[str], named: str) -> None:
    address = await printed(settings, capsys, named)
    assert address.startswith(f"http://127.0.0.1:{settings.web.port}/overlay/")
    assert await scope_of(settings, address) == named
    assert await printed(settings, capsys, named) == address


async def test_a_connected_channel_goes_by_its_name(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await connect(settings, "7", "ada", Role.CHANNEL)
    assert await scope_of(settings, await printed(settings, capsys, "@Ada")) == "twitch:7"


async def test_a_name_that_let_nobody_in_has_none(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await connect(settings, "8", "facebot", Role.BOT)
    for named in ("nobody", "facebot", ""):
        assert not await print_address(named, settings, rotate=False)
        assert "No channel of this name" in capsys.readouterr().err


async def test_a_new_address_ends_the_old_one(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    old = await printed(settings, capsys, "42")
    new = await printed(settings, capsys, "42", rotate=True)
    assert await scope_of(settings, old) is None
    assert await scope_of(settings, new) == "42"


async def test_people_outside_are_told_the_public_address(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    web = settings.web.model_copy(update={"public_url": "https://faces.example/"})
    public = settings.model_copy(update={"web": web})
    assert (await printed(public, capsys, "42")).startswith("https://faces.example/overlay/")
