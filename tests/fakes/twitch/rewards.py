"""Channel points in Helix: custom rewards and their redemptions.

https://dev.twitch.tv/docs/api/reference/#create-custom-rewards
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.fakes.twitch.access import Access
from tests.fakes.twitch.problems import ApiError, answer, body_of, page, required
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.world import Redemption, Reward, User, timestamp

MAX_REWARDS, MAX_TITLE, MAX_PROMPT = 50, 45, 200
_OPTIONAL: dict[str, type] = {
    "prompt": str,
    "is_enabled": bool,
    "background_color": str,
    "is_user_input_required": bool,
    "is_max_per_stream_enabled": bool,
    "max_per_stream": int,
    "is_max_per_user_per_stream_enabled": bool,
    "max_per_user_per_stream": int,
    "is_global_cooldown_enabled": bool,
    "global_cooldown_seconds": int,
    "should_redemptions_skip_request_queue": bool,
}
_DEFAULTS: dict[str, Any] = {
    "prompt": "",
    "is_enabled": True,
    "is_paused": False,
    "background_color": "#9147FF",
    "is_user_input_required": False,
    "is_global_cooldown_enabled": False,
    "global_cooldown_seconds": 0,
    "should_redemptions_skip_request_queue": False,
}
_IMAGES = "https://static-cdn.jtvnw.net/custom-reward-images"
_SCOPES = ("channel:read:redemptions", "channel:manage:redemptions")


class RewardApi:
    """The routes; all of them need the broadcaster's own token."""

    def __init__(self, state: TwitchState, access: Access) -> None:
        self._state, self._access = state, access

    def routes(self) -> Iterable[web.RouteDef]:
        base = "/helix/channel_points/custom_rewards"
        return [
            web.post(base, self._create),
            web.get(base, self._list),
            web.patch(base, self._update),
            web.delete(base, self._delete),
            web.get(f"{base}/redemptions", self._redemptions),
            web.patch(f"{base}/redemptions", self._settle),
        ]

    def _channel(self, request: web.Request, *scopes: str) -> User:
        channel = self._access.user_token(request, required(request, "broadcaster_id"), *scopes)
        if not channel.broadcaster_type:
            raise ApiError(403, "channel points are not available for the broadcaster")
        return channel

    async def _create(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "channel:manage:redemptions")
        given = await body_of(request, {"title": str, "cost": int}, _OPTIONAL)
        if len(channel.rewards) >= MAX_REWARDS:
            raise ApiError(400, "CREATE_CUSTOM_REWARD_TOO_MANY_REWARDS")
        _check(channel, given, None)
        reward = Reward(self._state.client_id, _DEFAULTS | given)
        channel.rewards[reward.id] = reward
        self._state.changed()
        return answer(reward_json(channel, reward))

    async def _list(self, request: web.Request) -> web.Response:
        channel = self._channel(request, *_SCOPES)
        rewards = list(channel.rewards.values())
        if ids := request.query.getall("id", []):
            rewards = [each for each in rewards if each.id in ids]
            if not rewards:
                raise ApiError(404, "no reward with this ID was found")
        if request.query.get("only_manageable_rewards") == "true":
            rewards = [each for each in rewards if each.client_id == self._state.client_id]
        return answer(*(reward_json(channel, each) for each in rewards))

    async def _update(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "channel:manage:redemptions")
        reward = self._own(channel, required(request, "id"))
        given = await body_of(request, {}, _OPTIONAL | {"title": str, "cost": int, "is_paused": bool})
        _check(channel, given, reward)
        reward.fields |= given
        self._state.changed()
        return answer(reward_json(channel, reward))

    async def _delete(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "channel:manage:redemptions")
        reward = self._own(channel, required(request, "id"))
        for redemption in reward.redemptions.values():  # as Twitch does it: what is open counts as fulfilled
            if redemption.status == "UNFULFILLED":
                redemption.status = "FULFILLED"
        del channel.rewards[reward.id]
        self._state.changed()
        return web.Response(status=204)

    async def _redemptions(self, request: web.Request) -> web.Response:
        channel = self._channel(request, *_SCOPES)
        reward = self._own(channel, required(request, "reward_id"))
        found = list(reward.redemptions.values())
        if ids := request.query.getall("id", []):
            found = [each for each in found if each.id in ids]
        else:
            status = required(request, "status")
            found = [each for each in found if each.status == status]
        found.sort(key=lambda each: each.at, reverse=request.query.get("sort") == "NEWEST")
        shown, pagination = page(request, found)
        return answer(*map(redemption_json, shown), pagination=pagination)

    async def _settle(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "channel:manage:redemptions")
        reward = self._own(channel, required(request, "reward_id"))
        given = await body_of(request, {"status": str}, {})
        if given["status"] not in {"FULFILLED", "CANCELED"}:
            raise ApiError(400, "The value in status is not valid")
        ids = request.query.getall("id", [])
        open_ones = [each for each in reward.redemptions.values() if each.status == "UNFULFILLED"]
        found = [each for each in open_ones if each.id in ids]
        if not 1 <= len(ids) <= 50 or not found:
            raise ApiError(404, "no UNFULFILLED redemption with these IDs was found")
        for redemption in found:
            redemption.status = given["status"]
        self._state.changed()
        return answer(*map(redemption_json, found))

    def _own(self, channel: User, reward_id: str) -> Reward:
        reward = channel.rewards.get(reward_id)
        if reward is None:
            raise ApiError(404, "The custom reward specified by reward_id was not found")
        if reward.client_id != self._state.client_id:
            raise ApiError(403, "The ID in the Client-Id header must match the client ID used to create the reward")
        return reward


def _check(channel: User, given: dict[str, Any], reward: Reward | None) -> None:
    if not 1 <= len(given.get("title", "x")) <= MAX_TITLE:
        raise ApiError(400, "the title must contain 1 to 45 characters")
    if given.get("cost", 1) < 1:
        raise ApiError(400, "the cost must be at least 1")
    if len(given.get("prompt", "")) > MAX_PROMPT:
        raise ApiError(400, "the prompt is limited to 200 characters")
    others = [each.fields["title"] for each in channel.rewards.values() if each is not reward]
    if given.get("title") in others:
        raise ApiError(400, "CREATE_CUSTOM_REWARD_DUPLICATE_REWARD")


def reward_json(channel: User, reward: Reward) -> dict[str, Any]:
    fields = reward.fields
    cooldown = {
        "is_enabled": fields["is_global_cooldown_enabled"],
        "global_cooldown_seconds": fields["global_cooldown_seconds"],
    }
    shown = {name: value for name, value in fields.items() if not name.startswith(("is_max", "max_", "is_global"))}
    shown.pop("global_cooldown_seconds")
    return {
        "broadcaster_id": channel.id,
        "broadcaster_login": channel.login,
        "broadcaster_name": channel.name,
        "id": reward.id,
        "image": None,
        "default_image": {f"url_{n}x": f"{_IMAGES}/default-{n}.png" for n in (1, 2, 4)},
        "is_in_stock": True,
        "max_per_stream_setting": {"is_enabled": False, "max_per_stream": 0},
        "max_per_user_per_stream_setting": {"is_enabled": False, "max_per_user_per_stream": 0},
        "global_cooldown_setting": cooldown,
        "redemptions_redeemed_current_stream": None,
        "cooldown_expires_at": None,
        **shown,
    }


def redemption_json(redemption: Redemption) -> dict[str, Any]:
    channel, reward = redemption.channel, redemption.reward
    return {
        "broadcaster_id": channel.id,
        "broadcaster_login": channel.login,
        "broadcaster_name": channel.name,
        "id": redemption.id,
        "user_id": redemption.user.id,
        "user_login": redemption.user.login,
        "user_name": redemption.user.name,
        "user_input": redemption.user_input,
        "status": redemption.status,
        "redeemed_at": timestamp(redemption.at),
        "reward": brief(reward),
    }


def brief(reward: Reward) -> dict[str, Any]:
    return {"id": reward.id, **{name: reward.fields[name] for name in ("title", "prompt", "cost")}}
