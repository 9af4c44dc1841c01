"""The queue on a real NATS server, which every test starts for itself."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

pytest.register_assert_rewrite("tests.inference.queue.contract")

from config.queue import NatsSettings, QueueSettings  # noqa: E402
from inference.protocol import (  # noqa: E402
    MAX_JOB_BYTES,
    MAX_RESULT_BYTES,
    FaceFailure,
    FaceJob,
    FaceOptions,
    FaceResult,
    FailureCode,
    Frame,
    Picture,
)
from inference.queue.interface import JobQueue  # noqa: E402
from inference.queue.nats.adverts import WorkerAdvert  # noqa: E402
from inference.queue.nats.connection import Unreachable  # noqa: E402
from inference.queue.nats.names import JOBS, job_subject  # noqa: E402
from inference.queue.nats.queue import NatsQueue, open_nats_queue  # noqa: E402
from tests.inference.queue.contract import PATIENCE_S, SETTINGS, JobQueueContract, a_face, a_failure, a_job  # noqa: E402
from tests.polling import until  # noqa: E402
from tests.servers.nats import NatsServer, nats_server  # noqa: E402

ADVERT = WorkerAdvert(
    id="worker",
    name="here",
    version="1",
    runtime="fake",
    models={"classic": "model"},
    seconds_per_cost=0.01,
    max_batch=8,
)


def settings_of(server: NatsServer, settings: QueueSettings = SETTINGS) -> QueueSettings:
    return settings.model_copy(update={"url": server.url})


@asynccontextmanager
async def both_sides(server: NatsServer, settings: QueueSettings = SETTINGS) -> AsyncIterator[NatsQueue]:
    """A queue that is asked and works, connected."""
    async with open_nats_queue(settings_of(server, settings), asks=True) as queue:
        queue.serve(ADVERT)
        await until(lambda: queue.connection.up)
        yield queue


@pytest.mark.scale
class TestNatsQueueKeepsTheContract(JobQueueContract):
    long_enough_s = 0.3

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def open_queue(self, settings: QueueSettings = SETTINGS) -> AsyncIterator[JobQueue]:
        async with nats_server(self.folder) as server, both_sides(server, settings) as queue:
            yield queue

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def now(self) -> float:
        return time.time()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path / "nats") as running:
        yield running


@pytest.mark.scale
@pytest.mark.parametrize("max_payload", [1_048_576, 65_536])
async def test_the_largest_job_and_the_largest_face_pass_whatever_a_message_may_be(
    tmp_path: Path, max_payload: int
) -> None:
    frames = tuple(Frame(os.urandom(128 * 128 * 4)) for _ in range(7))
    job = FaceJob("model", (Picture(128, 128, frames),), FaceOptions(), 1e12)
    assert 0.85 * MAX_JOB_BYTES < len(job.to_bytes()) <= MAX_JOB_BYTES
    face = FaceResult(job.key, os.urandom(MAX_RESULT_BYTES - 1000), 10, 10, 1.0)
    assert len(face.to_bytes()) <= MAX_RESULT_BYTES
    config = f"max_payload: {max_payload}"
    async with nats_server(tmp_path, config) as server, both_sides(server) as queue:
        ticket = await queue.submit(job)
        (lease,) = await queue.pull(1, 0)
        assert lease.job == job
        await lease.done(face)
        assert await queue.result(ticket, PATIENCE_S) == face
        assert await queue.finished(job.key) == face


@pytest.mark.scale
async def test_askers_in_two_bots_share_one_job_and_both_get_its_face(server: NatsServer) -> None:
    async with both_sides(server) as one, both_sides(server) as other:
        tickets = [await one.submit(a_job()), await other.submit(a_job())]
        (lease,) = await one.pull(8, 0)
        await lease.done(a_face(lease.job))
        assert await one.result(tickets[0], PATIENCE_S) == await other.result(tickets[1], PATIENCE_S) == a_face(a_job())


@pytest.mark.scale
async def test_a_job_withdrawn_by_one_bot_is_drawn_for_the_other(server: NatsServer) -> None:
    async with both_sides(server) as one, both_sides(server) as other:
        mine = await one.submit(a_job())
        theirs = await other.submit(a_job())
        await one.cancel(mine)
        async with asyncio.timeout(PATIENCE_S):
            (lease,) = await one.pull(8, 0)
        await lease.done(a_face(lease.job))
        assert await other.result(theirs, PATIENCE_S) == a_face(a_job())


@pytest.mark.scale
async def test_what_is_forgotten_is_drawn_anew_in_every_bot(server: NatsServer) -> None:
    async with both_sides(server) as one, both_sides(server) as other:
        await one.submit(a_job())
        (lease,) = await one.pull(1, 0)
        await lease.done(a_face(lease.job))
        assert await other.finished(a_job().key) == a_face(a_job())
        one.forget(a_job().key)
        assert await one.finished(a_job().key) is None
        async with asyncio.timeout(PATIENCE_S):
            while await other.finished(a_job().key):
                await asyncio.sleep(0.01)


@pytest.mark.scale
async def test_what_is_forgotten_while_the_server_is_down_is_drawn_anew_when_it_is_back(server: NatsServer) -> None:
    async with both_sides(server) as queue:
        await queue.submit(a_job())
        (lease,) = await queue.pull(1, 0)
        await lease.done(a_face(lease.job))
        await server.kill()
        await until(lambda: not queue.connection.up)
        queue.forget(a_job().key)
        asking = asyncio.create_task(queue.submit(a_job()))
        await server.start()
        async with asyncio.timeout(PATIENCE_S):
            (lease,) = await queue.pull(1, 0)
        await lease.done(a_face(lease.job, b"anew"))
        assert await queue.result(await asking, PATIENCE_S) == a_face(a_job(), b"anew")


@pytest.mark.scale
async def test_a_message_that_is_no_job_is_answered_and_buried(server: NatsServer) -> None:
    async with both_sides(server) as queue:
        await queue.connection.store(job_subject(a_job()), b"from another world", {})
        ticket = await queue.submit(a_job())
        pulling = asyncio.create_task(queue.pull(1, 0))
        outcome = await queue.result(ticket, PATIENCE_S)
        pulling.cancel()
        await asyncio.wait({pulling})
        assert outcome == FaceFailure(a_job().key, FailureCode.GENERATOR_FAILED)
        await until(lambda: queue.stats().dead_letters == 1)


@pytest.mark.scale
async def test_streams_of_an_older_program_are_brought_up_to_date(server: NatsServer) -> None:
    async with both_sides(server) as queue:
        ticket = await queue.submit(a_job())
        newer = SETTINGS.model_copy(update={"max_jobs": SETTINGS.max_jobs + 1})
        async with both_sides(server, newer) as another:
            config = (await another.connection.api(f"STREAM.INFO.{JOBS}"))["config"]
            assert config["max_msgs"] == newer.max_jobs
            (lease,) = await another.pull(1, 0)
            await lease.done(a_face(lease.job))
        assert await queue.result(ticket, PATIENCE_S) == a_face(a_job()), "nothing is lost on the way"


@pytest.mark.scale
@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
async def test_a_worker_whose_clock_jumps_keeps_to_the_deadline(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    async with both_sides(server) as queue:
        await queue.submit(a_job(deadline_at=time.time() + 60))
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + jump_s)
        (lease,) = await queue.pull(1, 0)
        assert lease.job.deadline_at == pytest.approx(time.time() + 60, abs=30)


ROLES = (Path(__file__).parents[3] / "config" / "nats-roles.conf").read_text()


def as_role(server: NatsServer, role: str, password: str | None = None) -> QueueSettings:
    login = NatsSettings(user=role, password=SecretStr(password or f"of the {role}"))
    return SETTINGS.model_copy(update={"url": server.url, "nats": login})


@pytest.fixture
async def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NatsServer]:
    """A server with `config/nats-roles.conf`."""
    monkeypatch.setenv("BOT_PASSWORD", '"of the bot"')
    monkeypatch.setenv("WORKER_PASSWORD", '"of the worker"')
    async with nats_server(tmp_path, ROLES) as server:
        yield server


@pytest.mark.scale
async def test_bot_and_worker_get_along_with_what_each_may_do(guarded: NatsServer) -> None:
    async with (
        open_nats_queue(as_role(guarded, "bot"), asks=True) as bot,
        open_nats_queue(as_role(guarded, "worker"), asks=False) as worker,
    ):
        worker.serve(ADVERT)
        await until(lambda: bool(bot.workers.working()))
        await until(lambda: bot.news.keep_s > 0)
        for number, outcome in enumerate([a_face, a_failure]):
            ticket = await bot.submit(a_job(number))
            (lease,) = await worker.pull(1, 0)
            await lease.extend()
            await lease.release()
            (lease,) = await worker.pull(1, 0)
            if outcome is a_face:
                await lease.done(a_face(lease.job))
            else:
                await lease.fail(a_failure(lease.job), dead_letter=True)
            assert await bot.result(ticket, PATIENCE_S) == outcome(a_job(number))
        await until(lambda: bot.stats().dead_letters == 1)
        bot.forget(a_job(0).key)
        assert await bot.finished(a_job(0).key) is None


@pytest.mark.scale
async def test_a_worker_may_neither_ask_nor_delete_nor_read_what_bots_are_told(guarded: NatsServer) -> None:
    async with (
        open_nats_queue(as_role(guarded, "bot"), asks=True) as bot,
        open_nats_queue(as_role(guarded, "worker"), asks=False) as worker,
    ):
        await until(lambda: bot.connection.up and worker.connection.up)
        sequence = (await bot.submit(a_job())) and 1
        for forbidden in (
            worker.connection.request(job_subject(a_job(1)), b"", timeout_s=0.5),
            worker.connection.request(f"$JS.API.STREAM.DELETE.{JOBS}", timeout_s=0.5),
            worker.connection.request(f"$JS.API.STREAM.MSG.DELETE.{JOBS}", b'{"seq": 1}', timeout_s=0.5),
        ):
            with pytest.raises(Unreachable):
                await forbidden
        assert await bot.connection.stored_at(JOBS, sequence), "all is as it was"


@pytest.mark.scale
async def test_who_cannot_log_in_is_told_and_says_no_password(guarded: NatsServer) -> None:
    async with open_nats_queue(as_role(guarded, "bot", "a wrong one"), asks=True) as queue:
        await until(lambda: queue.connection.problem is not None)
        assert "a wrong one" not in str(queue.connection.problem)
        assert not queue.connection.up


@pytest.mark.scale
async def test_a_key_opens_the_server_without_a_password(tmp_path: Path) -> None:
    seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
    public = nkeys.from_seed(bytearray(seed)).public_key.decode()
    file = tmp_path / "bot.nk"
    file.write_bytes(seed)
    config = f"authorization {{ users: [ {{ nkey: {public} }} ] }}"
    async with nats_server(tmp_path / "nats", config) as server:
        settings = SETTINGS.model_copy(update={"nats": NatsSettings(nkey_file=file)})
        async with both_sides(server, settings) as queue:
            assert await queue.finished(a_job().key) is None


@pytest.mark.scale
async def test_a_server_is_believed_only_if_the_given_authority_vouches_for_it(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    config = f"tls {{ cert_file: {json.dumps(str(cert))}, key_file: {json.dumps(str(key))} }}"
    async with nats_server(tmp_path / "nats", config) as server:
        url = server.url.replace("nats:", "tls:")
        trusting = SETTINGS.model_copy(update={"url": url, "nats": NatsSettings(tls_ca_file=cert)})
        async with open_nats_queue(trusting, asks=True) as queue:
            await until(lambda: queue.connection.up)
        wary = SETTINGS.model_copy(update={"url": url})
        async with open_nats_queue(wary, asks=True) as queue:
            await until(lambda: queue.connection.problem is not None)
            assert not queue.connection.up


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of a server on this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_file, key_file
