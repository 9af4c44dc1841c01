from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bot.logs import configure_logging
from config.settings import LogSettings

TOKEN = "MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
PASSWORD = "hunter2"
INTERACTION = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5.abc-DEF_123"
SECRET = "wyz9smmNmA2XivXkWNWAYP4KGb4_k-80"
FORMATS = ["json", "console"]

log = structlog.get_logger(__name__)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in ("discord", "aiohttp.access", "alembic")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configure(log_format: str = "json", level: str = "info", secrets: tuple[str, ...] = (TOKEN, PASSWORD)) -> None:
    configure_logging(LogSettings.model_validate({"level": level, "format": log_format}), secrets)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def fail(secret: str) -> None:
    local_note = f"local {PASSWORD}"
    raise ValueError(f"cannot use {secret}", len(local_note))


# -- form -----------------------------------------------------------------------------------------------------------


def test_away_from_a_terminal_every_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure("auto")
    log.info("face_drawn", request_id="01A", wait_s=0.5)
    [line] = lines(capsys)
    assert (line["event"], line["request_id"], line["wait_s"]) == ("face_drawn", "01A", 0.5)
    assert (line["level"], line["logger"]) == ("info", __name__)
    assert "timestamp" in line


def test_on_a_terminal_lines_are_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure("auto")
    log.info("face_drawn", request_id="01A")
    assert "face_drawn" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_json_may_be_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure("json")
    log.info("face_drawn")
    assert json.loads(terminal.getvalue())["event"] == "face_drawn"


def test_lines_of_libraries_join_in(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    structlog.contextvars.bind_contextvars(request_id="01A")
    logging.getLogger("some.library").warning("retrying in %d s", 5)
    [line] = lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("retrying in 5 s", "warning", "some.library")
    assert line["request_id"] == "01A"


def test_an_error_comes_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    for logger in (log, logging.getLogger("some.library")):
        try:
            fail("nothing")
        except ValueError:
            logger.exception("request_failed")
    for line in lines(capsys):
        assert line["event"] == "request_failed"
        assert "ValueError" in line["exception"]
        assert "in fail" in line["exception"]


def test_configuring_again_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    configure()
    log.info("face_drawn")
    assert len(lines(capsys)) == 1


# -- level ----------------------------------------------------------------------------------------------------------


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure(level="warning")
    log.info("face_drawn")
    log.warning("delivery_delayed")
    assert [line["event"] for line in lines(capsys)] == ["delivery_delayed"]


@pytest.mark.parametrize(("level", "heard"), [("debug", ["warning", "error"]), ("error", ["error"])])
def test_talkative_libraries_are_heard_from_warnings_on(
    capsys: pytest.CaptureFixture[str], level: str, heard: list[str]
) -> None:
    configure(level=level)
    library = logging.getLogger("discord.gateway")
    for method in (library.debug, library.info, library.warning, library.error):
        method("said something")
    assert [line["level"] for line in lines(capsys)] == heard


# -- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("log_format", FORMATS)
def test_secrets_are_masked_wherever_they_turn_up(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format)
    library = logging.getLogger("some.library")
    log.warning("connecting_failed", url=f"postgresql://bot:{PASSWORD}@db/faces", headers={"auth": [f"Bot {TOKEN}"]})
    log.warning(f"event_with_{TOKEN}")
    library.warning("GET %s with %s", f"https://x.example/?key={TOKEN}", {"password": PASSWORD})
    for logger in (log, library):
        try:
            fail(TOKEN)
        except ValueError:
            logger.exception("request_failed")
    said = capsys.readouterr().err
    assert TOKEN not in said
    assert PASSWORD not in said
    assert said.count("***") >= 6


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize(
    "address",
    [
        "https://discord.com/api/v10/webhooks/123456/{}/messages/@original",
        "https://discord.com/api/v10/interactions/123456/{}/callback",
        "POST /webhooks/123456/{} has returned 404",
    ],
)
def test_tokens_in_interaction_addresses_are_masked(
    capsys: pytest.CaptureFixture[str], log_format: str, address: str
) -> None:
    configure(log_format, secrets=())
    logging.getLogger("discord.http").warning("We are being rate limited. %s", address.format(INTERACTION))
    log.warning("delivery_delayed", url=address.format(INTERACTION))
    said = capsys.readouterr().err
    assert INTERACTION not in said
    assert said.count("/123456/***") == 2


@pytest.mark.parametrize("log_format", FORMATS)
def test_the_secret_in_an_overlays_address_is_masked(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format, secrets=())
    log.warning("page_asked", path=f"/overlay/{SECRET}/events")
    logging.getLogger("aiohttp.server").error("GET http://127.0.0.1:8080/overlay/%s?last=1", SECRET)
    said = capsys.readouterr().err
    assert SECRET not in said
    assert said.count("/overlay/***") == 2


@pytest.mark.parametrize("log_format", FORMATS)
def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure(log_format, secrets=())
    try:
        fail("nothing")
    except ValueError:
        log.exception("request_failed")
    said = capsys.readouterr().err
    assert "in fail" in said
    assert f"local {PASSWORD}" not in said


def test_an_empty_secret_masks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    configure(secrets=("",))
    log.info("face_drawn")
    assert [line["event"] for line in lines(capsys)] == ["face_drawn"]


def test_what_is_called_like_a_secret_elsewhere_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure(secrets=())
    log.info("request_finished", state="answered", code="msg_ratelimit")
    [line] = lines(capsys)
    assert (line["state"], line["code"]) == ("answered", "msg_ratelimit")
