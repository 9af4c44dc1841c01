"""How the program shows who it is to a NATS server, by the settings, and what it says when that is of no use."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from config.queue import QueueSettings
from inference.queue.nats.join import JoinCode


def server_urls(settings: QueueSettings) -> list[str]:
    """The servers of one cluster, any of which will do. Raise CodeUnreadable."""
    code = join_code(settings)
    return (code.url if code else settings.url).split(",")


def join_code(settings: QueueSettings) -> JoinCode | None:
    """What replaces address and login in a worker that was given one. Raise CodeUnreadable."""
    given = settings.nats.join
    return JoinCode.from_text(given.get_secret_value()) if given else None


def client_options(settings: QueueSettings) -> dict[str, Any]:
    """What `nats.connect` needs for it. Raise OSError for files that cannot be read, or CodeUnreadable."""
    if code := join_code(settings):
        context = ssl.create_default_context(cadata=code.certificate)
        return {"user": code.user, "password": code.password, "tls": context}
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


def refusal(error: BaseException, settings: QueueSettings) -> str | None:
    """The words for an error that trying again does not help against; None for every other one."""
    code = join_code(settings)
    where = code.url if code else settings.url
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            believed = "the one in the join code" if code else "one that queue.nats.tls_ca_file vouches for"
            return f"{where} shows another certificate than {believed} ({cause.verify_message})"
        if "Authorization Violation" in str(cause):
            return f"{where} refuses {'this join code: get the present one there' if code else 'the login'}"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
