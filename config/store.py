"""Where everything that must last is kept."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator
from yarl import URL

from config.outside import OutsideUrl
from config.section import Section

_SCHEMES = ("sqlite+aiosqlite", "postgresql", "postgresql+asyncpg")


class StoreSettings(Section):
    url: SecretStr | None  # a server's URL has the password in it
    key: SecretStr | None

    @field_validator("url")
    @classmethod
    def _of_a_known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and url.get_secret_value().partition("://")[0] not in _SCHEMES:
            raise ValueError("must be postgresql://user:password@host/database or sqlite+aiosqlite:///path")
        return url

    @field_validator("key")
    @classmethod
    def _of_fernet(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key.get_secret_value()):
            raise ValueError("must be 32 random bytes in URL-safe base64")
        return key


def _bucket_url(value: str) -> str:
    url = URL(value)
    if url.scheme != "s3" or not url.host or "@" in url.authority or url.query_string or url.fragment:
        raise ValueError("must be s3://bucket or s3://bucket/folder")
    return value.rstrip("/")


class PicturesSettings(Section):
    url: Annotated[str, AfterValidator(_bucket_url)] | None
    endpoint_url: OutsideUrl | None
    region: str = Field(min_length=1, max_length=64)
    access_key_id: str | None
    secret_access_key: SecretStr | None
