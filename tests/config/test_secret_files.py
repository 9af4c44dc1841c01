from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import ENV_PREFIX, SettingsError, effective_settings, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


def test_a_secret_comes_from_the_file_its_variable_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("very-secret\n")
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN_FILE", str(tmp_path / "token"))
    settings = load_settings()
    assert settings.discord.token
    assert settings.discord.token.get_secret_value() == "very-secret"
    [shown] = [line for line in effective_settings(settings) if line.name == "discord.token"]
    assert (shown.value, shown.origin) == ("(set, hidden)", "environment")


def test_an_empty_variable_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTEFACE_STORE__URL_FILE", "")
    assert load_settings().store.url is None


def test_a_secret_that_is_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN", "two")
    with pytest.raises(SettingsError, match="EMOTEFACE_DISCORD__TOKEN is set, and so is EMOTEFACE_DISCORD__TOKEN_FILE"):
        load_settings()


def test_a_file_that_is_not_there_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOTEFACE_DISCORD__TOKEN_FILE", str(tmp_path / "nothing"))
    with pytest.raises(SettingsError, match="EMOTEFACE_DISCORD__TOKEN_FILE names a file that cannot be read"):
        load_settings()


def test_what_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOTEFACE_WEB__PORT_FILE", str(tmp_path / "port"))
    with pytest.raises(SettingsError, match="there is no such setting"):
        load_settings()
