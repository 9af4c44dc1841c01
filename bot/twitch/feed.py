"""What EventSub tells, handed on: every event once, to whoever asked for its kind."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import structlog

from bot.twitch.events import ChatMessage, MessageDeleted, Redemption, TwitchEvent, Unreadable, read_notification
from bot.twitch.line import Frame

log = structlog.get_logger(__name__)

E = TypeVar("E", bound=TwitchEvent)
Handler = Callable[[Any], Awaitable[None]]

REMEMBERED = 20_000  # ids of what was handed on: more than comes in the minutes in which Twitch may send it again
WAITING = 5_000  # events that nobody has taken up yet
AT_ONCE = 256  # events in work


class Feed:
    """`count` hears of each frame: its kind, or "repeated", "unreadable", "overflow"."""

    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count
        self._handlers: dict[type, list[Handler]] = defaultdict(list)
        self._events: asyncio.Queue[TwitchEvent] = asyncio.Queue(WAITING)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._free = asyncio.Semaphore(AT_ONCE)

    def on(self, kind: type[E], handler: Callable[[E], Awaitable[None]]) -> None:
        """From now on `handler` hears of these. What it raises is logged and goes no further."""
        self._handlers[kind].append(cast("Handler", handler))

    def take(self, frame: Frame) -> None:
        """A notification came, perhaps not for the first time."""
        try:
            notification = read_notification(frame)
        except Unreadable as error:
            self._count("unreadable")
            log.warning("twitch_event_unreadable", reason=str(error))
            return
        event = notification.event
        if event is None:
            return
        known = [self._is_known(key) for key in (notification.id, _identity(event)) if key]  # notes all of them
        if any(known):
            self._count("repeated")
            return
        self.put(event)

    def put(self, event: TwitchEvent) -> None:
        """Hand this on in its turn."""
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self._count("overflow")
            log.error("twitch_event_dropped", kind=type(event).__name__)
        else:
            self._count(type(event).__name__)

    async def run(self) -> None:
        """Hand on, in the order of arrival, without waiting for the one before to be done."""
        async with asyncio.TaskGroup() as group:
            while True:
                event = await self._events.get()
                for handler in self._handlers[type(event)]:
                    await self._free.acquire()
                    group.create_task(self._call(handler, event))

    async def _call(self, handler: Handler, event: TwitchEvent) -> None:
        try:
            await handler(event)
        except Exception:  # one event's trouble is not the next one's
            log.exception("twitch_event_crashed", kind=type(event).__name__)
        finally:
            self._free.release()

    def _is_known(self, key: str) -> bool:
        known = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known


def _identity(event: TwitchEvent) -> str | None:
    """Of what happened, whatever the frame that tells of it: two subscriptions may, while a session changes."""
    match event:
        case ChatMessage(id=message_id):
            return f"message {message_id}"
        case Redemption(id=redemption_id):
            return f"redemption {redemption_id}"
        case MessageDeleted(message_id=message_id):
            return f"deletion {message_id}"
    return None
