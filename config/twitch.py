"""Twitch: the application, and where its services are."""

from __future__ import annotations

from pydantic import Field, SecretStr

from config.outside import OutsideSocketUrl, OutsideUrl
from config.section import Section


class TwitchSettings(Section):
    client_id: str | None = Field(pattern=r"^[a-z0-9]+$")
    client_secret: SecretStr | None
    bot_user_id: str | None = Field(pattern=r"^[0-9]{1,20}$")
    helix_url: OutsideUrl
    id_url: OutsideUrl
    eventsub_url: OutsideSocketUrl
    cdn_url: OutsideUrl
