"""Which subscriptions there have to be, which there are, and making the one the other.

https://dev.twitch.tv/docs/api/reference/#get-eventsub-subscriptions
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from twitchio.http import Route

from bot.store.twitch_accounts import AccountKey, TwitchAccount
from bot.twitch import events
from bot.twitch.errors import TwitchDown, TwitchRefused
from bot.twitch.http import HelixHttp, token_for
from bot.twitch.scopes import REWARDS

log = structlog.get_logger(__name__)

_CHAT = (events.CHAT_MESSAGE, events.MESSAGE_DELETED, events.USER_CLEARED, events.CHAT_CLEARED)
_STREAM = (events.STREAM_ONLINE, events.STREAM_OFFLINE)
_VERSION = "1"
_AT_ONCE = 8
_MAX_PAGES = 500  # of 100: more than Twitch lets one application have
REFUSED_REST_S = 600.0  # what Twitch refused is asked for again after this long


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription; `key` is whose token makes it when it goes to a websocket."""

    type: str
    condition: tuple[tuple[str, str], ...]
    key: AccountKey

    @property
    def what(self) -> tuple[Any, ...]:
        """What Twitch lets exist once in each place."""
        return (self.type, self.condition)

    @property
    def channel_id(self) -> str:
        return dict(self.condition)["broadcaster_user_id"]


def wanted_for(channels: Iterable[TwitchAccount], bot: AccountKey) -> Sequence[Wanted]:
    """Everything that is to be heard, as far as the broadcasters have agreed."""
    found: list[Wanted] = []
    for channel in channels:
        where = ("broadcaster_user_id", channel.key.user_id)
        found += [Wanted(kind, (where, ("user_id", bot.user_id)), bot) for kind in _CHAT]
        found += [Wanted(kind, (where,), bot) for kind in _STREAM]
        if REWARDS in channel.scopes:
            found.append(Wanted(events.REDEEMED, (where,), channel.key))
    return found


class _Transport(BaseModel):
    method: str
    session_id: str | None = None
    conduit_id: str | None = None


class _Subscription(BaseModel):
    id: str
    status: str
    type: str
    version: str
    condition: dict[str, str]
    transport: _Transport


@dataclass(frozen=True, slots=True)
class Place:
    """Where subscriptions go: the transport as Helix wants it, and whose token lists and makes them ("": the
    application's)."""

    transport: Mapping[str, str]
    whose: str

    @classmethod
    def of_websocket(cls, session_id: str, key: AccountKey) -> Place:
        return cls({"method": "websocket", "session_id": session_id}, token_for(key))

    @classmethod
    def of_conduit(cls, conduit_id: str) -> Place:
        return cls({"method": "conduit", "conduit_id": conduit_id}, "")


class Reconciler:
    """Makes what there is what there has to be."""

    def __init__(self, http: HelixHttp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._refused: dict[tuple[Any, ...], tuple[float, Wanted]] = {}  # as many as are wanted

    @property
    def refused(self) -> Mapping[str, Sequence[str]]:
        """Channel id → the types that Twitch does not let it have."""
        found: dict[str, list[str]] = {}
        for _, wanted in self._refused.values():
            found.setdefault(wanted.channel_id, []).append(wanted.type)
        return found

    async def reconcile(self, place: Place, wanted: Iterable[Wanted]) -> int:
        """Create and delete; how many were created. Raise TwitchDown or NotAuthorized, having done what it could."""
        needed = {each.what: each for each in wanted}
        for found in await self._listed(place.whose):
            what = (found.type, tuple(sorted(found.condition.items())))
            here = found.transport.model_dump(exclude_none=True) == place.transport
            if here and found.status == "enabled" and what in needed:
                del needed[what]
                self._refused.pop(what, None)
            elif here or (found.status != "enabled" and found.transport.method == place.transport["method"]):
                await self._delete(found.id, place.whose)
        made = [partial(self._create, each, place) for each in needed.values()]
        return sum(await _some_at_once(made))

    def forget(self, channel_id: str) -> None:
        """The channel came anew or left: what was refused may be allowed now."""
        self._refused = {what: each for what, each in self._refused.items() if each[1].channel_id != channel_id}

    async def _listed(self, whose: str) -> list[_Subscription]:
        found: list[_Subscription] = []
        params: dict[str, str] = {}
        for _ in range(_MAX_PAGES):
            route = Route("GET", "eventsub/subscriptions", params=dict(params), token_for=whose)
            answer = await self._http.request_json(route)
            try:
                found += [_Subscription.model_validate(each) for each in answer["data"]]
                cursor = answer.get("pagination", {}).get("cursor")
            except (ValidationError, KeyError, TypeError, AttributeError):
                raise TwitchDown from None
            if not cursor:
                break
            params["after"] = str(cursor)
        return found

    async def _delete(self, subscription_id: str, whose: str) -> None:
        try:
            await self._http.delete_eventsub_subscription(subscription_id, token_for=whose)
        except TwitchRefused as error:
            if error.status != 404:  # somebody else was faster
                log.warning("twitch_unsubscribing_refused", status=error.status)

    async def _create(self, wanted: Wanted, place: Place) -> bool:
        refused_at, _ = self._refused.get(wanted.what, (-REFUSED_REST_S, wanted))
        if self._clock() < refused_at + REFUSED_REST_S:
            return False
        body = {
            "type": wanted.type,
            "version": _VERSION,
            "condition": dict(wanted.condition),
            "transport": dict(place.transport),
        }
        try:
            await self._http.request_json(Route("POST", "eventsub/subscriptions", json=body, token_for=place.whose))
        except TwitchRefused as error:
            if error.status == 409:
                return True
            self._refused[wanted.what] = (self._clock(), wanted)
            log.warning(
                "twitch_subscription_refused",
                type=wanted.type,
                channel_id=wanted.channel_id,
                status=error.status,
                reason=error.words,
            )
            return False
        self._refused.pop(wanted.what, None)
        return True


async def _some_at_once(works: Sequence[Callable[[], Awaitable[bool]]]) -> list[bool]:
    """All of them are done, whatever becomes of the others; then the first error is raised."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def through(work: Callable[[], Awaitable[bool]]) -> bool:
        async with gate:
            return await work()

    outcomes = await asyncio.gather(*map(through, works), return_exceptions=True)
    errors = [each for each in outcomes if isinstance(each, BaseException)]
    if errors:
        raise errors[0]
    return [bool(each) for each in outcomes]
