"""Who the server is, and who may log in: made once and kept in the data directory, so that join codes keep working.

The certificate is made anew, of the same key, when this machine gets another name; codes printed before then need to be
printed again, because the certificate is in them.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bot.nats_server.certificate import key_in, renew_certificate
from bot.nats_server.secret_files import write_secret
from config.queue import NatsSettings, QueueSettings, Served
from inference.queue.nats.join import JoinCode

FOLDER = "nats"  # in the data directory
LASTING = ("certificate.pem", "identity.json", "key.pem")  # in there; without them every worker has to join anew
BOT, WORKER = "bot", "worker"  # as in config/nats-roles.conf
LOCAL = ("localhost", "127.0.0.1")  # what the bot itself calls it
_PASSWORD_BYTES = 24
_LOOK_S = 0.1


class NothingServed(Exception):
    """There is no server that could be joined; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Of the server whose files are in `folder`."""

    folder: Path
    served: Served
    passwords: Mapping[str, str]

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def join_code(self) -> str:
        """For a worker elsewhere; a secret."""
        certificate = self.certificate.read_text(encoding="ascii")
        return JoinCode(self.served.url, WORKER, self.passwords[WORKER], certificate).to_text()

    def queue_settings(self, settings: QueueSettings) -> QueueSettings:
        """Those of the bot itself, as if the server were anybody's."""
        login = {"user": BOT, "password": self.passwords[BOT], "tls_ca_file": self.certificate, "work_here": True}
        nats = NatsSettings.model_validate(login | {"replicas": 1})
        return settings.model_copy(update={"url": f"tls://127.0.0.1:{self.served.port}", "nats": nats})

    def server_config(self) -> str:
        """The file that the server reads; a secret. What each role may do is said in one place for all servers."""
        quoted = {name: json.dumps(str(self.folder.resolve() / name)) for name in ("jetstream", "key.pem")}
        certificate = json.dumps(str(self.certificate.resolve()))
        return "\n".join(
            [
                "# Written by emoteface at every start.",
                *(f"{role.upper()}_PASSWORD: {json.dumps(word)}" for role, word in self.passwords.items()),
                f'listen: "0.0.0.0:{self.served.port}"',
                "server_name: emoteface",
                f"jetstream {{ store_dir: {quoted['jetstream']}, sync_interval: always, max_file_store: 4GB }}",
                f"tls {{ cert_file: {certificate}, key_file: {quoted['key.pem']}, timeout: 5 }}",
                (files("config") / "nats-roles.conf").read_text(encoding="utf-8"),
            ]
        )


def identity_for(served: Served, data_dir: Path) -> Identity:
    """What is there already, and what is missing of it made. Only the program that owns `data_dir` may call it."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        passwords = _read(folder).passwords
    except NothingServed:
        passwords = {role: secrets.token_urlsafe(_PASSWORD_BYTES) for role in (BOT, WORKER)}
    identity = Identity(folder, served, passwords)
    renew_certificate(identity.certificate, key_in(identity.key), dict.fromkeys((*served.names, *LOCAL)))
    login = {"names": served.names, "port": served.port, "passwords": passwords}
    write_secret(folder / "identity.json", json.dumps(login).encode())
    return identity


def identity_in(data_dir: Path, patience_s: float = 0.0) -> Identity:
    """As the bot last served, or does so soon: one that has just been started takes a moment. Nothing is written.

    Raise NothingServed, or OSError for files that are somebody else's.
    """
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            return _read(data_dir / FOLDER)
        except NothingServed:
            if time.monotonic() >= give_up_at:
                raise
            time.sleep(_LOOK_S)


def _read(folder: Path) -> Identity:
    try:
        values = json.loads((folder / "identity.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NothingServed(
            f"no bot has served from {folder.parent.resolve()} yet: set queue.nats.serve and start it"
        ) from None
    served = Served(tuple(map(str, values["names"])), int(values["port"]))
    return Identity(folder, served, {role: str(values["passwords"][role]) for role in (BOT, WORKER)})
