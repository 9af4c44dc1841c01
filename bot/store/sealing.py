"""Secrets of others that the store keeps: encrypted when a key is configured.

https://cryptography.io/en/latest/fernet/
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

_SEALED, _OPEN = "sealed:", "open:"


class Unsealable(Exception):
    """What is stored was sealed with another key, or there is no key now."""


class Sealer:
    """Turns a secret into what goes into the store, and back.

    Without a key it stays as it is, so that a key may be added later: what is written from then on is sealed.
    """

    def __init__(self, key: SecretStr | None) -> None:
        self._fernet = None if key is None else Fernet(key.get_secret_value())

    def seal(self, secret: str) -> str:
        """For the store."""
        if self._fernet is None:
            return _OPEN + secret
        return _SEALED + self._fernet.encrypt(secret.encode()).decode()

    def unseal(self, stored: str) -> str:
        """What was given to `seal`; raise Unsealable."""
        if stored.startswith(_OPEN):
            return stored.removeprefix(_OPEN)
        try:
            if self._fernet is None:
                raise Unsealable
            return self._fernet.decrypt(stored.removeprefix(_SEALED).encode()).decode()
        except InvalidToken:
            raise Unsealable from None
