"""A real Policy with the packaged defaults, some of them changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.policy.policy import Policy, PolicyStores
from bot.store.blocks import BlockStore
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from config.servers import ServerSettings
from config.settings import DEFAULTS, RequestsSettings

OPEN = {"cooldown_s": 0, "outstanding_per_user": 32, "outstanding_per_channel": 32, "daily_cost": None}


def server_settings(**changes: Any) -> ServerSettings:
    """The packaged defaults with these instead."""
    packaged = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))["servers"]
    filled = {"prefix": "!", "style": "classic", "allowed_flags": []}
    return ServerSettings.model_validate(packaged | filled | changes)


def policy_on(
    engine: AsyncEngine,
    requests: RequestsSettings | None = None,
    *,
    clock: Callable[[], float] = time.time,
    **changes: Any,
) -> Policy:
    """With the store of this database."""
    stores = PolicyStores(ScopeSettings(engine), RequestStore(engine), BlockStore(engine))
    return Policy(stores, server_settings(**changes), requests or caps(), clock=clock)


def caps(**changes: float) -> RequestsSettings:
    """The packaged `requests` with caps that are out of the way, and these instead."""
    packaged = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))["requests"]
    far = {"max_outstanding": 1000, "max_outstanding_per_scope": 1000, "max_outstanding_per_user": 1000}
    return RequestsSettings.model_validate(packaged | far | changes)
