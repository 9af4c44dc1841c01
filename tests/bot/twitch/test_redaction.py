"""No secret of Twitch's in the log, whatever the real twitchio writes there."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from twitchio.authentication import OAuth
from twitchio.authentication.tokens import ManagedHTTPClient
from twitchio.exceptions import HTTPException

from bot.logs import configure_logging
from bot.twitch.http import use_servers
from config.settings import LogSettings
from tests.fakes.twitch.server import FakeTwitch

LOGGERS = ("", "twitchio", "twitchio.eventsub.websockets", "discord", "aiohttp.access", "alembic")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    handlers, levels = logging.getLogger().handlers[:], {name: logging.getLogger(name).level for name in LOGGERS}
    yield
    logging.getLogger().handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def log_everything(form: str) -> None:
    """With nothing told about secrets."""
    configure_logging(LogSettings.model_validate({"level": "debug", "format": form}))
    logging.getLogger("twitchio").setLevel(logging.DEBUG)


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_failed_exchange_shows_neither_secret_nor_code_nor_token(
    fake: FakeTwitch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    settings = fake.settings()
    use_servers(settings.helix_url, settings.id_url)
    log_everything(form)
    library = logging.getLogger("twitchio.web.aio_adapter")
    secret, code, refresh = "wrongsecretwrongsecret", "codecodecodecode", "refreshrefreshrefresh"
    async with aiohttp.ClientSession() as session:
        oauth = OAuth(client_id=fake.client_id, client_secret=secret, redirect_uri="http://localhost/", session=session)
        for ask in (lambda: oauth.user_access_token(code), lambda: oauth.refresh_token(refresh)):
            with pytest.raises(HTTPException) as caught:
                await ask()
            assert secret in str(caught.value)  # the library has it in the address
            library.error("Exception raised while fetching token", exc_info=caught.value)
            library.error("%s %s", caught.value, caught.value.route)
    log = capsys.readouterr().err
    assert "Exception raised while fetching token" in log
    assert "***" in log
    for hidden in (secret, code, refresh):
        assert hidden not in log


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_token_that_is_over_is_not_shown(
    fake: FakeTwitch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    log_everything(form)
    settings = fake.settings()
    use_servers(settings.helix_url, settings.id_url)
    async with aiohttp.ClientSession() as session:
        access, refresh, secret = "accessaccessaccess", "refreshrefreshrefresh", "wrongwrongwrong"
        http = ManagedHTTPClient(client_id=fake.client_id, client_secret=secret, session=session)
        try:
            await http.add_token(access, refresh)
        except HTTPException:
            logging.getLogger("twitchio").exception("no")
        await http.close()
    log = capsys.readouterr().err
    assert "***" in log
    for hidden in (access, refresh, secret):
        assert hidden not in log
