"""The ways to log in at a real NATS server that need no user and password (those are in `test_nats.py`)."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import nkeys
import pytest
from pydantic import SecretStr

pytest.register_assert_rewrite("tests.inference.queue.contract")

from config.queue import NatsSettings, QueueSettings  # noqa: E402
from inference.queue.nats.queue import open_nats_queue  # noqa: E402
from tests.inference.queue.contract import SETTINGS, a_job  # noqa: E402
from tests.polling import until  # noqa: E402
from tests.servers.nats import NatsServer, nats_server  # noqa: E402

pytestmark = pytest.mark.scale

WITHOUT_LIMIT = dict.fromkeys(
    ("subs", "data", "payload", "conn", "leaf", "imports", "exports", "mem_storage", "disk_storage", "streams",
     "consumer", "max_ack_pending"), -1
) | {"wildcards": True}  # fmt: skip


def logging_in(server: NatsServer, **login: Any) -> QueueSettings:
    return SETTINGS.model_copy(update={"url": server.url, "nats": NatsSettings(**login)})


async def assert_lets_in(settings: QueueSettings) -> None:
    async with open_nats_queue(settings, asks=True) as queue:
        await until(lambda: queue.connection.up)
        assert await queue.submit(a_job())


async def assert_keeps_out(settings: QueueSettings) -> None:
    async with open_nats_queue(settings, asks=True) as queue:
        assert "refuses the login" in await queue.connection.until_refused()
        assert not queue.connection.up


async def test_a_token_opens_the_server_and_another_does_not(tmp_path: Path) -> None:
    async with nats_server(tmp_path, 'authorization { token: "the token" }') as server:
        await assert_lets_in(logging_in(server, token=SecretStr("the token")))
        await assert_keeps_out(logging_in(server, token=SecretStr("another")))
        await assert_keeps_out(logging_in(server))


class Signer:
    """An operator, an account or a user: a key that signs what others may do."""

    def __init__(self, prefix: int) -> None:
        self.seed = nkeys.encode_seed(os.urandom(32), prefix)
        self._key = nkeys.from_seed(bytearray(self.seed))
        self.name = self._key.public_key.decode()

    def grants(self, subject: str, kind: str, rights: dict[str, Any]) -> str:
        """A JWT, as `nsc` makes them."""
        claims = {
            "jti": base64.b32encode(os.urandom(20)).decode(),
            "iat": int(time.time()),
            "iss": self.name,
            "sub": subject,
            "name": kind,
            "nats": rights | {"type": kind, "version": 2},
        }
        parts = [_encoded({"typ": "JWT", "alg": "ed25519-nkey"}), _encoded(claims)]
        return ".".join([*parts, _base64(self._key.sign(".".join(parts).encode()))])


def _encoded(values: dict[str, Any]) -> str:
    return _base64(json.dumps(values).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def credentials(folder: Path, account: Signer) -> Path:
    """A file of a new user of the account."""
    user = Signer(nkeys.PREFIX_BYTE_USER)
    word = account.grants(user.name, "user", {"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1})
    file = folder / "user.creds"
    file.write_text(
        f"-----BEGIN NATS USER JWT-----\n{word}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )
    return file


async def test_a_credentials_file_opens_a_server_of_accounts_and_a_strangers_does_not(tmp_path: Path) -> None:
    operator, account, system = (
        Signer(prefix) for prefix in (nkeys.PREFIX_BYTE_OPERATOR, nkeys.PREFIX_BYTE_ACCOUNT, nkeys.PREFIX_BYTE_ACCOUNT)
    )
    said = operator.grants(operator.name, "operator", {})
    known = {
        account.name: operator.grants(account.name, "account", {"limits": WITHOUT_LIMIT}),
        system.name: operator.grants(system.name, "account", {"limits": {}}),
    }
    config = (
        f"operator: {said}\nsystem_account: {system.name}\nresolver: MEMORY\nresolver_preload {{\n"
        + "".join(f"  {name}: {word}\n" for name, word in known.items())
        + "}\n"
    )
    async with nats_server(tmp_path / "nats", config) as server:
        await assert_lets_in(logging_in(server, credentials_file=credentials(tmp_path, account)))
        stranger = credentials(tmp_path, Signer(nkeys.PREFIX_BYTE_ACCOUNT))
        await assert_keeps_out(logging_in(server, credentials_file=stranger))
