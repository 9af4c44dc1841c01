"""When there is a panel at all, and the code that the command line hands out."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.store.database import open_database
from bot.store.web_sessions import WebSessions
from bot.web.logins.command import hand_out
from bot.web.panel.parts import is_on
from bot.web.signing import KEY_BYTES, signing_key
from config.settings import Settings


@pytest.mark.parametrize(
    ("web", "has_application", "expected"),
    [
        ({}, False, True),
        ({}, True, True),
        ({"host": "0.0.0.0"}, False, False),
        ({"host": "0.0.0.0"}, True, False),
        ({"public_url": "https://faces.example"}, False, False),
        ({"public_url": "https://faces.example"}, True, True),
        ({"public_url": "https://faces.example", "host": "0.0.0.0"}, True, True),
    ],
)
def test_a_site_for_others_has_a_panel_once_people_can_log_in(
    settings: Settings, web: dict[str, str], has_application: bool, expected: bool
) -> None:
    application = {"client_id": "12", "client_secret": "secret"} if has_application else {}
    given = settings.model_copy(
        update={
            "web": settings.web.model_validate(settings.web.model_dump() | web),
            "discord": settings.discord.model_validate(settings.discord.model_dump() | application),
        }
    )
    assert is_on(given) is expected


async def test_the_command_prints_a_link_that_works_once(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    given = settings.model_copy(update={"web": settings.web.model_copy(update={"port": 8080})})
    assert await hand_out(given)
    [link] = [line.strip() for line in capsys.readouterr().out.splitlines() if "http" in line]
    address, _, code = link.partition("#")
    assert address == "http://127.0.0.1:8080/login"
    async with open_database(settings.store_url) as engine:
        sessions = WebSessions(engine)
        assert not await sessions.use_code(code, 9e12), "not for ever"
        assert await sessions.use_code(code, 0)


async def test_the_command_says_why_there_is_no_panel(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    given = settings.model_copy(update={"web": settings.web.model_copy(update={"host": "0.0.0.0"})})
    assert not await hand_out(given)
    assert "The panel is off" in capsys.readouterr().err


def test_the_key_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    key = signing_key(tmp_path / "new")
    assert (len(key), signing_key(tmp_path / "new")) == (KEY_BYTES, key)
    assert (tmp_path / "new" / "web.key").stat().st_mode & 0o077 == 0


def test_a_key_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "web.key").write_bytes(b"short")
    assert len(signing_key(tmp_path)) == KEY_BYTES


def test_processes_that_share_a_store_share_the_key_of_its_signatures(tmp_path: Path) -> None:
    one, other = SecretStr("a" * 44), SecretStr("b" * 44)
    assert signing_key(tmp_path / "here", one) == signing_key(tmp_path / "there", one)
    assert signing_key(tmp_path, one) != signing_key(tmp_path, other)
    assert not list(tmp_path.iterdir())
