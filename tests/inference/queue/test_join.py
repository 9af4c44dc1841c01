"""The word that makes a worker elsewhere work for a bot."""

from __future__ import annotations

import base64
import ssl
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.queue.nats.join import MAX_CODE, CodeUnreadable, JoinCode, _check

CERTIFICATE = ssl.DER_cert_to_PEM_cert(bytes(range(200)))
CODE = JoinCode("tls://faces.example.org:4222", "worker", "a-secret-password", CERTIFICATE)


def test_a_code_says_where_the_server_is_how_to_log_in_and_what_it_looks_like() -> None:
    assert JoinCode.from_text(CODE.to_text()) == CODE


def test_the_whole_line_will_do_too() -> None:
    assert JoinCode.from_text(f"  emoteface-worker --join {CODE.to_text()}\n") == CODE


def test_a_code_needs_no_quoting_in_a_shell() -> None:
    assert CODE.to_text().replace("-", "").replace("_", "").isalnum()


def test_the_password_is_not_in_what_a_log_would_show() -> None:
    assert "a-secret-password" not in repr(CODE)


@given(st.integers(0, len(CODE.to_text()) - 1))
def test_a_code_that_was_cut_off_is_noticed(length: int) -> None:
    with pytest.raises(CodeUnreadable) as caught:
        JoinCode.from_text(CODE.to_text()[:length])
    assert caught.value.__cause__ is None


@given(st.integers(4, len(CODE.to_text()) - 2), st.sampled_from("aZ0-_"))
def test_a_letter_that_was_changed_is_noticed(place: int, letter: str) -> None:
    text = CODE.to_text()
    changed = text[:place] + letter + text[place + 1 :]
    if changed == text:
        assert JoinCode.from_text(changed) == CODE
    else:
        with pytest.raises(CodeUnreadable):
            JoinCode.from_text(changed)


@given(st.text() | st.text("abcXYZ019-_=").map("EF1-".__add__))
def test_any_text_is_a_code_or_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(CodeUnreadable) as caught:
        JoinCode.from_text(text)
    assert len(text) < 8 or text not in str(caught.value)


@given(st.binary())
def test_whatever_a_code_of_ours_holds_it_is_read_or_refused(content: bytes) -> None:
    word = base64.urlsafe_b64encode(_check(content) + content).decode().rstrip("=")
    with suppress(CodeUnreadable):
        assert JoinCode.from_text(f"EF1-{word}").url.startswith("tls://")


def test_an_endless_word_is_refused() -> None:
    with pytest.raises(CodeUnreadable):
        JoinCode.from_text("EF1-" + "A" * MAX_CODE)
