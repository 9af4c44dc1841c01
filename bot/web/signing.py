"""Signatures on what a browser keeps for us, and the key they are made with."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

KEY_BYTES = 32
_FILE = "web.key"
_PURPOSE = b"emoteface web signatures"


class Signer:
    """A signature is for one purpose: what was signed as a session is no form token."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def signature(self, purpose: str, value: str) -> str:
        """64 hexadecimal digits."""
        return hmac.new(self._key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()

    def is_valid(self, purpose: str, value: str, signature: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(self.signature(purpose, value).encode(), signature.encode())


def signing_key(data_dir: Path, store_key: SecretStr | None = None) -> bytes:
    """Of this instance: drawn from the key of its store where there is one, which all its processes share; else kept in
    a file, made at the first start. Without it everybody logs in again, and nothing else is lost. Raise OSError.
    """
    if store_key is not None:
        return hmac.digest(store_key.get_secret_value().encode(), _PURPOSE, "sha256")
    path = data_dir / _FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        path.unlink()  # of a disk that was full at the time
        return signing_key(data_dir)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := secrets.token_bytes(KEY_BYTES))
    return key
