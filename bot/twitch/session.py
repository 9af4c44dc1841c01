"""Being connected: lines open, subscriptions as they have to be, until a line is lost or the plan has another shape."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from twitchio.http import Route

from bot.store.twitch_accounts import AccountKey, TwitchAccounts
from bot.twitch.errors import NotAuthorized, TwitchDown, TwitchRefused
from bot.twitch.http import HelixHttp
from bot.twitch.line import Frame, Line, LineLost
from bot.twitch.plan import Plan
from bot.twitch.subscriptions import Place, Reconciler
from bot.twitch.tokens import Tokens

log = structlog.get_logger(__name__)

MIN_CHECKED, CHECKED_WITHIN_ROUNDS = 20, 30  # accounts looked at in a round: all of them in half an hour
SHARD_ID = "0"  # one shard carries all: what it cannot, this process could not, either


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What every session shares."""

    http: HelixHttp
    tokens: Tokens
    accounts: TwitchAccounts
    reconciler: Reconciler
    eventsub_url: str
    notified: Callable[[Frame], None]
    revoked: Callable[[Frame], None]
    up: Callable[[], None]
    replan: Callable[[], Awaitable[Plan]]
    round_s: float


class Session:
    """One connection, or one for each token. `is_up` once everything wanted was asked for."""

    def __init__(self, parts: SessionParts, plan: Plan, wake: asyncio.Event) -> None:
        self._parts = parts
        self._plan = plan
        self._wake = wake
        self._places: dict[AccountKey | None, Place] = {}
        self._lines: list[Line] = []
        self.is_up = False

    async def run(self) -> None:
        """Return when another session has to take over. Raise LineLost, TwitchDown, TwitchRefused, NotAuthorized."""
        try:
            await (self._open_conduit() if self._plan.uses_conduit else self._open_websockets())
            await _first_of([*(line.run() for line in self._lines), self._rounds()])
        finally:
            self.is_up = False
            for line in self._lines:
                await line.close()

    async def _open_websockets(self) -> None:
        if (conduit_id := await self._parts.accounts.conduit_id()) is not None and self._plan.has_app:
            await self._leave_conduit(conduit_id)
        for key in {each.key: None for each in self._plan.wanted}:
            self._places[key] = Place.of_websocket(await self._new_line(), key)

    async def _open_conduit(self) -> None:
        conduit_id = await self._conduit()
        session_id = await self._new_line()
        shard = {"id": SHARD_ID, "transport": {"method": "websocket", "session_id": session_id}}
        body = {"conduit_id": conduit_id, "shards": [shard]}
        route = Route("PATCH", "eventsub/conduits/shards", json=body)
        if not _listed(await self._parts.http.request_json(route)):  # what is wrong with it stands beside
            raise TwitchDown
        self._places[None] = Place.of_conduit(conduit_id)

    async def _conduit(self) -> str:
        """Ours, if it is still there; the application may have others, which are somebody else's."""
        known = await self._parts.accounts.conduit_id()
        there = _listed(await self._parts.http.request_json(Route("GET", "eventsub/conduits")))
        if known is not None and known in there:
            return known
        route = Route("POST", "eventsub/conduits", json={"shard_count": 1})
        made = next(iter(_listed(await self._parts.http.request_json(route))), None)
        if made is None:
            raise TwitchDown
        await self._parts.accounts.keep_conduit(made)
        log.info("twitch_conduit_made")
        return made

    async def _leave_conduit(self, conduit_id: str) -> None:
        """With it go its subscriptions."""
        try:
            await self._parts.http.delete_conduit(conduit_id)
        except TwitchRefused as error:
            if error.status != 404:
                raise
        await self._parts.accounts.forget_conduit()

    async def _new_line(self) -> str:
        parts = self._parts
        line = Line(parts.http, parts.eventsub_url, notified=parts.notified, revoked=parts.revoked)
        self._lines.append(line)
        return await line.open()

    async def _rounds(self) -> None:
        await self._round(self._plan)
        self.is_up = True
        self._parts.up()
        log.info("twitch_connected", channels=len(self._plan.channels), conduit=self._plan.uses_conduit)
        while True:
            try:
                await self._check_accounts(self._plan)
                await self._until_next()
                plan = await self._parts.replan()
                if plan.shape != self._plan.shape or plan.is_idle:
                    return
                self._plan = plan
                await self._check_shard()
                await self._round(plan)
            except TwitchDown as error:  # the lines may be fine; the next round will see
                log.warning("twitch_round_failed", status=error.status)
                await self._until_next()

    async def _until_next(self) -> None:
        try:
            async with asyncio.timeout(self._parts.round_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _round(self, plan: Plan) -> None:
        for key, place in self._places.items():
            wanted = [each for each in plan.wanted if key in {None, each.key}]
            created = await self._parts.reconciler.reconcile(place, wanted)
            if created:
                log.info("twitch_subscribed", subscriptions=created)

    async def _check_accounts(self, plan: Plan) -> None:
        """Those that were not asked about for the longest time. A channel that is lost is dropped by `Tokens`, and the
        next plan is without it."""
        accounts = [each.key for each in (plan.bot, *plan.channels) if each is not None]
        for key in self._parts.tokens.most_dubious(accounts, max(MIN_CHECKED, len(accounts) // CHECKED_WITHIN_ROUNDS)):
            try:
                await self._parts.tokens.validate(key)
            except NotAuthorized:
                if plan.bot is None or key == plan.bot.key or not plan.uses_conduit:
                    raise

    async def _check_shard(self) -> None:
        """Twitch disables a shard whose websocket it thinks gone, whatever we think."""
        for place in self._places.values():
            conduit_id = place.transport.get("conduit_id")
            if conduit_id is None:
                continue
            params = {"conduit_id": conduit_id, "status": "enabled"}
            route = Route("GET", "eventsub/conduits/shards", params=params)
            try:
                shards = _listed(await self._parts.http.request_json(route))
            except TwitchRefused:  # there is no such conduit any more
                shards = {}
            if SHARD_ID not in shards:
                raise LineLost


def _listed(answer: Any) -> dict[str, Any]:
    """What an answer lists, by id. Raise TwitchDown for what is no list."""
    try:
        return {str(each["id"]): each for each in answer["data"]}
    except (KeyError, TypeError):
        raise TwitchDown from None


async def _first_of(works: list[Coroutine[Any, Any, None]]) -> None:
    """Until one of them returns or raises; the others end."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
