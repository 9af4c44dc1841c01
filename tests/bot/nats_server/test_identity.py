"""What stays the same when the bot starts again, so that join codes keep working."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from bot.nats_server.identity import FOLDER, NothingServed, identity_for, identity_in
from config.queue import EMBEDDED, QueueSettings, Served
from inference.queue.nats.join import JoinCode

HOME = Served(("faces.example.org", "203.0.113.7"), 4222)


def test_a_second_start_gives_the_same_code(tmp_path: Path) -> None:
    first = identity_for(HOME, tmp_path).join_code()
    assert identity_for(HOME, tmp_path).join_code() == first == identity_in(tmp_path).join_code()


def test_nothing_that_is_secret_can_be_read_by_others(tmp_path: Path) -> None:
    identity_for(HOME, tmp_path)
    folder = tmp_path / FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == dict.fromkeys(
        ("certificate.pem", "identity.json", "key.pem"), 0o600
    )


def test_each_role_has_a_long_password_of_its_own(tmp_path: Path) -> None:
    one, other = identity_for(HOME, tmp_path / "one"), identity_for(HOME, tmp_path / "other")
    passwords = [*one.passwords.values(), *other.passwords.values()]
    assert len(set(passwords)) == 4
    assert min(map(len, passwords)) >= 32


def test_the_code_is_that_of_a_worker_and_has_the_certificate_in_it(tmp_path: Path) -> None:
    identity = identity_for(HOME, tmp_path)
    code = JoinCode.from_text(identity.join_code())
    assert code.url == "tls://faces.example.org:4222,tls://203.0.113.7:4222"
    assert (code.user, code.password) == ("worker", identity.passwords["worker"])
    names = x509.load_pem_x509_certificate(code.certificate.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["faces.example.org", "203.0.113.7", "localhost", "127.0.0.1"]


def test_another_name_of_the_machine_costs_the_certificate_but_neither_key_nor_passwords(tmp_path: Path) -> None:
    before = identity_for(HOME, tmp_path)
    key, certificate = before.key.read_bytes(), before.certificate.read_bytes()
    after = identity_for(Served(("moved.example.org",), 4333), tmp_path)
    assert after.passwords == before.passwords
    assert after.key.read_bytes() == key
    assert after.certificate.read_bytes() != certificate
    assert identity_in(tmp_path).served == Served(("moved.example.org",), 4333)


def test_a_name_less_leaves_the_certificate_alone(tmp_path: Path) -> None:
    certificate = identity_for(HOME, tmp_path).certificate.read_bytes()
    assert identity_for(Served(("203.0.113.7",), 4222), tmp_path).certificate.read_bytes() == certificate


def test_a_password_that_somebody_else_knows_is_changed_by_deleting_it(tmp_path: Path) -> None:
    before = identity_for(HOME, tmp_path)
    (tmp_path / FOLDER / "identity.json").unlink()
    after = identity_for(HOME, tmp_path)
    assert not set(before.passwords.values()) & set(after.passwords.values())
    assert identity_in(tmp_path) == after


def test_without_a_server_there_is_nothing_to_join(tmp_path: Path) -> None:
    with pytest.raises(NothingServed, match=r"queue\.nats\.serve"):
        identity_in(tmp_path)


async def test_who_asks_while_the_bot_starts_waits_for_it(tmp_path: Path) -> None:
    asked = asyncio.create_task(asyncio.to_thread(identity_in, tmp_path, 60.0))
    made = await asyncio.to_thread(identity_for, HOME, tmp_path)
    assert await asked == made


def test_the_bot_logs_in_at_its_own_server_and_draws_there(tmp_path: Path) -> None:
    limits = {"max_jobs": 7, "max_attempts": 1, "lease_s": 1, "cache_ttl_s": 0, "cache_mb": 0}
    given = QueueSettings.model_validate(limits | {"url": EMBEDDED, "nats": {"serve": "faces.example.org:4333"}})
    identity = identity_for(Served.of("faces.example.org:4333"), tmp_path)
    settings = identity.queue_settings(given)
    assert settings.max_jobs == 7
    assert settings.url == "tls://127.0.0.1:4333"
    assert settings.nats.user == "bot"
    assert settings.nats.work_here
    assert settings.nats.served is None


def test_the_servers_configuration_has_the_rights_of_the_roles_and_the_passwords(tmp_path: Path) -> None:
    identity = identity_for(HOME, tmp_path)
    config = identity.server_config()
    assert "sync_interval: always" in config
    assert (Path(__file__).parents[3] / "config" / "nats-roles.conf").read_text() in config
    for role, password in identity.passwords.items():
        assert f"{role.upper()}_PASSWORD: {json.dumps(password)}" in config


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_the_strictest_reader_takes_the_certificate(tmp_path: Path, name: str) -> None:
    identity = identity_for(HOME, tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(identity.certificate, identity.key)
    strict = ssl.create_default_context(cadata=JoinCode.from_text(identity.join_code()).certificate)
    strict.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=serving) as server, asyncio.timeout(30):
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=strict, server_hostname=name)
        assert await reader.read() == b"hello"
        writer.close()
