"""The rest of Helix that a chat bot needs: users, streams, chat, who is what in a channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.fakes.twitch.access import Access
from tests.fakes.twitch.fragments import cut
from tests.fakes.twitch.problems import ApiError, answer, body_of, page, required
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.world import Message, User, timestamp

MAX_MESSAGE_CHARACTERS = 500
MAX_LOOKED_UP = 100


class HelixApi:
    """The routes."""

    def __init__(self, state: TwitchState, access: Access) -> None:
        self._state, self._access = state, access

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/helix/users", self._users),
            web.get("/helix/streams", self._streams),
            web.get("/helix/chat/emotes", self._channel_emotes),
            web.get("/helix/chat/emotes/global", self._global_emotes),
            web.post("/helix/chat/messages", self._send),
            web.get("/helix/moderation/moderators", self._moderators),
            web.get("/helix/moderation/channels", self._moderated),
            web.get("/helix/channels/vips", self._vips),
            web.get("/helix/channels/followers", self._followers),
            web.get("/helix/subscriptions", self._subscribers),
            web.delete("/helix/moderation/chat", self._delete_message),
        ]

    async def _users(self, request: web.Request) -> web.Response:
        token = self._access.token(request)
        ids, logins = request.query.getall("id", []), request.query.getall("login", [])
        if len(ids) + len(logins) > MAX_LOOKED_UP:
            raise ApiError(400, "The total number of id and login must not exceed 100")
        if not ids and not logins:
            if token.user is None:
                raise ApiError(400, "The id or login query parameter is required")
            ids = [token.user.id]
        found = [each for each in self._state.people.values() if each.id in ids or each.login in logins]
        return answer(*map(_user_json, found))

    async def _streams(self, request: web.Request) -> web.Response:
        self._access.token(request)
        ids, logins = request.query.getall("user_id", []), request.query.getall("user_login", [])
        if len(ids) > MAX_LOOKED_UP or len(logins) > MAX_LOOKED_UP:
            raise ApiError(400, "at most 100 of each may be given")
        live = [each for each in self._state.people.values() if each.stream_id]
        wanted = [each for each in live if each.id in ids or each.login in logins]
        shown, pagination = page(request, wanted)
        return answer(*map(_stream_json, shown), pagination=pagination)

    async def _global_emotes(self, request: web.Request) -> web.Response:
        self._access.token(request)
        return answer(*self._state.emotes[None], template=_TEMPLATE)

    async def _channel_emotes(self, request: web.Request) -> web.Response:
        self._access.token(request)
        channel = required(request, "broadcaster_id")
        return answer(*self._state.emotes.get(channel, []), template=_TEMPLATE)

    async def _send(self, request: web.Request) -> web.Response:
        token = self._access.token(request)
        names: dict[str, type] = {"broadcaster_id": str, "sender_id": str, "message": str}
        extra: dict[str, type] = {"reply_parent_message_id": str, "for_source_only": bool, "pin": bool}
        given = await body_of(request, names, extra)
        channel, sender = self._access.person(given["broadcaster_id"]), self._access.person(given["sender_id"])
        self._access.may_act_in_chat(token, sender, channel, "user:write:chat")
        if sender.id in channel.banned:
            raise ApiError(403, "The sender is not permitted to send chat messages to the broadcaster's chat room.")
        text = given["message"]
        if not text.strip():
            raise ApiError(400, "The message field must not be empty.")
        if len(text) > MAX_MESSAGE_CHARACTERS:
            raise ApiError(422, "The message is too large")
        if (drop := self._reason_to_drop(channel, sender, text)) is not None:
            return answer({"message_id": "", "is_sent": False, "drop_reason": drop})
        message = Message(channel, sender, text, cut(text, {}), given.get("reply_parent_message_id"))
        self._state.sent.append(message)
        self._state.messages[message.id] = message
        self._state.changed()
        return answer({"message_id": message.id, "is_sent": True, "drop_reason": None})

    def _reason_to_drop(self, channel: User, sender: User, text: str) -> dict[str, str] | None:
        if self._state.drops:
            return self._state.drops.pop(0)
        moderates = sender.id in channel.moderators or sender is channel
        if channel.blocks_links and "://" in text and not moderates:
            return {"code": "channel_settings", "message": "Your message was blocked because it contains a link."}
        if not self._state.limits.may_speak(sender.id, channel.id, moderates=moderates):
            return {"code": "msg_ratelimit", "message": "You are sending messages too quickly."}
        last = next((each for each in reversed(self._state.sent) if each.channel is channel), None)
        if last is not None and last.text == text and last.author is sender and not moderates:
            message = "Your message is identical to the one you sent within the last 30 seconds."
            return {"code": "msg_duplicate", "message": message}
        return None

    async def _moderators(self, request: web.Request) -> web.Response:
        channel = self._access.user_token(request, required(request, "broadcaster_id"), "moderation:read")
        return self._people(request, channel.moderators)

    async def _vips(self, request: web.Request) -> web.Response:
        channel = self._access.user_token(request, required(request, "broadcaster_id"), "channel:read:vips")
        return self._people(request, channel.vips)

    async def _subscribers(self, request: web.Request) -> web.Response:
        channel_id = required(request, "broadcaster_id")
        channel = self._access.user_token(request, channel_id, "channel:read:subscriptions")
        return self._people(request, channel.subscribers)

    async def _moderated(self, request: web.Request) -> web.Response:
        user = self._access.user_token(request, required(request, "user_id"), "user:read:moderated_channels")
        where = [each for each in self._state.people.values() if user.id in each.moderators]
        shown, pagination = page(request, where)
        named = ({f"broadcaster_{name}": value for name, value in _named(each).items()} for each in shown)
        listed = [{key.replace("user_", ""): value for key, value in each.items()} for each in named]
        return answer(*listed, pagination=pagination)

    async def _followers(self, request: web.Request) -> web.Response:
        """With the scope, of the broadcaster or a moderator, who; without only how many."""
        token = self._access.token(request)
        channel = self._access.person(required(request, "broadcaster_id"))
        asks = token.user is not None and (token.user is channel or token.user.id in channel.moderators)
        sees = asks and "moderator:read:followers" in token.scopes
        if "user_id" in request.query and not sees:
            raise ApiError(401, "The ID in broadcaster_id must match the user ID in the token, or one it moderates")
        wanted = request.query.getall("user_id", sorted(channel.followers))
        found = [self._state.people[each] for each in wanted if each in channel.followers] if sees else []
        shown, pagination = page(request, found)
        listed = [_named(each) | {"followed_at": timestamp(each.created_at)} for each in shown]
        return answer(*listed, total=len(channel.followers), pagination=pagination)

    async def _delete_message(self, request: web.Request) -> web.Response:
        moderator_id = required(request, "moderator_id")
        user = self._access.user_token(request, moderator_id, "moderator:manage:chat_messages")
        channel = self._access.person(required(request, "broadcaster_id"))
        if user is not channel and user.id not in channel.moderators:
            raise ApiError(403, "The user is not a moderator of the channel.")
        message = self._state.messages.get(required(request, "message_id"))
        if message is None or message.channel is not channel:
            raise ApiError(404, "The message was not found.")
        message.deleted = True
        self._state.changed()
        return web.Response(status=204)

    def _people(self, request: web.Request, ids: set[str]) -> web.Response:
        wanted = set(request.query.getall("user_id", [])) or ids
        found = [self._state.people[each] for each in sorted(wanted & ids)]
        shown, pagination = page(request, found)
        return answer(*map(_named, shown), pagination=pagination)


def _named(user: User) -> dict[str, str]:
    return {"user_id": user.id, "user_login": user.login, "user_name": user.name}


def _user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "display_name": user.name,
        "type": "",
        "broadcaster_type": user.broadcaster_type,
        "description": "",
        "created_at": timestamp(user.created_at),
        "profile_image_url": "https://static-cdn.jtvnw.net/jtv_user_pictures/8a6381c7-profile_image-300x300.png",
        "offline_image_url": "",
        "view_count": 0,
    }


def _stream_json(user: User) -> dict[str, Any]:
    return {
        "id": user.stream_id,
        **_named(user),
        "game_id": "509658",
        "game_name": "Just Chatting",
        "type": "live",
        "title": "Faces",
        "tags": [],
        "viewer_count": 7,
        "started_at": timestamp(),
        "language": "en",
        "thumbnail_url": "https://static-cdn.jtvnw.net/previews-ttv/live_user_x-{width}x{height}.jpg",
        "tag_ids": [],
        "is_mature": False,
    }


_TEMPLATE = "https://static-cdn.jtvnw.net/emoticons/v2/{{id}}/{{format}}/{{theme_mode}}/{{scale}}"
