"""What a worker is told on its command line, and what it says when it cannot work."""

from __future__ import annotations

import importlib.util
import io
import os
import ssl
from pathlib import Path

import pytest

from config.settings import ENV_PREFIX
from inference.queue.nats.join import JoinCode
from inference.worker_command import main

CODE = JoinCode("tls://a.example:1", "worker", "a-secret-password", ssl.DER_cert_to_PEM_cert(b"no certificate"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What it says while it ends with the exit code for a command that makes no sense."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert not captured.out
    return captured.err


def test_a_worker_needs_somebody_to_work_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nobody to work for" in said(capsys)


def test_a_bots_own_settings_do_not_make_a_worker(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOTEFACE_QUEUE__NATS__SERVE", "a.example")
    assert "nobody to work for" in said(capsys)


def test_a_code_that_was_cut_off_is_refused_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    cut = CODE.to_text()[:-20]
    words = said(capsys, "--join", cut)
    assert "copy the whole line" in words
    assert cut[4:24] not in words


def test_a_code_comes_from_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("emoteface-worker --join EF1-cut\n"))
    assert "copy the whole line" in said(capsys, "--join", "-")


def test_a_code_comes_from_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "join"
    file.write_text("emoteface-worker --join EF1-cut\n")
    monkeypatch.setenv("EMOTEFACE_QUEUE__NATS__JOIN_FILE", str(file))
    assert "copy the whole line" in said(capsys)


def test_a_missing_library_is_named_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'emoteface[scale]'" in said(capsys, "--join", CODE.to_text())


def test_the_code_is_in_no_setting_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.settings import effective_settings, load_settings

    monkeypatch.setenv("EMOTEFACE_QUEUE__NATS__JOIN", CODE.to_text())
    listed = {setting.name: setting.value for setting in effective_settings(load_settings())}
    assert listed["queue.nats.join"] == "(set, hidden)"
