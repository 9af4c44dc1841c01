"""How the program shows who it is to a NATS server, by the settings."""

from __future__ import annotations

import ssl
from typing import Any

from config.queue import QueueSettings


def server_urls(settings: QueueSettings) -> list[str]:
    """The servers of one cluster, any of which will do."""
    return settings.url.split(",")


def client_options(settings: QueueSettings) -> dict[str, Any]:
    """What `nats.connect` needs for it. Raise OSError for files that cannot be read."""
    nats = settings.nats
    options: dict[str, Any] = {}
    if nats.user is not None:
        options["user"] = nats.user
    if nats.password is not None:
        options["password"] = nats.password.get_secret_value()
    if nats.token is not None:
        options["token"] = nats.token.get_secret_value()
    if nats.nkey_file is not None:
        options["nkeys_seed_str"] = nats.nkey_file.read_text().strip()
    if nats.credentials_file is not None:
        options["user_credentials"] = str(nats.credentials_file)
    if settings.url.startswith("tls:"):
        options["tls"] = _tls(settings)
    return options


def _tls(settings: QueueSettings) -> ssl.SSLContext:
    """A context that checks the server's name, by the authorities of the system or by one of our own."""
    nats = settings.nats
    context = ssl.create_default_context(cafile=nats.tls_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if nats.tls_cert_file is not None:
        context.load_cert_chain(nats.tls_cert_file, nats.tls_key_file)
    return context
