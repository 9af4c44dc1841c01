"""Secrets from files, as containers get them: EMOTEFACE_DISCORD__TOKEN_FILE=/run/secrets/discord_token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableSource

_MAX_BYTES = 65_536
_SUFFIX = "_file"


class EnvironmentAndFiles(EnvSettingsSource):
    """The environment; of every setting that is a secret, the variable with `_FILE` names a file with the value. An
    empty file means "not set", as an empty variable does."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        """Names are in lower case here. The newline at a file's end is none of the secret."""
        variables = dict(super()._load_env_vars())
        for secret in _secrets(self.settings_cls, self.env_prefix.lower()):
            if path := variables.pop(secret + _SUFFIX, None):
                if variables.get(secret) is not None:
                    raise UnreadableSource(f"{secret.upper()} is set, and so is {(secret + _SUFFIX).upper()}")
                if content := _content(secret + _SUFFIX, Path(path)):
                    variables[secret] = content
        return variables


def _secrets(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _secrets(kind, f"{prefix}{name}__")
        elif SecretStr in (kind, *get_args(kind)):
            yield prefix + name


def _content(variable: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MAX_BYTES).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise UnreadableSource(f"{variable.upper()} names a file that cannot be read: {type(error).__name__}") from None
