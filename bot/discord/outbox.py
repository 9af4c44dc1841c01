"""What is posted in a channel is rationed; where answers pile up behind that, those that wait share one message."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

import discord

from bot.discord.client import FaceBot
from bot.discord.pacing import Pacing
from bot.discord.posting import Content, Place, is_too_large, nonce_of, post
from bot.discord.shared import MAX_SHARED, Shared

_MAX_IDLE_CHANNELS = 512  # more are tidied away
_MAX_SHARED_BYTES = 9_000_000  # every server takes 10 MiB


@dataclass(frozen=True, slots=True)
class Parcel:
    """One answer on its way into a channel. It `may_share` a message if nothing of its request can be there yet."""

    place: Place
    content: Content
    nonce: str
    asker_id: str
    may_share: bool


@dataclass(slots=True)
class _Waiting:
    """A parcel until it is posted, by its own task or by that of another."""

    parcel: Parcel
    may_share: bool
    message: discord.Message | None = None
    error: Exception | None = None


@dataclass(slots=True)
class _Channel:
    """`posted_at` are the times of the last posts, as many as the ration has."""

    posted_at: deque[float]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[_Waiting] = field(default_factory=list)


class Outbox:
    """Posts answers one after the other in each channel, at most `pacing.channel_posts` in `pacing.channel_posts_s`.

    As long as the ration is enough for all that wait, each becomes a message of its own, a reply to its question.
    Otherwise whoever is next takes up to nine others along. No task runs beside the callers': the one whose turn it is
    posts for all, and who was taken along finds that done when its own turn comes.
    """

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._channels: dict[int, _Channel] = {}

    @property
    def waiting(self) -> int:
        """How many answers are in line, over all channels."""
        return sum(len(channel.waiting) for channel in self._channels.values())

    async def post(self, client: FaceBot, parcel: Parcel) -> discord.Message:
        """The message that shows it, which may show others too. Errors of the post are raised to everybody in it."""
        channel = self._channel(parcel.place.channel_id)
        own = _Waiting(parcel, parcel.may_share)
        channel.waiting.append(own)
        try:
            async with channel.lock:
                if own in channel.waiting:
                    return await self._turn(client, channel, own)
        finally:
            if own in channel.waiting:
                channel.waiting.remove(own)
        if own.error is not None:
            raise own.error
        assert own.message is not None
        return own.message

    def take(self, channel_id: int) -> bool:
        """Whether something less important than answers may be posted now: if so, it counts."""
        channel = self._channel(channel_id)
        if channel.waiting or self._left(channel) < 2:  # the last one is kept for an answer
            return False
        channel.posted_at.append(_now())
        return True

    async def _turn(self, client: FaceBot, channel: _Channel, own: _Waiting) -> discord.Message:
        if not self._left(channel):
            await asyncio.sleep(channel.posted_at[0] + self._pacing.channel_posts_s - _now())
        batch = _together(own, channel.waiting) if len(channel.waiting) > self._left(channel) else [own]
        try:
            return await self._send(client, channel, batch)
        except discord.HTTPException as error:
            if len(batch) == 1 or not is_too_large(error):
                raise
        for each in batch:
            each.may_share, each.error = False, None
        channel.waiting.extend(batch[1:])
        return await self._send(client, channel, [own])

    async def _send(self, client: FaceBot, channel: _Channel, batch: list[_Waiting]) -> discord.Message:
        channel.waiting = [each for each in channel.waiting if each not in batch]
        channel.posted_at.append(_now())
        for each in batch:
            each.error = TimeoutError()  # should this task be cancelled: nobody knows whether it was posted
        try:
            message = await _post(client, [each.parcel for each in batch])
        except Exception as error:
            for each in batch:
                each.error = error
            raise
        for each in batch:
            each.message, each.error = message, None
        return message

    def _left(self, channel: _Channel) -> int:
        since = _now() - self._pacing.channel_posts_s
        return self._pacing.channel_posts - sum(moment > since for moment in channel.posted_at)

    def _channel(self, channel_id: int) -> _Channel:
        if channel_id not in self._channels and len(self._channels) >= _MAX_IDLE_CHANNELS:
            self._channels = {id_: each for id_, each in self._channels.items() if self._in_use(each)}
        return self._channels.setdefault(channel_id, _Channel(deque(maxlen=self._pacing.channel_posts)))

    def _in_use(self, channel: _Channel) -> bool:
        return bool(channel.waiting) or channel.lock.locked() or self._left(channel) < self._pacing.channel_posts


def _together(own: _Waiting, waiting: list[_Waiting]) -> list[_Waiting]:
    """Those that fit into one message, `own` among them, oldest first."""
    batch, size_bytes = [own], _size_bytes(own)
    for each in waiting if own.may_share else ():
        fits = len(batch) < MAX_SHARED and size_bytes + _size_bytes(each) <= _MAX_SHARED_BYTES
        if each is not own and each.may_share and fits:
            batch.append(each)
            size_bytes += _size_bytes(each)
    return batch


def _size_bytes(waiting: _Waiting) -> int:
    face = waiting.parcel.content.face
    return 0 if face is None else len(face.picture)


async def _post(client: FaceBot, parcels: list[Parcel]) -> discord.Message:
    first, *others = parcels
    if not others:
        return await post(client, first.place, first.content, first.nonce)
    faces = [parcel.content.face for parcel in parcels if parcel.content.face is not None]
    shared = Shared(faces, [parcel.asker_id for parcel in parcels])
    place = Place(first.place.channel_id, first.place.guild_id)
    return await post(client, place, shared, nonce_of(" ".join(parcel.nonce for parcel in parcels)))


def _now() -> float:
    return asyncio.get_running_loop().time()
