"""EventSub's part of Helix: subscriptions, conduits and their shards.

https://dev.twitch.tv/docs/api/reference/#create-eventsub-subscription
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.fakes.twitch.access import Access
from tests.fakes.twitch.problems import ApiError, answer, body_of, page, required
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.websocket import EventSockets
from tests.fakes.twitch.world import Conduit, Subscription, Token

_CHAT = ({"broadcaster_user_id", "user_id"}, "user:read:chat")
_REWARDS = ({"broadcaster_user_id", "reward_id"}, "channel:read:redemptions")
_STREAM: tuple[set[str], str] = ({"broadcaster_user_id"}, "")
TYPES = {
    "channel.chat.message": _CHAT,
    "channel.chat.message_delete": _CHAT,
    "channel.chat.clear_user_messages": _CHAT,
    "channel.chat.clear": _CHAT,
    "channel.channel_points_custom_reward_redemption.add": _REWARDS,
    "channel.channel_points_custom_reward_redemption.update": _REWARDS,
    "channel.channel_points_custom_reward.update": _REWARDS,
    "channel.channel_points_custom_reward.remove": _REWARDS,
    "stream.online": _STREAM,
    "stream.offline": _STREAM,
}
MAX_CONDUITS, MAX_WEBSOCKET_COST, MAX_APP_COST = 5, 10, 10_000
_UNAUTHORIZED = "subscription missing proper authorization"


class EventSubApi:
    """The routes. Every refusal is one of the real ones."""

    def __init__(self, state: TwitchState, access: Access, sockets: EventSockets) -> None:
        self._state, self._access, self._sockets = state, access, sockets

    def routes(self) -> Iterable[web.RouteDef]:
        base = "/helix/eventsub"
        return [
            web.post(f"{base}/subscriptions", self._create),
            web.get(f"{base}/subscriptions", self._list),
            web.delete(f"{base}/subscriptions", self._delete),
            web.get(f"{base}/conduits", self._conduits),
            web.post(f"{base}/conduits", self._create_conduit),
            web.patch(f"{base}/conduits", self._resize_conduit),
            web.delete(f"{base}/conduits", self._delete_conduit),
            web.get(f"{base}/conduits/shards", self._shards),
            web.patch(f"{base}/conduits/shards", self._carry),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        token = self._access.token(request)
        fields: dict[str, type] = {"type": str, "version": str, "condition": dict, "transport": dict}
        given = await body_of(request, fields, {})
        made = Subscription(given["type"], given["version"], given["condition"])
        self._check_type(made)
        self._place(made, given["transport"], token)
        self._authorize(made, token)
        same = [each for each in self._mine(token) if each.status == "enabled" and each.key == made.key]
        if same:
            raise ApiError(409, f"subscription already exists: id={same[0].id}")
        made.cost = self._cost(made)
        most = MAX_WEBSOCKET_COST if token.user else MAX_APP_COST
        if sum(each.cost for each in self._mine(token)) + made.cost > most:
            raise ApiError(429, "subscription limit exceeded: total cost")
        self._state.subscriptions[made.id] = made
        self._state.changed()
        return answer(made.to_json(), status=202, **self._totals(token))

    def _check_type(self, made: Subscription) -> None:
        if made.type not in TYPES or made.version != "1":
            raise ApiError(400, "invalid subscription type and version")
        known, _ = TYPES[made.type]
        optional = {"reward_id"}
        if not known - optional <= made.condition.keys() <= known:
            raise ApiError(400, "invalid condition")
        for name, value in made.condition.items():
            if name != "reward_id":
                self._access.person(value)

    def _place(self, made: Subscription, transport: dict[str, Any], token: Token) -> None:
        match transport:
            case {"method": "websocket", "session_id": str(session_id)} if len(transport) == 2:
                if token.user is None:
                    raise ApiError(400, "invalid transport and auth combination")
                session = self._sockets.sessions.get(session_id)
                if session is None or not session.is_open:
                    raise ApiError(400, "websocket transport session does not exist or has already disconnected")
                others = [each for each in self._state.subscriptions.values() if each.session_id == session_id]
                if any(each.user_id != token.user.id for each in others):
                    raise ApiError(400, "websocket transport cannot have subscriptions created by different users")
                made.session_id, made.user_id = session_id, token.user.id
            case {"method": "conduit", "conduit_id": str(conduit_id)} if len(transport) == 2:
                if token.user is not None:
                    raise ApiError(400, "invalid transport and auth combination")
                if conduit_id not in self._state.conduits:
                    raise ApiError(400, "conduit does not exist")
                made.conduit_id = conduit_id
            case _:
                raise ApiError(400, "invalid transport")

    def _authorize(self, made: Subscription, token: Token) -> None:
        _, scope = TYPES[made.type]
        if not scope:
            return
        channel = self._access.person(made.condition["broadcaster_user_id"])
        try:
            if "user_id" in made.condition:
                reader = self._access.person(made.condition["user_id"])
                self._access.may_act_in_chat(token, reader, channel, scope)
                if reader.id in channel.banned:
                    raise ApiError(403, _UNAUTHORIZED)
            else:
                scopes = channel.granted if token.user is None else token.scopes
                if token.user not in {None, channel} or not {scope, scope.replace("read", "manage")} & scopes:
                    raise ApiError(403, _UNAUTHORIZED)
        except ApiError as error:
            raise ApiError(403, _UNAUTHORIZED) from error

    def _cost(self, made: Subscription) -> int:
        """Nothing where the user of the condition has authorized the application."""
        ids = [made.condition.get(name) for name in ("user_id", "broadcaster_user_id")]
        return 0 if any(each in self._state.people and self._state.people[each].granted for each in ids if each) else 1

    def _mine(self, token: Token) -> list[Subscription]:
        user_id = None if token.user is None else token.user.id
        return [each for each in self._state.subscriptions.values() if each.user_id == user_id]

    def _totals(self, token: Token) -> dict[str, int]:
        mine = self._mine(token)
        most = MAX_WEBSOCKET_COST if token.user else MAX_APP_COST
        return {"total": len(mine), "total_cost": sum(each.cost for each in mine), "max_total_cost": most}

    async def _list(self, request: web.Request) -> web.Response:
        token = self._access.token(request)
        mine = self._mine(token)
        for name in ("status", "type"):
            if name in request.query:
                mine = [each for each in mine if getattr(each, name) == request.query[name]]
        shown, pagination = page(request, mine)
        listed = [each.to_json() for each in shown]
        return answer(*listed, **self._totals(token), pagination=pagination)

    async def _delete(self, request: web.Request) -> web.Response:
        token = self._access.token(request)
        found = next((each for each in self._mine(token) if each.id == required(request, "id")), None)
        if found is None:
            raise ApiError(404, "subscription not found")
        del self._state.subscriptions[found.id]
        return web.Response(status=204)

    async def _conduits(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        return answer(*map(_conduit_json, self._state.conduits.values()))

    async def _create_conduit(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        if len(self._state.conduits) >= MAX_CONDUITS:
            raise ApiError(429, "Conduit limit reached")
        made = Conduit(await _shard_count(request))
        self._state.conduits[made.id] = made
        return answer(_conduit_json(made))

    async def _resize_conduit(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        conduit = self._conduit(required(request, "id"))
        conduit.shard_count = await _shard_count(request)
        conduit.shards = {id_: session for id_, session in conduit.shards.items() if id_ < conduit.shard_count}
        return answer(_conduit_json(conduit))

    async def _delete_conduit(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        conduit = self._conduit(required(request, "id"))
        del self._state.conduits[conduit.id]
        self._state.subscriptions = {
            id_: each for id_, each in self._state.subscriptions.items() if each.conduit_id != conduit.id
        }
        return web.Response(status=204)

    async def _shards(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        conduit = self._conduit(required(request, "conduit_id"))
        shown = [self._shard_json(id_, session_id) for id_, session_id in sorted(conduit.shards.items())]
        if "status" in request.query:
            shown = [each for each in shown if each["status"] == request.query["status"]]
        return answer(*shown, pagination={})

    async def _carry(self, request: web.Request) -> web.Response:
        self._access.app_token(request)
        given = await body_of(request, {"conduit_id": str, "shards": list}, {})
        conduit = self._conduit(given["conduit_id"])
        done, errors = [], []
        for shard in given["shards"]:
            shard_id, session_id = int(shard["id"]), shard["transport"].get("session_id", "")
            if shard_id >= conduit.shard_count:
                message = "The shard id is outside the conduit's range"
                errors.append({"id": shard["id"], "message": message, "code": "invalid_parameter"})
            elif self._sockets.shard_status(session_id) != "enabled":
                message = "The session ID does not exist or has disconnected"
                errors.append({"id": shard["id"], "message": message, "code": "websocket_disconnected"})
            else:
                conduit.shards[shard_id] = session_id
                done.append(self._shard_json(shard_id, session_id))
        self._state.changed()
        return answer(*done, status=202, errors=errors)

    def _shard_json(self, shard_id: int, session_id: str) -> dict[str, Any]:
        transport = {"method": "websocket", "session_id": session_id}
        return {"id": str(shard_id), "status": self._sockets.shard_status(session_id), "transport": transport}

    def _conduit(self, conduit_id: str) -> Conduit:
        if conduit_id not in self._state.conduits:
            raise ApiError(404, "conduit not found")
        return self._state.conduits[conduit_id]


def _conduit_json(conduit: Conduit) -> dict[str, Any]:
    return {"id": conduit.id, "shard_count": conduit.shard_count}


async def _shard_count(request: web.Request) -> int:
    count: int = (await body_of(request, {"shard_count": int}, {"id": str}))["shard_count"]
    if not 1 <= count <= 20_000:
        raise ApiError(400, "The shard_count parameter must be between 1 and 20000")
    return count
