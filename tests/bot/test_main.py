"""The command line: words in, exit codes out."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.nats_server.identity import identity_for
from config.queue import Served
from config.settings import Settings


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_a_typo_in_the_settings_ends_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMOTEFACE_WEB__PROT", "80")
    assert exit_code("settings") == 2
    assert "web.prot: there is no such setting" in capsys.readouterr().err


def test_settings_shows_values_and_origins_without_secrets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN", "very-secret")
    assert exit_code("settings") == 0
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines() if line.startswith("web.port")] == [
        ["web.port", "0", "environment"]
    ]
    assert "very-secret" not in shown


def test_face_draws_into_a_folder(settings: Settings, tmp_path: Path) -> None:
    arguments = ("--iterations", "2", "--seed", "7", "--realism", "0.5", "--layout", "strip")
    assert exit_code("face", "😂", "-o", str(tmp_path / "out"), *arguments) == 0
    assert (tmp_path / "out" / "1f602.png").stat().st_size > 0


def test_face_fails_when_nothing_could_be_drawn(settings: Settings, tmp_path: Path) -> None:
    assert exit_code("face", "zzqxv", "-o", str(tmp_path)) == 1


@pytest.mark.parametrize(
    "arguments", [("--realism", "1.5"), ("--iterations", "11"), ("--iterations", "many"), ("--seed", "-1")]
)
def test_face_refuses_values_out_of_range(settings: Settings, arguments: tuple[str, str]) -> None:
    assert exit_code("face", "😂", *arguments) == 2


def test_doctor_tells_by_its_exit_code(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_code("doctor") == 0
    monkeypatch.setenv("EMOTEFACE_INFERENCE__RUNTIME", "fakes.generators:missing")
    assert exit_code("doctor") == 1


def test_a_database_of_a_newer_version_is_named_when_the_program_starts(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir()
    with closing(sqlite3.connect(settings.data_dir / "emoteface.db")) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    assert exit_code("run") == 1
    assert "newer version" in capsys.readouterr().err


def test_a_database_that_is_none_is_named_when_the_program_starts(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "emoteface.db").write_bytes(b"no database" * 1000)
    assert exit_code("run") == 1
    assert "the store fails (SQLITE_NOTADB)" in capsys.readouterr().err


def test_join_says_what_is_missing_before_a_bot_has_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.__main__.JOIN_PATIENCE_S", 0.0)
    assert exit_code("join") == 1
    said = capsys.readouterr()
    assert not said.out
    assert "queue.nats.serve" in said.err


def test_join_prints_the_line_of_the_bot_that_has_this_data(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = identity_for(Served(("faces.example.org",), 4222), settings.data_dir)
    assert exit_code("join") == 0
    assert capsys.readouterr().out == f"emoteface-worker --join {identity.join_code()}\n"
