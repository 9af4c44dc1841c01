"""The compose files, read as compose reads them; with a client on the machine, by it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ENV_PREFIX, load_settings
from tests.program import ROOT
from tests.servers.nats import server_binary

ONE, SCALE, THREE = "docker-compose.one.yml", "docker-compose.yml", "docker-compose.three.yml"
MADE = {
    "postgres_password",
    "nats_bot_password",
    "nats_worker_password",
    "nats_passwords",
    "nats_routes",
    "store_key",
    "store_url",
    "discord_token",
}


def services(*names: str) -> dict[str, dict[str, Any]]:
    """Of these files, laid over each other as far as is needed here."""
    together: dict[str, dict[str, Any]] = {}
    for name in names:
        for service, values in yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["services"].items():
            before = together.setdefault(service, {})
            deeper = {name: before.get(name, {}) | values.get(name, {}) for name in ("environment", "deploy")}
            together[service] = before | values | deeper
    return together


def entry_point(file: str) -> list[str]:
    """Of the image that is built from this file."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    (words,) = [json.loads(line.removeprefix("ENTRYPOINT ")) for line in lines if line.startswith("ENTRYPOINT ")]
    return list(words)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """As `deploy/make-secrets` makes them."""
    subprocess.run([ROOT / "deploy" / "make-secrets"], cwd=tmp_path, input=b"a-token\n", check=True, timeout=60)
    return tmp_path / "secrets"


@pytest.mark.parametrize("files", [(ONE,), (SCALE,), (SCALE, THREE)])
def test_nothing_runs_as_root_or_writes_outside_its_volumes_or_takes_the_whole_machine(files: tuple[str, ...]) -> None:
    for name, service in services(*files).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        assert "privileged" not in service
        if "build" in service:
            folder, file = ROOT / service["build"]["context"], service["build"]["dockerfile"]
            users = [line for line in (folder / file).read_text().splitlines() if line.startswith("USER ")]
            assert users == ["USER 1000:1000"], name
        else:
            assert service["user"] not in {"root", "0", "0:0"}, name


def test_only_the_page_of_this_machine_is_published() -> None:
    for files in ((ONE,), (SCALE, THREE)):
        ports = [port for each in services(*files).values() for port in each.get("ports", ())]
        assert ports == ["127.0.0.1:8080:8080"]


def test_no_secret_is_in_a_file_and_all_are_made(secrets: Path) -> None:
    used = {name for each in services(SCALE, THREE).values() for name in each.get("secrets", ())}
    assert used == {path.name for path in secrets.iterdir()} == MADE
    assert secrets.stat().st_mode & 0o777 == 0o700
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([ROOT / "deploy" / "make-secrets"], cwd=secrets.parent, input=b"\n", check=True, timeout=60)


@pytest.mark.parametrize("files", [(SCALE,), (SCALE, THREE)])
@pytest.mark.parametrize("name", ["bot", "worker-cpu", "worker-gpu"])
def test_every_variable_is_a_setting(
    files: tuple[str, ...], name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in list(os.environ):
        if variable.startswith(ENV_PREFIX):
            monkeypatch.delenv(variable)
    for variable, value in services(*files)[name]["environment"].items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(secrets)))
    settings = load_settings()
    role = "bot" if name == "bot" else "worker"
    assert settings.queue.nats.user == role
    assert settings.queue.nats.password
    assert settings.queue.nats.password.get_secret_value() in (secrets / "nats_passwords").read_text()
    assert settings.queue.nats.replicas == (3 if THREE in files else 1)
    if name == "bot":
        assert settings.discord.token
        assert settings.store_url.endswith("@postgres/emoteface")


@pytest.mark.parametrize("files", [(ONE,), (SCALE,), (SCALE, THREE)])
def test_a_compose_client_takes_them(files: tuple[str, ...], secrets: Path) -> None:
    client = _client()
    if client is None:
        pytest.skip("no compose client on this machine")
    named = [word for file in files for word in ("--file", str(ROOT / file))]
    subprocess.run(
        [*client, *named, "--profile", "cpu", "--profile", "gpu", "config", "--quiet"], check=True, timeout=60
    )


@pytest.mark.scale
@pytest.mark.parametrize("name", ["nats.conf", "nats-cluster.conf"])
def test_the_server_takes_its_configuration_and_the_passwords_of_the_roles(
    secrets: Path, tmp_path: Path, name: str
) -> None:
    folder, run = tmp_path / "etc" / "nats", tmp_path / "run"
    folder.mkdir(parents=True)
    run.mkdir()
    shutil.copytree(secrets, run / "secrets")
    for volume in services(SCALE, THREE)["nats-2"]["volumes"]:
        if volume.startswith("./"):
            shutil.copy(ROOT / volume.split(":")[0], folder)
    words = [word.replace("/run/secrets", str(run / "secrets")) for word in entry_point("deploy/Dockerfile.nats")]
    path = f"{server_binary().parent}:{os.environ['PATH']}"
    arguments = ["--config", str(folder / name), "-t"]
    subprocess.run([*words, *arguments], env={"PATH": path}, check=True, timeout=60)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["nats-server", *arguments], env={"PATH": path}, check=True, timeout=60)


def test_a_workers_container_starts_a_command_of_the_project() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    (command,) = entry_point("Dockerfile.worker")
    module, _, function = scripts[command].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.scale
def test_a_server_takes_the_configuration_of_the_guide() -> None:
    passwords = {f"{role}_PASSWORD": '"a password"' for role in ("BOT", "WORKER")}
    command = [server_binary(), "-t", "-c", "config/nats.conf"]
    subprocess.run(command, cwd=ROOT, env=passwords, check=True, timeout=60)


def test_a_worker_is_well_while_its_heartbeat_is_fresh(tmp_path: Path) -> None:
    for name in ("worker-cpu", "worker-gpu"):
        service = services(SCALE)[name]
        file = service["command"][service["command"].index("--heartbeat") + 1]
        kind, check = service["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        assert file.startswith(f"{service['tmpfs'][0]}/"), "several workers share the volume"
        here = tmp_path / f"{name}-alive"
        command = ["sh", "-c", check.replace("$$", "$").replace(file, str(here))]
        assert subprocess.run(command, check=False, timeout=60, stderr=subprocess.DEVNULL).returncode == 1
        here.touch()
        assert subprocess.run(command, check=False, timeout=60).returncode == 0
        long_ago = time.time() - 120
        os.utime(here, (long_ago, long_ago))
        assert subprocess.run(command, check=False, timeout=60).returncode == 1


def _client() -> list[str] | None:
    if shutil.which("docker"):
        asked = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True, timeout=60)
        if asked.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None
