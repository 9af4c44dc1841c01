"""One connection to NATS that is made again whenever it is lost, and JetStream's API on it.

The client's own reconnecting is off: it gives up for good after some errors, and sends what was published during an
outage long afterwards. Here every connection is a new client; whoever needs subscriptions makes them in a set-up, which
runs on each new connection, and what cannot be sent now is an error now.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from config.queue import QueueSettings
from inference.queue.nats.access import client_options, refusal, server_urls
from inference.queue.nats.replies import NoReply, Replies

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 10.0
SERVER_TIMEOUT_S = 5  # of one of several
REQUEST_TIMEOUT_S = 5.0
FLUSH_TIMEOUT_S = 5
CLOSE_TIMEOUT_S = 2.0
PAUSES_S = (0.1, 2.0)  # between two tries to connect: the first, the longest
PING_S = 2  # a server that misses two of these is gone, whatever TCP says
UNAVAILABLE = 503
LIMIT_REACHED = 10077  # a full stream says 503, too


class Unreachable(Exception):
    """No answer from the server now; it may or may not have got the message."""


class Refused(Exception):
    """The server's answer is no. `err_code` is JetStream's, which its words sometimes have to tell apart."""

    def __init__(self, err_code: int, description: str) -> None:
        super().__init__(f"{description} ({err_code})")
        self.err_code = err_code
        self.description = description


class Connection:
    """Use it while `run` is running. Methods raise Unreachable when there is no connection."""

    def __init__(self, settings: QueueSettings, role: str) -> None:
        """`role` is `bot` or `worker`: answers to one are not for the other's ears."""
        self._settings = settings
        self._role = role
        self._client: Client | None = None
        self._replies: Replies | None = None
        self._set_ups: list[Callable[[], Awaitable[None]]] = []
        self._up = asyncio.Event()
        self._refused = asyncio.Event()
        self._welcome = False
        self.problem: str | None = None
        self._server_clock_s = 0.0  # the server's time less that of our steady clock
        self._has_clock = False

    def add_set_up(self, set_up: Callable[[], Awaitable[None]]) -> None:
        """Call it on every new connection, in the order of adding, before anybody else may use it."""
        self._set_ups.append(set_up)

    @property
    def up(self) -> bool:
        """Connected and set up."""
        return self._up.is_set()

    @property
    def clock_ahead_s(self) -> float:
        """How far this machine's clock is ahead of the server's now, though it may have jumped since they were
        compared."""
        return time.time() - time.monotonic() - self._server_clock_s if self._has_clock else 0.0

    @property
    def max_payload(self) -> int:
        """The largest message the server takes, in bytes."""
        return self._live().max_payload

    async def until_up(self) -> None:
        """Return once there is a connection."""
        await self._up.wait()

    async def until_refused(self) -> str:
        """Return why, once the server refuses who it has never let in, whom it would refuse again and again."""
        await self._refused.wait()
        return self.problem or ""

    async def run(self) -> None:
        """Connect, again and again, until cancelled."""
        failures = 0
        while True:
            closed = asyncio.Event()
            try:
                await self._open(closed)
                failures = 0
                await closed.wait()
                log.warning("nats_connection_lost")
            except (OSError, TimeoutError, Unreachable, Refused) as error:
                failures += 1
                self._failed(error, first=failures == 1)
            finally:
                await self._close()
            first, longest = PAUSES_S
            await asyncio.sleep(min(first * 2.0**failures, longest) * random.uniform(0.5, 1.0))

    def _failed(self, error: Exception, *, first: bool) -> None:
        refused = refusal(error, self._settings)
        if refused and not self._welcome:
            self._refused.set()
        before, self.problem = self.problem, refused or f"NATS does not answer: {_said(error)}"
        if first or (refused and refused != before):
            log.warning("nats_refuses" if refused else "nats_unreachable", problem=self.problem)

    async def request(
        self, subject: str, payload: bytes = b"", headers: Mapping[str, str] | None = None, *, timeout_s: float = 0
    ) -> Msg:
        """Ask and wait for the answer."""
        given = dict(headers) if headers else None
        with _client_call():
            self._live()
            assert self._replies
            return await self._replies.request(subject, payload, given, timeout_s or REQUEST_TIMEOUT_S)

    async def publish(
        self, subject: str, payload: bytes = b"", *, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send, and do not wait until anybody has it."""
        with _client_call():
            await self._live().publish(subject, payload, reply, headers=dict(headers) if headers else None)

    async def subscribe(
        self,
        subject: str,
        heard: Callable[[Msg], Awaitable[None]] | None = None,
        *,
        once: asyncio.Future[Msg] | None = None,
        group: str = "",
    ) -> Subscription:
        """Hear messages one after the other, or only the first as the result of `once`, on this connection."""
        with _client_call():
            if once is not None:
                subscription = await self._live().subscribe(subject, future=once, max_msgs=1)
                await subscription.unsubscribe(limit=1)  # which ends it after that one
                return subscription
            return await self._live().subscribe(subject, queue=group, cb=heard)

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End one of this connection; one of an earlier connection ended with that."""
        with suppress(Unreachable), _client_call():
            await subscription.unsubscribe()

    async def flush(self) -> None:
        """Return once the server has everything that was sent."""
        with _client_call():
            await self._live().flush(FLUSH_TIMEOUT_S)

    def new_inbox(self) -> str:
        """A subject nobody else has."""
        return self._live().new_inbox()

    async def api(self, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request of JetStream's API, `STREAM.INFO.…`. Raise Refused, too."""
        answer = await self.request(f"$JS.API.{what}", json.dumps(body).encode() if body else b"")
        return _accepted(answer)

    async def store(self, subject: str, payload: bytes, headers: Mapping[str, str]) -> int:
        """Publish into the stream that has the subject, and return its sequence there. Raise Refused, too."""
        return int(_accepted(await self.request(subject, payload, headers))["seq"])

    async def stored(self, stream: str, subject: str) -> Msg | None:
        """The last message of the subject in the stream. It carries `Nats-Sequence` and `Nats-Time-Stamp`."""
        return _found(await self.request(f"$JS.API.DIRECT.GET.{stream}.{subject}"))

    async def stored_at(self, stream: str, sequence: int) -> Msg | None:
        """The message with this sequence in the stream, which carries `Nats-Subject`."""
        body = json.dumps({"seq": sequence}).encode()
        return _found(await self.request(f"$JS.API.DIRECT.GET.{stream}", body))

    async def remove(self, stream: str, sequence: int) -> None:
        """Delete a message; one that is gone already changes nothing."""
        with suppress(Refused):
            await self.api(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence, "no_erase": True})

    def set_clock(self, answer: Mapping[str, Any]) -> None:
        """Compare clocks by an answer of the API that has just come and tells the server's time."""
        if said := answer.get("ts"):
            self._server_clock_s = datetime.fromisoformat(str(said)).timestamp() - time.monotonic()
            self._has_clock = True

    @property
    def client(self) -> Client:
        """For what only the library can do."""
        return self._live()

    def _live(self) -> Client:
        if self._client is None or not self._client.is_connected:
            raise Unreachable("not connected")
        return self._client

    async def _open(self, closed: asyncio.Event) -> None:
        async def closing() -> None:
            closed.set()

        failures: list[Exception] = []

        async def failing(error: Exception) -> None:
            failures[:] = [error]
            log.debug("nats_client_failed", problem=_said(error))

        self._client = _Client()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            with _client_call(failures):
                await self._client.connect(
                    servers=server_urls(self._settings),
                    name=f"emoteface {self._role} on {socket.gethostname()}",
                    inbox_prefix=f"_INBOX_{self._role}",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,  # of each server, before `run` pauses
                    reconnect_time_wait=0,
                    connect_timeout=SERVER_TIMEOUT_S,
                    ping_interval=PING_S,
                    max_outstanding_pings=2,
                    closed_cb=closing,
                    error_cb=failing,
                    skip_subject_validation=True,  # all are made here
                    **client_options(self._settings),
                )
                self._replies = Replies(self._client)
                await self._replies.set_up()
        for set_up in self._set_ups:
            await set_up()
        self.problem = None
        self._welcome = True
        self._up.set()
        log.info("nats_connected", version=str(self._client.connected_server_version))

    async def _close(self) -> None:
        self._up.clear()
        client, self._client = self._client, None
        if self._replies:
            self._replies.close()
        if client is not None and not client.is_closed:
            with suppress(Unreachable, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    with _client_call():
                        if client.is_connected:
                            await client.flush()  # what was just sent, acknowledgements above all
                        await client.close()


class _Client(Client):
    """The library's, which would send the password in the clear if somebody in between took TLS off the offer."""

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server does not offer TLS")
        return super()._connect_command()


@contextmanager
def _client_call(failures: Sequence[Exception] = ()) -> Iterator[None]:
    """The library's errors as ours, told by the last of `failures`, if any: its own are of one kind. It also swallows a
    cancellation that comes while it flushes, so look for one."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    except (nats.errors.Error, NoReply, OSError) as error:
        cause = failures[-1] if failures else error
        raise Unreachable(_said(cause)) from cause
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def _accepted(answer: Msg) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(answer.data)
    if error := content.get("error"):
        if error.get("code") == UNAVAILABLE and error.get("err_code") != LIMIT_REACHED:
            raise Unreachable(str(error.get("description")))
        raise Refused(int(error.get("err_code", 0)), str(error.get("description")))
    return content


def _found(answer: Msg) -> Msg | None:
    return None if (answer.headers or {}).get("Status") else answer


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
