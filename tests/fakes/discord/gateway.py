"""The fake's gateway: HELLO, IDENTIFY, READY, heartbeats, RESUME with replay, and dispatches as the intents allow."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT = 0, 1, 2, 3, 6, 7
INVALID_SESSION, HELLO, HEARTBEAT_ACK = 9, 10, 11
GUILDS, GUILD_EXPRESSIONS, MESSAGE_CONTENT = 1 << 0, 1 << 3, 1 << 15
GUILD_MESSAGES, GUILD_REACTIONS, DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 9, 1 << 10, 1 << 12, 1 << 13
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT
KNOWN_INTENTS = (1 << 26) - 1
NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = 4003, 4004, 4005
DECODE_ERROR, INVALID_SHARD, SHARDING_REQUIRED, INVALID_INTENTS, DISALLOWED_INTENTS = 4002, 4010, 4011, 4013, 4014


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of all guilds; direct conversations (0) are the first one's."""

    id: int = 0
    count: int = 1

    def has(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self.count == self.id


@dataclass(slots=True)
class Session:
    """One identified bot; it outlives its connection, so that it can be resumed."""

    intents: int
    shard: Shard = Shard()
    presence: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sent: list[dict[str, Any]] = field(default_factory=list)
    connection: Connection | None = None

    def dispatch(self, event: str, data: dict[str, Any]) -> None:
        frame = {"op": DISPATCH, "s": len(self.sent) + 1, "t": event, "d": data}
        self.sent.append(frame)
        if self.connection is not None:
            self.connection.send(frame)


class Connection:
    """One websocket; frames leave in the order in which they were queued, compressed when asked for."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.transport = request.transport
        self.session: Session | None = None
        self.is_dropped = False
        self._queue: asyncio.Queue[dict[str, Any] | int] = asyncio.Queue()
        self._zlib = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

    def send(self, frame: dict[str, Any]) -> None:
        self._queue.put_nowait(frame)

    def close(self, code: int) -> None:
        self.is_dropped = True
        self._queue.put_nowait(code)

    async def pump(self) -> None:
        while not isinstance(frame := await self._queue.get(), int):
            text = json.dumps(frame)
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                await self.socket.send_bytes(self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
        await self.socket.close(code=frame)


@dataclass(slots=True)
class GatewayRules:
    """How the gateway judges a bot; tests may change it at any time."""

    token: str
    granted_privileged: int
    heartbeat_interval_ms: int = 41_250
    shards: int = 1  # how many Discord recommends
    max_concurrency: int = 1
    identify_window_s: float = 0.0  # 5 s on the real one: two of one bucket within it, and the second is refused
    guilds_per_shard: int = 2500


class Gateway:
    """All sessions. `ready_data` gives READY's payload, `guilds` the GUILD_CREATE events that follow it."""

    def __init__(
        self,
        rules: GatewayRules,
        ready_data: Callable[[Shard], dict[str, Any]],
        guilds: Callable[[Shard], list[dict[str, Any]]],
        changed: Callable[[], None],
    ) -> None:
        self.rules = rules
        self.sessions: dict[str, Session] = {}
        self.identified: list[dict[str, Any]] = []
        self.too_early = 0  # identifies refused because they came within the window
        self.presences: list[dict[str, Any]] = []
        self.resumed = 0
        self._last_identified: dict[int, float] = {}
        self.connections: set[Connection] = set()
        self._ready_data = ready_data
        self._guilds = guilds
        self._changed = changed

    def dispatch(self, event: str, payload_for: Callable[[int], dict[str, Any] | None], guild_id: int = 0) -> None:
        """Send to the sessions that have the guild what `payload_for(intents)` makes of the event; None is not sent."""
        for session in self.sessions.values():
            if session.shard.has(guild_id) and (data := payload_for(session.intents)) is not None:
                session.dispatch(event, data)

    def drop(self, code: int, *, forget: bool) -> None:
        """Close every connection; `forget` ends the sessions too, so that they cannot be resumed."""
        for connection in self.connections:
            connection.close(code)
        if forget:
            self.sessions.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.add(connection)
        connection.send({"op": HELLO, "d": {"heartbeat_interval": self.rules.heartbeat_interval_ms}})
        async with asyncio.TaskGroup() as group:
            pump = group.create_task(connection.pump())
            try:
                await self._converse(connection)
            finally:
                if not connection.is_dropped:
                    pump.cancel()
                self._leave(connection)
        return socket

    def _leave(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if (session := connection.session) is not None:
            session.connection = None
            if not connection.is_dropped and connection.socket.close_code in {1000, 1001}:  # the bot says goodbye
                self.sessions.pop(session.id, None)
        self._changed()

    async def _converse(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                return
            frame = json.loads(message.data)
            data = frame.get("d")
            match frame.get("op"):
                case 1:
                    connection.send({"op": HEARTBEAT_ACK})
                case 2:
                    self._identify(connection, data)
                case 3 if connection.session is not None:
                    connection.session.presence = data
                    self.presences.append(data)
                case 6:
                    self._resume(connection, data)
                case _ if connection.session is None:
                    connection.close(NOT_AUTHENTICATED)
            self._changed()

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        self.identified.append(data)
        if refusal := self._refusal(connection, data):
            connection.close(refusal)
            return
        shard = Shard(*data.get("shard") or (0, 1))
        if self._is_too_early(shard):
            self.too_early += 1
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        session = connection.session = Session(data["intents"], shard, data.get("presence"), connection=connection)
        if session.presence is not None:
            self.presences.append(session.presence)
        self.sessions[session.id] = session
        session.dispatch("READY", self._ready_data(shard) | {"session_id": session.id})
        if session.intents & GUILDS:
            for guild in self._guilds(shard):
                session.dispatch("GUILD_CREATE", guild)

    def _is_too_early(self, shard: Shard) -> bool:
        bucket, now = shard.id % self.rules.max_concurrency, time.monotonic()
        early = now - self._last_identified.get(bucket, -math.inf) < self.rules.identify_window_s
        self._last_identified[bucket] = now
        return early

    def _refusal(self, connection: Connection, data: dict[str, Any]) -> int | None:
        if connection.session is not None:
            return ALREADY_AUTHENTICATED
        properties = data.get("properties")
        if not isinstance(properties, dict) or not {"os", "browser", "device"} <= properties.keys():
            return DECODE_ERROR
        if data.get("token") != self.rules.token:
            return AUTHENTICATION_FAILED
        shard = data.get("shard") or [0, 1]
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            return INVALID_SHARD
        if len(self._guilds(Shard(*shard))) > self.rules.guilds_per_shard:
            return SHARDING_REQUIRED
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            return INVALID_INTENTS
        return DISALLOWED_INTENTS if intents & PRIVILEGED & ~self.rules.granted_privileged else None

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        session = self.sessions.get(data.get("session_id", ""))
        if data.get("token") != self.rules.token:
            connection.close(AUTHENTICATION_FAILED)
        elif session is None:
            connection.send({"op": INVALID_SESSION, "d": False})
        else:
            self.resumed += 1
            connection.session, session.connection = session, connection
            for frame in session.sent[data["seq"] :]:
                connection.send(frame)
            session.dispatch("RESUMED", {})
