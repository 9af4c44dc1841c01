"""Typed settings from three places: the defaults of `emoteface.yaml`, a file of yours, the environment (strongest).

Loaded once in `main` and handed down as sections; there is no global instance.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableSource

from config.outside import OutsideSocketUrl, OutsideUrl
from config.queue import QueueSettings
from config.secret_files import EnvironmentAndFiles
from config.section import Positive, Section
from config.servers import ServerSettings, Snowflake
from config.store import PicturesSettings, StoreSettings
from config.twitch import TwitchSettings
from config.web import WebSettings

CONFIG_VARIABLE = "EMOTEFACE_CONFIG"
ENV_PREFIX = "EMOTEFACE_"
DEFAULTS = files("config") / "emoteface.yaml"


class SettingsError(ValueError):
    """The settings cannot be used; the text names every offending key and never shows a value."""


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"]
    format: Literal["auto", "console", "json"]


class DiscordSettings(Section):
    token: SecretStr | None
    prefix: str = Field(min_length=1, max_length=8, pattern=r"^\S+$")
    shard_count: int | None = Field(ge=1, le=16_384)
    shard_ids: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(min_length=1)
    client_id: Snowflake | None
    client_secret: SecretStr | None
    authorize_url: OutsideUrl
    api_url: OutsideUrl
    gateway_url: OutsideSocketUrl
    cdn_url: OutsideUrl
    media_url: OutsideUrl

    @field_validator("shard_ids")
    @classmethod
    def _of_the_count(cls, shard_ids: tuple[int, ...] | None, given: ValidationInfo) -> tuple[int, ...] | None:
        count = given.data.get("shard_count")
        if shard_ids is not None and (count is None or max(shard_ids) >= count or len(set(shard_ids)) < len(shard_ids)):
            raise ValueError("must be different numbers below shard_count, which must be set too")
        return shard_ids


class EmoteApiSettings(Section):
    enabled: bool
    api_url: OutsideUrl
    cdn_url: OutsideUrl


class EmotesSettings(Section):
    bttv: EmoteApiSettings
    ffz: EmoteApiSettings
    seventv: EmoteApiSettings
    allowed_flags: frozenset[Literal["sexual", "epilepsy", "edgy", "twitch_disallowed", "unlisted"]]
    blocked_words: tuple[str, ...]
    catalogue_timeout_s: float = Field(gt=0)
    catalogue_refresh_s: float = Field(ge=300, le=3600)
    max_catalogued: int = Field(ge=20_000)
    download_timeout_s: float = Field(gt=0)
    max_download_bytes: Positive
    decode_timeout_s: float = Field(gt=0)
    decode_memory_mb: int = Field(ge=128)
    decoders: Positive
    crop: Literal["pad", "square"]
    matte: Literal["grey", "white", "dark", "dominant"]
    cache_mb: int = Field(ge=0)


class RequestsSettings(Section):
    deadline_s: float = Field(gt=0)
    recover_max_age_s: float = Field(ge=0)
    max_outstanding: Positive
    max_outstanding_per_scope: Positive
    max_outstanding_per_user: Positive
    keep_requests_days: float = Field(ge=1)
    keep_audit_days: float = Field(gt=0)
    keep_pictures_h: float = Field(gt=0)
    max_pictures_mb: Positive
    keep_gallery_days: float = Field(gt=0)
    max_gallery_mb: Positive


class GuessingSettings(Section):
    round_s: float = Field(gt=0)
    pause_s: float = Field(ge=0)
    max_rounds: int = Field(gt=0, le=256)
    max_rounds_per_scope: Positive


class OperatorSettings(Section):
    """Who runs this instance: shown on the privacy page; the users may do what `bot.discord.operating` offers."""

    name: str | None = Field(max_length=100)
    contact: str | None = Field(max_length=200)
    discord_user_ids: frozenset[Snowflake]


class InferenceSettings(Section):
    runtime: str = Field(pattern=r"^(auto|openvino|torch|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$")
    threads: int = Field(ge=0)
    max_batch: Positive
    fill_ms: float = Field(ge=0)
    batch_timeout_s: float = Field(gt=0)
    start_timeout_s: float = Field(gt=0)
    cache_dir: Path | None
    gpu_memory_mb: Positive | None = None
    style: Literal["classic", "real", "cursed"]
    realism: float | None = Field(ge=0, le=1)


class ShutdownSettings(Section):
    grace_s: float = Field(ge=0)


class Settings(BaseSettings):
    """All sections. `emoteface.yaml` explains every value, its unit and its default."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,  # `TOKEN=${TOKEN:-}` in a compose file means "not set"
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_dir: Path
    log: LogSettings
    web: WebSettings
    discord: DiscordSettings
    twitch: TwitchSettings
    emotes: EmotesSettings
    requests: RequestsSettings
    guessing: GuessingSettings
    servers: ServerSettings
    operator: OperatorSettings
    queue: QueueSettings
    inference: InferenceSettings
    store: StoreSettings
    pictures: PicturesSettings
    shutdown: ShutdownSettings

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *args: PydanticBaseSettingsSource, **kwargs: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over the user's file over the packaged defaults."""
        return tuple(source for _, source in _sources(settings_cls))

    @property
    def worker(self) -> InferenceSettings:
        """The section `inference`, with the place for compiled networks in force."""
        cache_dir = self.inference.cache_dir or self.data_dir / "compiled"
        return self.inference.model_copy(update={"cache_dir": cache_dir})

    @property
    def server_defaults(self) -> ServerSettings:
        """The section `servers`; what it leaves to other sections is filled in from there."""
        elsewhere: dict[str, object] = {
            "prefix": self.discord.prefix,
            "style": self.inference.style,
            "realism": self.inference.realism if self.servers.style is None else None,
            "allowed_flags": tuple(sorted(self.emotes.allowed_flags)),
        }
        missing = {name: value for name, value in elsewhere.items() if getattr(self.servers, name) is None}
        return self.servers.model_copy(update=missing)

    @property
    def store_url(self) -> str:
        """The SQLAlchemy URL in force."""
        given = self.store.url
        return given.get_secret_value() if given else f"sqlite+aiosqlite:///{self.data_dir / 'emoteface.db'}"


def load_settings() -> Settings:
    """Read all sources; raise SettingsError naming each bad key (never its value, which may be a secret)."""
    _refuse_unknown_variables()
    try:
        return Settings()  # type: ignore[call-arg]  # the values come from the sources
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {_reason(e['type'], e['msg'])}" for e in error.errors()]
        raise SettingsError("\n".join(problems)) from None
    except UnreadableSource as error:  # a whole section given as JSON that is none
        raise SettingsError(str(error)) from None


def _refuse_unknown_variables() -> None:
    """pydantic-settings only sees the variables it knows, so a typo in a section's name would pass unnoticed."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG_VARIABLE}
    sections = known - {CONFIG_VARIABLE, f"{ENV_PREFIX}DATA_DIR"}
    given = (name.upper() for name in os.environ if name.upper().startswith(ENV_PREFIX))
    unknown = sorted(name for name in given if name not in known and name.partition("__")[0] not in sections)
    if unknown:
        raise SettingsError("\n".join(f"{name}: there is no such setting" for name in unknown))


def _reason(kind: str, message: str) -> str:
    return "there is no such setting" if kind == "extra_forbidden" else message


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One line of `emoteface settings`: dotted name, value with secrets masked, and where the value came from."""

    name: str
    value: str
    origin: str


def effective_settings(settings: Settings) -> Iterator[EffectiveSetting]:
    """Every setting in force, in the order of the packaged file."""
    given = [(origin, dict(_flatten(source()))) for origin, source in _sources(Settings)]
    for name, value in _flatten(settings.model_dump()):
        origin = next((origin for origin, values in given if name in values), "default")
        shown = "(set, hidden)" if isinstance(value, SecretStr) else "" if value is None else str(value)
        yield EffectiveSetting(name, shown, origin)


def _sources(settings_cls: type[BaseSettings]) -> list[tuple[str, PydanticBaseSettingsSource]]:
    sources: list[tuple[str, PydanticBaseSettingsSource]] = [("environment", EnvironmentAndFiles(settings_cls))]
    if path := os.environ.get(CONFIG_VARIABLE):
        sources.append((path, _user_file(settings_cls, path)))
    sources.append(("default", YamlConfigSettingsSource(settings_cls, yaml_file=Path(str(DEFAULTS)))))
    return sources


def _user_file(settings_cls: type[BaseSettings], path: str) -> YamlConfigSettingsSource:
    if not Path(path).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {path}, which is not a file")
    try:
        return YamlConfigSettingsSource(settings_cls, yaml_file=path)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise SettingsError(f"cannot read {path}: {type(error).__name__}") from None
    except (AttributeError, TypeError, ValueError):  # pydantic-settings takes the top level for a mapping
        raise SettingsError(f"{path} is not a list of `name: value` lines") from None


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
