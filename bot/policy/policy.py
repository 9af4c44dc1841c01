"""What is allowed where. Every way of asking goes through `check`, every change through `set` and is written down."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
import yaml

from bot import errors
from bot.models import Origin, Platform, Rank, Standing, Way
from bot.policy.blocking import Blocking
from bot.policy.limits import Limits
from bot.policy.settings import EVERYWHERE, SETTINGS, EffectiveSettings, Level, checked, merged, platform_of
from bot.store.audit import AuditEntry
from bot.store.blocks import BlockStore
from bot.store.requests import RequestStore
from bot.store.scope_settings import WHOLE_SCOPE, StoredSetting
from config.servers import ServerSettings
from config.settings import RequestsSettings

log = structlog.get_logger(__name__)


class SettingsStore(Protocol):
    """`bot.store.scope_settings.ScopeSettings`, which says what they do, or a cache before it."""

    async def find(self, scope_ids: Collection[str], channel_ids: Collection[str]) -> list[StoredSetting]: ...

    async def all(self, scope_id: str) -> list[StoredSetting]: ...

    async def set(self, setting: StoredSetting, entry: AuditEntry) -> None: ...

    async def remove(self, setting: StoredSetting, entry: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class PolicyStores:
    """What decides lies in the store; of settings the latest may be in memory, for as long as they hold."""

    settings: SettingsStore
    requests: RequestStore
    blocks: BlockStore


@dataclass(frozen=True, slots=True)
class Permit:
    """Somebody may ask: under these `limits`, once more, when the request is committed, and with what is set `here`."""

    here: EffectiveSettings
    limits: Limits


class Policy:
    """One per process; several processes may share its store, and soon see each other's changes."""

    def __init__(
        self,
        stores: PolicyStores,
        defaults: ServerSettings,
        requests: RequestsSettings,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._stores = stores
        self._defaults = defaults
        self._requests = requests
        self._clock = clock
        self._listeners: list[Callable[[AuditEntry], None]] = []
        self.blocking = Blocking(stores.blocks, clock=clock, changed=self.announce)

    def watch(self, listener: Callable[[AuditEntry], None]) -> None:
        """Call it after every change that this process makes; it must return at once."""
        self._listeners.append(listener)

    def announce(self, entry: AuditEntry) -> None:
        """Tell the listeners of a change that has been written down."""
        for listener in self._listeners:
            listener(entry)

    async def effective(
        self, scope_id: str, channel_id: str | None = None, parent_channel_id: str | None = None
    ) -> EffectiveSettings:
        """The settings in force in a channel, or in the server as a whole. A thread has those of the channel it belongs
        to, its parent, unless it was given some of its own."""
        channels = [each for each in (parent_channel_id, channel_id) if each]
        rows = await self._stores.settings.find((EVERYWHERE, scope_id), channels)
        places = [(EVERYWHERE, WHOLE_SCOPE), (scope_id, WHOLE_SCOPE), *((scope_id, each) for each in channels)]
        found = {(row.scope_id, row.channel_id, row.name): row for row in rows}
        narrowing = sorted(found.values(), key=lambda row: places.index((row.scope_id, row.channel_id)))
        return merged(self._defaults, narrowing)

    async def set(self, scope_id: str, channel_id: str | None, name: str, value: Any, by_user_id: str) -> None:
        """Set a value for a channel, or for the server (`channel_id` None); it counts at once, everywhere.

        The caller has made sure that this user may. Raise InvalidSetting.
        """
        value = self._settable(scope_id, channel_id, name, value)
        setting = StoredSetting(scope_id, channel_id or WHOLE_SCOPE, name, value)
        entry = self._entry("setting_set", setting, by_user_id, {"value": value})
        await self._stores.settings.set(setting, entry)
        log.info("scope_setting_set", scope_id=scope_id, channel_id=channel_id, name=name)
        self.announce(entry)

    async def reset(self, scope_id: str, channel_id: str | None, name: str, by_user_id: str) -> None:
        """Take a value back to that of the wider place. Raise InvalidSetting for an unknown name."""
        if name not in SETTINGS:
            raise errors.InvalidSetting(name)
        setting = StoredSetting(scope_id, channel_id or WHOLE_SCOPE, name, None)
        entry = self._entry("setting_reset", setting, by_user_id, {})
        await self._stores.settings.remove(setting, entry)
        log.info("scope_setting_reset", scope_id=scope_id, channel_id=channel_id, name=name)
        self.announce(entry)

    async def stored(self, scope_id: str) -> list[StoredSetting]:
        """What was set in the server and its channels, and nothing that is inherited."""
        return await self._stores.settings.all(scope_id)

    async def export(self, scope_id: str) -> str:
        """What was set in the server and its channels, as YAML; nothing of it is secret."""
        server, channels = dict[str, Any](), dict[str, dict[str, Any]]()
        for row in await self._stores.settings.all(scope_id):
            place = server if row.channel_id == WHOLE_SCOPE else channels.setdefault(row.channel_id, {})
            place[row.name] = row.value
        return yaml.safe_dump({"server": server, "channels": channels}, sort_keys=False, allow_unicode=True)

    async def check(self, origin: Origin, standing: Standing, retry_after_s: float) -> Permit:
        """Whether this person may ask here and now. Raise a RequestRefused, or Busy with this wait."""
        here = await self.effective(origin.scope_id, origin.channel_id, standing.parent_channel_id)
        if here.is_paused(self._clock()):
            raise errors.Paused
        await self.blocking.check_asker(origin, standing)
        if not here.enabled or not _way_is_open(here, standing.way):
            raise errors.ChannelDisabled
        if here.ask_role_ids and standing.role_ids.isdisjoint(here.ask_role_ids):
            raise errors.RoleRequired
        if standing.rank is not None and standing.rank < Rank[here.ask_from.upper()]:
            raise errors.RankRequired(here.ask_from)
        if here.online_only and not standing.live:
            raise errors.StreamOffline
        limits = self._limits(origin, standing, here, retry_after_s)
        limits.check(await self._stores.requests.usage(origin, limits), 1)
        return Permit(here, limits)

    def _limits(self, origin: Origin, standing: Standing, here: EffectiveSettings, retry_after_s: float) -> Limits:
        now, instance = self._clock(), self._requests
        limits = Limits(
            now=now,
            live_since=now - instance.recover_max_age_s - instance.deadline_s,
            retry_after_s=retry_after_s,
            waiting=instance.max_outstanding,
            waiting_in_scope=instance.max_outstanding_per_scope,
            waiting_of_user=instance.max_outstanding_per_user,
        )
        if origin.platform in _PRIVATE:
            return limits
        return replace(
            limits,
            waiting_in_channel=here.outstanding_per_channel,
            waiting_of_user_here=here.outstanding_per_user,
            cooldown_s=0.0 if standing.manages or standing.way is Way.REWARD else here.cooldown_s,
            daily_cost=here.daily_cost,
        )

    def _settable(self, scope_id: str, channel_id: str | None, name: str, value: Any) -> Any:
        if name not in SETTINGS:
            raise errors.InvalidSetting(name)
        level = Level.INSTANCE if scope_id == EVERYWHERE else Level.CHANNEL if channel_id else Level.SERVER
        if level not in SETTINGS[name].levels or not _is_set_there(name, scope_id):
            raise errors.InvalidSetting(name)
        value = checked(self._defaults, name, value)
        most = self._defaults.daily_cost
        if name == "daily_cost" and most is not None and (value is None or value > most):
            raise errors.InvalidSetting(name, most)  # a server cannot give itself more of the machine
        return value

    def _entry(self, action: str, setting: StoredSetting, user_id: str, detail: Mapping[str, Any]) -> AuditEntry:
        where = {"channel_id": setting.channel_id} if setting.channel_id != WHOLE_SCOPE else {}
        return AuditEntry(
            setting.scope_id, user_id, self._clock(), action, {"setting": setting.name, **where, **detail}
        )


_PRIVATE = {Platform.CLI, Platform.WEB}  # no servers with admins: only the instance's own caps hold


def _is_set_there(name: str, scope_id: str) -> bool:
    return scope_id == EVERYWHERE or platform_of(scope_id) in SETTINGS[name].platforms


def _way_is_open(here: EffectiveSettings, way: Way) -> bool:
    match way:
        case Way.PREFIX:
            return here.prefix_enabled
        case Way.REACTION:
            return here.reaction_emoji is not None
        case _:
            return True
