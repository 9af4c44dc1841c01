"""Secrets of others are sealed when there is a key, and only with that key readable."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.store.sealing import Sealer, Unsealable

KEY, OTHER = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))


@given(st.text())
def test_what_is_sealed_comes_back(secret: str) -> None:
    for sealer in (Sealer(None), Sealer(KEY)):
        assert sealer.unseal(sealer.seal(secret)) == secret


def test_sealed_is_unreadable_and_different_each_time() -> None:
    sealer = Sealer(KEY)
    first, second = sealer.seal("token"), sealer.seal("token")
    assert "token" not in first
    assert first != second


@pytest.mark.parametrize("later", [None, OTHER])
def test_without_its_key_nobody_reads_it(later: SecretStr | None) -> None:
    with pytest.raises(Unsealable):
        Sealer(later).unseal(Sealer(KEY).seal("token"))


def test_a_key_that_comes_later_leaves_the_old_readable() -> None:
    assert Sealer(KEY).unseal(Sealer(None).seal("token")) == "token"


@pytest.mark.parametrize("stored", ["", "token", "sealed:", "sealed:nonsense"])
def test_what_nobody_sealed_is_not_read(stored: str) -> None:
    with pytest.raises(Unsealable):
        Sealer(KEY).unseal(stored)
