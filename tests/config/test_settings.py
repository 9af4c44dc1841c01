from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, SecretStr

from config.settings import (
    CONFIG_VARIABLE,
    DEFAULTS,
    ENV_PREFIX,
    Settings,
    SettingsError,
    effective_settings,
    load_settings,
)

SECRET = "MTk4NjIyNDgzNDcx.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
Load = Callable[..., Settings]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Load with a settings file of this text and these variables."""

    def load(text: str | bytes | None = None, **variables: str) -> Settings:
        if text is not None:
            path = tmp_path / "mine.yaml"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            monkeypatch.setenv(CONFIG_VARIABLE, str(path))
        for name, value in variables.items():
            monkeypatch.setenv(ENV_PREFIX + name, value)
        return load_settings()

    return load


def packaged() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    return values


def names(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield from names(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [prefix + name]


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from fields(section, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_the_packaged_file_names_every_setting_and_no_other() -> None:
    assert sorted(names(packaged())) == sorted(fields(Settings))


def test_every_line_of_the_packaged_file_says_what_the_setting_means() -> None:
    addresses = {  # these speak for themselves
        "api_url",
        "authorize_url",
        "cdn_url",
        "eventsub_url",
        "gateway_url",
        "helix_url",
        "id_url",
        "media_url",
    }
    for line in DEFAULTS.read_text(encoding="utf-8").splitlines():
        name, colon, value = line.partition(":")
        if colon and value and not line.startswith("#") and name.strip() not in addresses:
            assert " # " in line, f"{name.strip()} has no comment"


def test_every_number_of_the_packaged_file_has_its_unit_in_its_name_or_comment() -> None:
    units = ("second", "byte", " MB", " hour", "millisecond")
    for line in DEFAULTS.read_text(encoding="utf-8").splitlines():
        name = line.partition(":")[0].strip()
        if name.endswith(("_s", "_ms", "_bytes", "_mb", "_h")):
            assert any(unit in line for unit in units) or name.endswith(("_s", "_mb", "_h")), line


def test_without_a_file_and_variables_the_packaged_defaults_are_in_force(load: Load) -> None:
    settings = load()
    assert settings.web.port == packaged()["web"]["port"]
    assert settings.discord.token is None
    assert settings.discord.api_url == "https://discord.com/api/v10"
    assert settings.store_url == "sqlite+aiosqlite:///var/emoteface.db"


def test_the_file_changes_one_value_and_leaves_the_rest_of_its_section(load: Load) -> None:
    settings = load("web:\n  port: 9000\n")
    assert settings.web.port == 9000
    assert settings.web.host == "127.0.0.1"


def test_the_environment_wins_over_the_file(load: Load) -> None:
    settings = load("web:\n  port: 9000\n  host: 127.0.0.2\n", WEB__PORT="9001")
    assert settings.web.port == 9001
    assert settings.web.host == "127.0.0.2"


def test_a_section_may_come_as_json_in_one_variable(load: Load) -> None:
    settings = load(WEB='{"port": 9002}')
    assert settings.web.port == 9002
    assert settings.web.host == "127.0.0.1"


def test_an_empty_variable_counts_as_not_set(load: Load) -> None:
    assert load(DISCORD__TOKEN="").discord.token is None


def test_an_empty_file_changes_nothing(load: Load) -> None:
    assert load("# nothing yet\n").web.port == 8080


def test_settings_cannot_change_after_start(load: Load) -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.web.port = 1


@pytest.mark.parametrize("value", ["sqlite+aiosqlite:////tmp/x.db", "postgresql+asyncpg://bot@localhost/faces"])
def test_a_store_url_of_ones_own_is_used_as_it_is(load: Load, value: str) -> None:
    assert load(STORE__URL=value).store_url == value


@pytest.mark.parametrize("runtime", ["auto", "openvino", "torch", "tests.fakes.generators:Instant"])
def test_the_runtime_is_one_of_ours_or_names_an_attribute(load: Load, runtime: str) -> None:
    assert load(INFERENCE__RUNTIME=runtime).inference.runtime == runtime


# -- mistakes name the key ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("web:\n  prt: 80\n", "web.prt: there is no such setting"),
        ("wbe:\n  port: 80\n", "wbe: there is no such setting"),
        ("web:\n  port: http\n", "web.port: "),
        ("web:\n  port: 65536\n", "web.port: "),
        ("web: 80\n", "web: "),
        ("web:\n", "web: "),
        ("web:\n  80: 80\n", "web.80: "),
        ("log:\n  level: loud\n", "log.level: "),
        ("queue:\n  max_jobs: 0\n", "queue.max_jobs: "),
        ("discord:\n  prefix: 'a b'\n", "discord.prefix: "),
        ("inference:\n  runtime: os.system\n", "inference.runtime: "),
        ("inference:\n  realism: 1.1\n", "inference.realism: "),
        ("twitch:\n  bot_user_id: name\n", "twitch.bot_user_id: "),
        ("twitch:\n  eventsub_url: https://eventsub.example\n", "twitch.eventsub_url: "),
    ],
)
def test_a_mistake_in_the_file_stops_the_start_and_names_the_key(load: Load, text: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(text)
    assert key in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("WEB__PRT", "web.prt"),
        ("WBE__PORT", "EMOTEFACE_WBE__PORT"),
        ("DISCORDTOKEN", "EMOTEFACE_DISCORDTOKEN"),
        ("DATA_DIR__X", "EMOTEFACE_DATA_DIR__X"),
        ("CONFIG__X", "EMOTEFACE_CONFIG__X"),
        ("WEB__PORT", "web.port"),
        ("DISCORD__TOKEN__X", "discord.token"),
        ("DISCORD", "discord"),
        ("STORE__KEY", "store.key"),
    ],
)
def test_a_mistake_in_a_variable_stops_the_start_and_names_it_but_not_its_value(
    load: Load, variable: str, key: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: SECRET})
    assert key in str(caught.value)
    assert SECRET not in str(caught.value)


def test_all_mistakes_are_told_at_once(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load("web:\n  prt: 80\n", QUEUE__MAX_JOBS="none")
    assert "web.prt" in str(caught.value)
    assert "queue.max_jobs" in str(caught.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "words", "5", "1: 5\n", "web: {port: 1", b"\xff\xfe\x00zz"])
def test_a_file_that_is_no_yaml_mapping_is_a_clear_error(load: Load, text: str | bytes) -> None:
    with pytest.raises(SettingsError, match=r"mine\.yaml"):
        load(text)


def test_a_file_can_not_run_code(load: Load) -> None:
    with pytest.raises(SettingsError, match="ConstructorError"):
        load("web: !!python/object/apply:os.getcwd []\n")


@pytest.mark.parametrize("where", ["missing.yaml", "."])
def test_a_variable_that_names_no_file_is_told(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / where))
    with pytest.raises(SettingsError, match=r"EMOTEFACE_CONFIG names .*, which is not a file"):
        load()


# -- outside addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.com/api",
        "ws://gateway.discord.gg",
        "ftp://discord.com",
        "file:///etc/passwd",
        "discord.com",
        "/api",
        "https://",
        "https://user:word@discord.com",
        "https://:word@discord.com",
        "http://127.0.0.1@discord.com",
        "http://127.0.0.1.discord.com",
        "http://localhost.evil.example",
        "https://discord.com/?to=x",
        "https://discord.com/#x",
        "https://discord.com:port",
        "http://10.0.0.1",
        "http://0.0.0.0",
    ],
)
def test_an_outside_address_must_be_encrypted_and_plain(load: Load, url: str) -> None:
    with pytest.raises(SettingsError, match=r"^discord\.api_url: ") as caught:
        load(DISCORD__API_URL=url)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5000", "http://localhost:5000/api", "http://[::1]:5000"])
def test_plain_http_is_fine_for_this_very_machine(load: Load, url: str) -> None:
    assert load(DISCORD__API_URL=url).discord.api_url == url


def test_an_address_of_the_wrong_kind_is_refused(load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load(DISCORD__API_URL="wss://discord.example", DISCORD__GATEWAY_URL="https://discord.example")
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "discord.api_url",
        "discord.gateway_url",
    ]


def test_an_outside_address_loses_its_last_slash(load: Load) -> None:
    assert load(DISCORD__CDN_URL="https://cdn.example/x/").discord.cdn_url == "https://cdn.example/x"


# -- what is in force, and from where -------------------------------------------------------------------------------


def test_every_setting_is_listed_with_its_origin(load: Load, tmp_path: Path) -> None:
    settings = load("web:\n  port: 9000\n  host: 127.0.0.2\n", WEB__PORT="9001", LOG='{"level": "debug"}')
    listed = {line.name: line for line in effective_settings(settings)}
    assert list(listed) == list(names(packaged()))
    assert (listed["web.port"].value, listed["web.port"].origin) == ("9001", "environment")
    assert (listed["web.host"].value, listed["web.host"].origin) == ("127.0.0.2", str(tmp_path / "mine.yaml"))
    assert (listed["log.level"].value, listed["log.level"].origin) == ("debug", "environment")
    assert (listed["log.format"].value, listed["log.format"].origin) == ("auto", "default")
    assert listed["discord.token"].value == ""


def test_no_secret_is_listed_or_printed(load: Load) -> None:
    settings = load(DISCORD__TOKEN=SECRET, STORE__URL=f"postgresql+asyncpg://bot:{SECRET}@db/faces")
    assert settings.discord.token == SecretStr(SECRET)
    assert SECRET in settings.store_url
    listed = {line.name: line for line in effective_settings(settings)}
    assert listed["discord.token"].value == listed["store.url"].value == "(set, hidden)"
    assert SECRET not in repr(list(listed.values()))
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


def test_compiled_networks_are_kept_beside_the_other_data_unless_another_place_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMOTEFACE_DATA_DIR", "somewhere")
    assert load_settings().worker.cache_dir == Path("somewhere/compiled")
    monkeypatch.setenv("EMOTEFACE_INFERENCE__CACHE_DIR", "elsewhere")
    assert load_settings().worker.cache_dir == Path("elsewhere")
