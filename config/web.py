"""The web server: overlay, gallery, panel, playground."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field, IPvAnyNetwork, SecretStr, field_validator
from yarl import URL

from config.outside import OutsideUrl
from config.section import Positive, Section


class WebSettings(Section):
    host: str
    port: int = Field(ge=0, le=65535)
    max_upload_bytes: Positive
    public_url: OutsideUrl | None
    trusted_proxies: tuple[IPvAnyNetwork, ...]
    requests_per_minute: int = Field(ge=10)
    metrics_token: SecretStr | None = Field(min_length=16)

    @field_validator("public_url")
    @classmethod
    def _at_the_root(cls, public_url: str | None) -> str | None:
        if public_url is not None and URL(public_url).path not in {"", "/"}:
            raise ValueError("must be the root of a host, without a path")
        return public_url

    @property
    def is_public(self) -> bool:
        """Whether strangers reach the site. A public URL that names this very machine lets nobody else in."""
        return self.public_url is not None and not is_loopback(URL(self.public_url).host or "")

    @property
    def is_for_others(self) -> bool:
        """Whether others than this very machine can reach it at all."""
        return self.is_public or not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this very machine's."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
