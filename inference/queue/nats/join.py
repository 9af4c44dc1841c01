"""What a worker elsewhere needs to work for a bot that runs its own server, as one word that can be copied.

The word is a secret: it holds a password. With the server's own certificate in it the worker needs nobody else's word
for who it talks to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import ssl
from dataclasses import dataclass
from typing import Self

MAX_CODE = 16_384
_PREFIX = "EF1-"
_CHECK_BYTES = 4


class CodeUnreadable(ValueError):
    """This is no join code, or not all of it. The text never shows it."""


@dataclass(frozen=True, slots=True, repr=False)
class JoinCode:
    """Where a bot's server is, how to log in there, and its certificate (PEM)."""

    url: str
    user: str
    password: str
    certificate: str

    def to_text(self) -> str:
        """One word of letters, digits, - and _."""
        login = json.dumps([self.url, self.user, self.password], separators=(",", ":")).encode()
        content = login + b"\n" + ssl.PEM_cert_to_DER_cert(self.certificate)
        return _PREFIX + base64.urlsafe_b64encode(_check(content) + content).rstrip(b"=").decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Of the word, or of a line that ends with it. Raise CodeUnreadable."""
        word = (text.split() or [""])[-1]
        if not word.startswith(_PREFIX) or len(word) > MAX_CODE:
            raise CodeUnreadable(f"this is no join code: one begins with {_PREFIX}")
        encoded = word.removeprefix(_PREFIX)
        try:
            decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        check, content = decoded[:_CHECK_BYTES], decoded[_CHECK_BYTES:]
        if _check(content) != check:
            raise CodeUnreadable("a part of the join code is missing or was changed: copy the whole line")
        return cls._from_content(content)

    @classmethod
    def _from_content(cls, content: bytes) -> Self:
        login, _, certificate = content.partition(b"\n")
        try:
            url, user, password = json.loads(login)
            if not all(isinstance(word, str) for word in (url, user, password)) or not url.startswith("tls://"):
                raise ValueError("not a login")
            return cls(url, user, password, ssl.DER_cert_to_PEM_cert(certificate))
        except (RecursionError, TypeError, ValueError):
            raise CodeUnreadable("the join code is of another version of emoteface") from None


def _check(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:_CHECK_BYTES]
