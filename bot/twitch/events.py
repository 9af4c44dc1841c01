"""What EventSub tells, as values of ours: read once, here, leniently about what we do not know yet.

https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from pydantic import BaseModel, Field, ValidationError


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is written by its owner; ids and logins are Twitch's."""

    id: str
    login: str
    name: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a message. `kind` is text, emote, mention, cheermote, or something newer, which counts as text."""

    kind: str
    text: str
    emote_id: str | None = None
    animated: bool = False
    mentioned_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """Somebody wrote in a channel; perhaps the bot itself. `badges` are sets' names (moderator, vip, subscriber, …).

    `reply_to` is the message it answers, `reward_id` the reward it came with. `at` is in Unix seconds.
    """

    id: str
    channel: Person
    chatter: Person
    text: str
    fragments: tuple[Fragment, ...]
    badges: frozenset[str]
    reward_id: str | None
    reply_to: str | None
    at: float


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A moderator deleted one message."""

    channel: Person
    message_id: str
    author_id: str


@dataclass(frozen=True, slots=True)
class MessagesCleared:
    """Somebody was timed out or banned (`author_id`), or the whole chat was cleared (None)."""

    channel: Person
    author_id: str | None


@dataclass(frozen=True, slots=True)
class StreamChanged:
    """The channel's stream began or ended."""

    channel: Person
    is_live: bool


@dataclass(frozen=True, slots=True)
class Redemption:
    """Somebody spent points on a reward, perhaps not on ours. `at` is in Unix seconds."""

    id: str
    channel: Person
    user: Person
    reward_id: str
    text: str
    is_open: bool
    at: float


@dataclass(frozen=True, slots=True)
class ChannelLost:
    """The channel is served no more: its broadcaster disconnected it, here or at Twitch."""

    channel_id: str


TwitchEvent: TypeAlias = ChatMessage | MessageDeleted | MessagesCleared | StreamChanged | Redemption | ChannelLost


@dataclass(frozen=True, slots=True)
class Notification:
    """A frame of EventSub's: `id` is the same when Twitch sends it again. `event` None: none of ours."""

    id: str
    event: TwitchEvent | None


class _Channel(BaseModel):
    broadcaster_user_id: str
    broadcaster_user_login: str
    broadcaster_user_name: str

    @property
    def channel(self) -> Person:
        return Person(self.broadcaster_user_id, self.broadcaster_user_login, self.broadcaster_user_name)


class _Emote(BaseModel):
    id: str = Field(pattern=r"^[0-9a-zA-Z_]{1,64}$")
    format: list[str] = []


class _Mention(BaseModel):
    user_id: str


class _Fragment(BaseModel):
    type: str = "text"
    text: str = ""
    emote: _Emote | None = None
    mention: _Mention | None = None


class _Text(BaseModel):
    text: str
    fragments: list[dict[str, Any]] = []


class _Badge(BaseModel):
    set_id: str


class _Reply(BaseModel):
    parent_message_id: str


class _ChatMessage(_Channel):
    chatter_user_id: str
    chatter_user_login: str
    chatter_user_name: str
    message_id: str
    message: _Text
    badges: list[_Badge] = []
    reply: _Reply | None = None
    channel_points_custom_reward_id: str | None = None
    source_broadcaster_user_id: str | None = None


class _Deleted(_Channel):
    target_user_id: str
    message_id: str


class _Cleared(_Channel):
    target_user_id: str | None = None


class _Reward(BaseModel):
    id: str


class _Redemption(_Channel):
    id: str
    user_id: str
    user_login: str
    user_name: str
    user_input: str = ""
    status: str
    redeemed_at: datetime
    reward: _Reward


class _Metadata(BaseModel):
    message_id: str
    message_timestamp: datetime
    subscription_type: str


class Unreadable(ValueError):
    """Not what Twitch's documentation says."""


def read_notification(frame: Mapping[str, Any]) -> Notification:
    """Raise Unreadable, without a word of what was in it."""
    try:
        metadata = _Metadata.model_validate(frame["metadata"])
        read = _READERS.get(metadata.subscription_type)
        event = None if read is None else read(frame["payload"]["event"], metadata.message_timestamp.timestamp())
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(type(error).__name__) from None
    return Notification(metadata.message_id, event)


def _message(event: Mapping[str, Any], at: float) -> ChatMessage | None:
    """None for a shared chat's copy: the channel where it was written hears it, too."""
    read = _ChatMessage.model_validate(event)
    if read.source_broadcaster_user_id not in {None, read.broadcaster_user_id}:
        return None
    return ChatMessage(
        id=read.message_id,
        channel=read.channel,
        chatter=Person(read.chatter_user_id, read.chatter_user_login, read.chatter_user_name),
        text=read.message.text,
        fragments=tuple(map(_fragment, read.message.fragments)),
        badges=frozenset(badge.set_id for badge in read.badges),
        reward_id=read.channel_points_custom_reward_id,
        reply_to=read.reply.parent_message_id if read.reply else None,
        at=at,
    )


def _fragment(given: Mapping[str, Any]) -> Fragment:
    """A kind that is not known yet, or one that changed, is its text."""
    try:
        read = _Fragment.model_validate(given)
    except ValidationError:
        return Fragment("text", str(given.get("text", "")))
    emote, mention = read.emote, read.mention
    return Fragment(
        read.type,
        read.text,
        emote_id=emote.id if emote else None,
        animated=emote is not None and "animated" in emote.format,
        mentioned_id=mention.user_id if mention else None,
    )


def _deleted(event: Mapping[str, Any], _: float) -> MessageDeleted:
    read = _Deleted.model_validate(event)
    return MessageDeleted(read.channel, read.message_id, read.target_user_id)


def _cleared(event: Mapping[str, Any], _: float) -> MessagesCleared:
    read = _Cleared.model_validate(event)
    return MessagesCleared(read.channel, read.target_user_id)


def _online(event: Mapping[str, Any], _: float) -> StreamChanged:
    return StreamChanged(_Channel.model_validate(event).channel, is_live=True)


def _offline(event: Mapping[str, Any], _: float) -> StreamChanged:
    return StreamChanged(_Channel.model_validate(event).channel, is_live=False)


def _redeemed(event: Mapping[str, Any], _: float) -> Redemption:
    read = _Redemption.model_validate(event)
    return Redemption(
        id=read.id,
        channel=read.channel,
        user=Person(read.user_id, read.user_login, read.user_name),
        reward_id=read.reward.id,
        text=read.user_input,
        is_open=read.status == "unfulfilled",
        at=read.redeemed_at.timestamp(),
    )


CHAT_MESSAGE, MESSAGE_DELETED = "channel.chat.message", "channel.chat.message_delete"
USER_CLEARED, CHAT_CLEARED = "channel.chat.clear_user_messages", "channel.chat.clear"
STREAM_ONLINE, STREAM_OFFLINE = "stream.online", "stream.offline"
REDEEMED = "channel.channel_points_custom_reward_redemption.add"

_READERS: Mapping[str, Callable[[Mapping[str, Any], float], TwitchEvent | None]] = {
    CHAT_MESSAGE: _message,
    MESSAGE_DELETED: _deleted,
    USER_CLEARED: _cleared,
    CHAT_CLEARED: _cleared,
    STREAM_ONLINE: _online,
    STREAM_OFFLINE: _offline,
    REDEEMED: _redeemed,
}
