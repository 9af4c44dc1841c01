"""What people do on the fake: they speak, redeem, go live, moderate. The bot hears of it as its subscriptions allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.twitch.fragments import cut
from tests.fakes.twitch.rewards import brief
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.websocket import EventSockets
from tests.fakes.twitch.world import Message, Redemption, Reward, User, new_id, timestamp


class Happenings(TwitchState):
    """Each method is something that somebody does in `channel`, by default the one there always is."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets = EventSockets(self)

    def say(
        self,
        user: User,
        text: str,
        *,
        channel: User | None = None,
        emotes: Mapping[str, str] | None = None,
        fragments: Sequence[dict[str, Any]] | None = None,
        reward: Reward | None = None,
        source: User | None = None,
        reply_to: Message | None = None,
        times: int = 1,
    ) -> Message:
        """Somebody writes; `emotes` are names and ids of Twitch's own, `source` the channel of a shared chat where it
        was written, `reply_to` what it answers, `times` how often the same notification arrives."""
        where = channel or self.channel
        pieces = cut(text, emotes or {}) if fragments is None else list(fragments)
        message = Message(where, user, text, pieces, reward_id=reward and reward.id, source=source)
        message.reply_to = reply_to and reply_to.id
        self.messages[message.id] = message
        reply = None if reply_to is None else _reply_json(reply_to)
        self._tell("channel.chat.message", where, _chat_json(message) | {"reply": reply}, times)
        return message

    def redeem(
        self, user: User, reward: Reward, text: str = "", *, channel: User | None = None, **said: Any
    ) -> Redemption:
        """Somebody spends points. With a text it is also a chat message, which Twitch sends beside the redemption."""
        where = channel or self.channel
        redemption = Redemption(where, reward, user, text)
        if reward.fields["should_redemptions_skip_request_queue"]:
            redemption.status = "FULFILLED"
        reward.redemptions[redemption.id] = redemption
        self.redemptions.append(redemption)
        event = {
            **_channel_json(where),
            "id": redemption.id,
            **_user_json(user),
            "user_input": text,
            "status": redemption.status.lower(),
            "redeemed_at": timestamp(redemption.at),
            "reward": brief(reward),
        }
        self._tell("channel.channel_points_custom_reward_redemption.add", where, event)
        if text and said.pop("with_message", True):
            self.say(user, text, channel=where, reward=reward, **said)
        return redemption

    def go_live(self, channel: User | None = None) -> None:
        """A stream begins."""
        where = channel or self.channel
        where.stream_id = new_id()
        begins = {"id": where.stream_id, "type": "live", "started_at": timestamp()}
        self._tell("stream.online", where, _channel_json(where) | begins)

    def go_offline(self, channel: User | None = None) -> None:
        """A stream ends."""
        where = channel or self.channel
        where.stream_id = None
        self._tell("stream.offline", where, _channel_json(where))

    def timeout(self, user: User, channel: User | None = None, *, ban: bool = False) -> None:
        """A moderator times somebody out or bans: what they wrote disappears."""
        where = channel or self.channel
        if ban:
            where.banned.add(user.id)
        for message in self.messages.values():
            message.deleted |= message.author is user and message.channel is where
        self._tell("channel.chat.clear_user_messages", where, _channel_json(where) | _target_json(user))

    def delete_message(self, message: Message) -> None:
        """A moderator deletes one message."""
        message.deleted = True
        event = _channel_json(message.channel) | _target_json(message.author) | {"message_id": message.id}
        self._tell("channel.chat.message_delete", message.channel, event)

    def clear_chat(self, channel: User | None = None) -> None:
        """A moderator clears the chat."""
        where = channel or self.channel
        self._tell("channel.chat.clear", where, _channel_json(where))

    def revoke(self, user: User) -> None:
        """The user disconnects the application at twitch.tv/settings/connections."""
        self.withdraw(user)
        for subscription in list(self.subscriptions.values()):
            if user.id in subscription.condition.values():
                self.sockets.revoke(subscription, "authorization_revoked")
        self.changed()

    def drop_websocket(self, code: int = 4000) -> None:
        """Close all connections of EventSub with a code of Twitch's."""
        self.sockets.drop(code)

    def carried(self, kind: str, channel: User | None = None) -> bool:
        """Whether events of this type would reach the bot now."""
        where = channel or self.channel
        return any(self.sockets._carrier(each) is not None for each in self._wanted(kind, where))

    def _wanted(self, kind: str, channel: User) -> list[Any]:
        return [
            each
            for each in self.subscriptions.values()
            if (each.type, each.condition.get("broadcaster_user_id"), each.status) == (kind, channel.id, "enabled")
        ]

    def _tell(self, kind: str, channel: User, event: dict[str, Any], times: int = 1) -> None:
        for subscription in self._wanted(kind, channel):
            wanted = subscription.condition.get("reward_id")
            if wanted is None or event["reward"]["id"] == wanted:
                self.sockets.notify(subscription, event, times=times)
        self.changed()


def badges_of(user: User, channel: User) -> list[dict[str, str]]:
    """What stands before somebody's name in a channel."""
    found = [("broadcaster", "1", "")] if user is channel else []
    found += [("moderator", "1", "")] if user.id in channel.moderators else []
    found += [("vip", "1", "")] if user.id in channel.vips else []
    found += [("subscriber", "12", "16")] if user.id in channel.subscribers else []
    return [{"set_id": set_id, "id": id_, "info": info} for set_id, id_, info in found]


def _channel_json(channel: User) -> dict[str, Any]:
    return {f"broadcaster_{name}": value for name, value in _user_json(channel).items()}


def _user_json(user: User) -> dict[str, Any]:
    return {"user_id": user.id, "user_login": user.login, "user_name": user.name}


def _target_json(user: User) -> dict[str, Any]:
    return {f"target_{name}": value for name, value in _user_json(user).items()}


def _reply_json(parent: Message) -> dict[str, Any]:
    author = {f"parent_{name}": value for name, value in _user_json(parent.author).items()}
    thread = {f"thread_{name}": value for name, value in _user_json(parent.author).items()}
    ids = {"parent_message_id": parent.id, "thread_message_id": parent.id}
    return {**ids, **author, **thread, "parent_message_body": parent.text}


def _chat_json(message: Message) -> dict[str, Any]:
    author, source = message.author, message.source
    chatter = {name.replace("user_", "chatter_user_"): value for name, value in _user_json(author).items()}
    from_where = _user_json(source) if source is not None else dict.fromkeys(_user_json(author))
    return {
        **_channel_json(message.channel),
        **{f"source_broadcaster_{name}": value for name, value in from_where.items()},
        **chatter,
        "message_id": message.id,
        "source_message_id": None if source is None else message.id,
        "is_source_only": None if source is None else False,
        "message": {"text": message.text, "fragments": message.fragments},
        "color": "#00FF7F",
        "badges": badges_of(author, message.channel),
        "source_badges": None if source is None else badges_of(author, source),
        "message_type": "text",
        "cheer": None,
        "reply": None,
        "channel_points_custom_reward_id": message.reward_id,
        "channel_points_animation_id": None,
    }
