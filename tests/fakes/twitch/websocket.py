"""EventSub's websocket: welcome, keepalive, notifications, reconnects, revocations, and Twitch's reasons to close.

https://dev.twitch.tv/docs/eventsub/handling-websocket-events/
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.world import Subscription, new_uuid, timestamp

PATH = "/ws"
INBOUND_TRAFFIC, UNUSED, RECONNECT_EXPIRED, INVALID_RECONNECT = 4001, 4003, 4004, 4007


@dataclass(slots=True, eq=False)
class Session:
    """Outlives its connection when Twitch asks to reconnect. `frames` are those that were sent, the last ones last."""

    keepalive_s: float
    id: str = field(default_factory=lambda: f"AgoQ{secrets.token_urlsafe(24)}")
    queue: asyncio.Queue[dict[str, Any] | int] = field(default_factory=asyncio.Queue)
    socket: web.WebSocketResponse | None = None
    is_open: bool = True
    reconnect_id: str | None = None
    frames: list[dict[str, Any]] = field(default_factory=list)


class EventSockets:
    """All sessions. `unused_s` is how long one may have no subscription; `keepalive_s` replaces what a client asks."""

    def __init__(self, state: TwitchState) -> None:
        self._state = state
        self.sessions: dict[str, Session] = {}
        self.connects = 0
        self.unused_s = 10.0
        self.keepalive_s: float | None = None
        self.refuse = 0  # so many connections get no welcome but 503
        self.origin = ""

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._handle)]

    @property
    def open(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.is_open and session.socket is not None]

    def drop(self, code: int) -> None:
        """Close every connection; their subscriptions end, as on the real one."""
        for session in self.open:
            session.is_open = False
            session.queue.put_nowait(code)

    def ask_to_reconnect(self, *, dead: bool = False) -> None:
        """Twitch moves the sessions to another server; with `dead` that one is not there."""
        for session in self.open:
            session.reconnect_id = secrets.token_hex(8)
            where = "127.0.0.1:1" if dead else self.origin
            url = f"ws://{where}{PATH}?reconnect_id={session.reconnect_id}"
            self._send(session, "session_reconnect", {"session": self._about(session, "reconnecting", url)})

    def notify(self, subscription: Subscription, event: dict[str, Any], *, times: int = 1) -> bool:
        """Send an event; more than once, as Twitch may. False when nobody carries it."""
        session = self._carrier(subscription)
        if session is None:
            return False
        extra = {"subscription_type": subscription.type, "subscription_version": subscription.version}
        frame = _frame("notification", {"subscription": subscription.to_json(), "event": event}, **extra)
        for _ in range(times):
            session.queue.put_nowait(frame)
        return True

    def revoke(self, subscription: Subscription, status: str) -> None:
        """Twitch ends a subscription and says so."""
        subscription.status = status
        self._state.subscriptions.pop(subscription.id, None)
        if (session := self._carrier(subscription)) is not None:
            extra = {"subscription_type": subscription.type, "subscription_version": subscription.version}
            session.queue.put_nowait(_frame("revocation", {"subscription": subscription.to_json()}, **extra))

    def send_raw(self, text: str) -> None:
        """A frame as it is, to every session."""
        for session in self.open:
            session.queue.put_nowait({"raw": text})

    def shard_status(self, session_id: str) -> str:
        session = self.sessions.get(session_id)
        return "enabled" if session is not None and session.is_open else "websocket_disconnected"

    def _carrier(self, subscription: Subscription) -> Session | None:
        ids = [subscription.session_id]
        if subscription.conduit_id is not None:
            conduit = self._state.conduits.get(subscription.conduit_id)
            ids = [] if conduit is None else [conduit.shards[shard] for shard in sorted(conduit.shards)]
        open_ids = [each for each in ids if each in self.sessions and self.sessions[each].is_open]
        if not open_ids:
            return None
        channel = subscription.condition.get("broadcaster_user_id", "0")
        return self.sessions[str(open_ids[int(channel) % len(open_ids)])]

    def _send(self, session: Session, kind: str, payload: dict[str, Any]) -> None:
        session.queue.put_nowait(_frame(kind, payload))

    def _about(self, session: Session, status: str, url: str | None) -> dict[str, Any]:
        alive = None if status == "reconnecting" else int(session.keepalive_s) or 1
        return {
            "id": session.id,
            "status": status,
            "keepalive_timeout_seconds": alive,
            "reconnect_url": url,
            "connected_at": timestamp(),
        }

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.refuse:
            self.refuse -= 1
            raise web.HTTPServiceUnavailable
        self.connects += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = self._session_for(request)
        if session is None:
            await socket.close(code=INVALID_RECONNECT)
            return socket
        before, session.socket = session.socket, socket
        self._send(session, "session_welcome", {"session": self._about(session, "connected", None)})
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._pump(session, socket)), group.create_task(self._watch_use(session))]
            if before is not None:
                tasks.append(group.create_task(_close_later(before)))
            await self._listen(session, socket)
            if session.socket is socket:
                self._end(session)
            for task in tasks:
                task.cancel()
        self._state.changed()
        return socket

    def _session_for(self, request: web.Request) -> Session | None:
        if (wanted := request.query.get("reconnect_id")) is not None:
            found = next((s for s in self.sessions.values() if s.is_open and s.reconnect_id == wanted), None)
            if found is not None:
                found.reconnect_id = None
                found.queue = asyncio.Queue()
            return found
        asked = min(600.0, max(10.0, float(request.query.get("keepalive_timeout_seconds", 10))))
        session = Session(asked if self.keepalive_s is None else self.keepalive_s)
        self.sessions[session.id] = session
        return session

    def _end(self, session: Session) -> None:
        session.is_open = False
        for subscription in [each for each in self._state.subscriptions.values() if each.session_id == session.id]:
            subscription.status = "websocket_disconnected"

    async def _pump(self, session: Session, socket: web.WebSocketResponse) -> None:
        queue = session.queue
        while True:
            try:
                async with asyncio.timeout(session.keepalive_s):
                    frame = await queue.get()
            except TimeoutError:
                frame = _frame("session_keepalive", {})
            if isinstance(frame, int):
                await socket.close(code=frame)
                return
            session.frames.append(frame)
            await socket.send_str(frame["raw"] if "raw" in frame else json.dumps(frame))

    async def _watch_use(self, session: Session) -> None:
        await asyncio.sleep(self.unused_s)
        carried = any(session.id in conduit.shards.values() for conduit in self._state.conduits.values())
        if not carried and not any(each.session_id == session.id for each in self._state.subscriptions.values()):
            session.is_open = False
            session.queue.put_nowait(UNUSED)

    async def _listen(self, session: Session, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                self._state.complaints.append("a client sent something to EventSub")
                session.queue.put_nowait(INBOUND_TRAFFIC)


async def _close_later(socket: web.WebSocketResponse) -> None:
    """After 30 s, when the client did not close the old connection itself."""
    await asyncio.sleep(30)
    await socket.close(code=RECONNECT_EXPIRED)


def _frame(kind: str, payload: dict[str, Any], **more: str) -> dict[str, Any]:
    metadata = {"message_id": new_uuid(), "message_type": kind, "message_timestamp": timestamp(), **more}
    return {"metadata": metadata, "payload": payload}
