"""The calls of Helix that faces need, with values of ours in and out.

All of them raise TwitchDown, TwitchRefused (MissingScope) or NotAuthorized of `bot.twitch.errors`, after the retries
that make sense. https://dev.twitch.tv/docs/api/reference/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from twitchio.http import Route

from bot.store.twitch_accounts import AccountKey, Role
from bot.twitch.errors import TwitchDown
from bot.twitch.events import Person, Redemption
from bot.twitch.http import HelixHttp, token_for

MAX_MESSAGE_CHARACTERS = 500
_MAX_AT_ONCE = 100
_MAX_SETTLED_AT_ONCE = 50
_MAX_PAGES = 50

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sent:
    """The message is in the chat."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Twitch took the message and did not show it: `code` is Twitch's word for why (channel_settings, msg_ratelimit,
    msg_duplicate, automod_held, …)."""

    code: str


@dataclass(frozen=True, slots=True)
class Reward:
    """A custom reward that this application made."""

    id: str
    title: str
    cost: int
    is_enabled: bool
    is_paused: bool


@dataclass(frozen=True, slots=True)
class RewardFields:
    """What a reward is to be. It asks for an emote and never skips the queue: only so it can be refunded.

    `title` ≤ 45 and `prompt` ≤ 200 characters, `cost` ≥ 1 points; `cooldown_s` None is none.
    """

    title: str
    cost: int
    prompt: str
    cooldown_s: int | None = None

    def to_json(self) -> dict[str, Any]:
        cooldown = {"is_global_cooldown_enabled": self.cooldown_s is not None}
        return {
            "title": self.title,
            "cost": self.cost,
            "prompt": self.prompt,
            "is_user_input_required": True,
            "should_redemptions_skip_request_queue": False,
            **cooldown,
            **({"global_cooldown_seconds": self.cooldown_s} if self.cooldown_s is not None else {}),
        }


class _User(BaseModel):
    id: str
    login: str
    display_name: str


class _DropReason(BaseModel):
    code: str


class _Sent(BaseModel):
    message_id: str
    is_sent: bool
    drop_reason: _DropReason | None = None


class _Stream(BaseModel):
    user_id: str


class _Reward(BaseModel):
    id: str
    title: str
    cost: int
    is_enabled: bool
    is_paused: bool


class _Id(BaseModel):
    id: str


class _Redeemed(BaseModel):
    id: str
    broadcaster_id: str
    broadcaster_login: str
    broadcaster_name: str
    user_id: str
    user_login: str
    user_name: str
    user_input: str
    status: str
    redeemed_at: datetime
    reward: _Id


class Helix:
    """`bot` is whose account speaks, `reader` whose token asks what anybody may know ("": the application's)."""

    def __init__(self, http: HelixHttp, bot: AccountKey, reader: str) -> None:
        self._http = http
        self._bot = bot
        self._reader = reader

    @property
    def bot_id(self) -> str:
        """The account that speaks."""
        return self._bot.user_id

    async def send_message(self, channel_id: str, text: str, *, reply_to: str | None = None) -> Sent | Dropped:
        """Say up to 500 characters, once at most: after TwitchDown nobody knows whether it is there."""
        answer = await self._http.post_chat_message(
            broadcaster_id=channel_id,
            sender_id=self._bot.user_id,
            message=text,
            token_for=token_for(self._bot),
            reply_to_message_id=reply_to,
        )
        (sent,) = _read(_Sent, answer, exactly=1)
        if sent.is_sent:
            return Sent(sent.message_id)
        return Dropped(sent.drop_reason.code if sent.drop_reason else "unknown")

    async def people(self, *, ids: Collection[str] = (), logins: Collection[str] = ()) -> Sequence[Person]:
        """Those of up to 100 that exist; in no order."""
        route = Route("GET", "users", params={"id": list(ids), "login": list(logins)}, token_for=self._reader)
        found = _read(_User, await self._http.request_json(route))
        return [Person(user.id, user.login, user.display_name) for user in found]

    async def live(self, channel_ids: Collection[str]) -> frozenset[str]:
        """Which of the channels stream now."""
        ids, found = sorted(channel_ids), set[str]()
        for start in range(0, len(ids), _MAX_AT_ONCE):
            params = {"user_id": ids[start : start + _MAX_AT_ONCE], "first": _MAX_AT_ONCE}
            route = Route("GET", "streams", params=params, token_for=self._reader)
            found |= {stream.user_id for stream in _read(_Stream, await self._http.request_json(route))}
        return frozenset(found)

    async def follows(self, channel_id: str, user_id: str) -> bool:
        """Needs the broadcaster's scope `moderator:read:followers`."""
        params = {"broadcaster_id": channel_id, "user_id": user_id}
        answer = await self._http.request_json(
            Route("GET", "channels/followers", params=params, token_for=_of_channel(channel_id))
        )
        return any(follower.user_id == user_id for follower in _read(_Stream, answer))

    async def create_reward(self, channel_id: str, fields: RewardFields) -> Reward:
        """Needs the broadcaster's scope `channel:manage:redemptions`, as do all below."""
        answer = await self._rewards("POST", channel_id, {}, fields.to_json())
        (made,) = _read(_Reward, answer, exactly=1)
        return Reward(**made.model_dump())

    async def rewards(self, channel_id: str) -> Sequence[Reward]:
        """Those that this application made."""
        answer = await self._rewards("GET", channel_id, {"only_manageable_rewards": "true"})
        return [Reward(**reward.model_dump()) for reward in _read(_Reward, answer)]

    async def update_reward(self, channel_id: str, reward_id: str, fields: RewardFields) -> None:
        """TwitchRefused with status 404: the broadcaster deleted it."""
        await self._rewards("PATCH", channel_id, {"id": reward_id}, fields.to_json())

    async def pause_reward(self, channel_id: str, reward_id: str, *, paused: bool) -> None:
        """A paused reward is shown and cannot be redeemed."""
        await self._rewards("PATCH", channel_id, {"id": reward_id}, {"is_paused": paused})

    async def show_reward(self, channel_id: str, reward_id: str, *, shown: bool) -> None:
        """What is not shown keeps its place among the channel's rewards."""
        await self._rewards("PATCH", channel_id, {"id": reward_id}, {"is_enabled": shown})

    async def delete_reward(self, channel_id: str, reward_id: str) -> None:
        """What is not settled by then counts as fulfilled."""
        await self._http.delete_custom_reward(channel_id, reward_id, _of_channel(channel_id))

    async def open_redemptions(self, channel_id: str, reward_id: str) -> Sequence[Redemption]:
        """Those that wait to be settled, the oldest first."""
        found: list[_Redeemed] = []
        params: dict[str, str | int] = {"reward_id": reward_id, "status": "UNFULFILLED", "first": 50}
        for _ in range(_MAX_PAGES):
            answer = await self._rewards("GET", channel_id, params, below="/redemptions")
            found += _read(_Redeemed, answer)
            cursor = (answer.get("pagination") or {}).get("cursor")
            if not cursor:
                break
            params["after"] = cursor
        return [_redemption(each) for each in found]

    async def settle(self, channel_id: str, reward_id: str, ids: Sequence[str], *, fulfilled: bool) -> None:
        """Fulfil, or give the points back. TwitchRefused with status 404: all of them are settled already."""
        status: Literal["FULFILLED", "CANCELED"] = "FULFILLED" if fulfilled else "CANCELED"
        for start in range(0, len(ids), _MAX_SETTLED_AT_ONCE):
            some = list(ids[start : start + _MAX_SETTLED_AT_ONCE])
            params = {"reward_id": reward_id, "id": some}
            await self._rewards("PATCH", channel_id, params, {"status": status}, below="/redemptions")

    async def _rewards(
        self,
        method: Literal["GET", "POST", "PATCH"],
        channel_id: str,
        params: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        below: str = "",
    ) -> Any:
        route = Route(
            method,
            f"channel_points/custom_rewards{below}",
            params={"broadcaster_id": channel_id, **params},
            json=dict(body) if body else {},
            token_for=_of_channel(channel_id),
        )
        return await self._http.request_json(route)


def _of_channel(channel_id: str) -> str:
    return token_for(AccountKey(channel_id, Role.CHANNEL))


def _redemption(read: _Redeemed) -> Redemption:
    return Redemption(
        id=read.id,
        channel=Person(read.broadcaster_id, read.broadcaster_login, read.broadcaster_name),
        user=Person(read.user_id, read.user_login, read.user_name),
        reward_id=read.reward.id,
        text=read.user_input,
        is_open=read.status == "UNFULFILLED",
        at=read.redeemed_at.timestamp(),
    )


def _read(model: type[M], answer: Any, exactly: int | None = None) -> list[M]:
    """An answer that is not what it should be is no answer."""
    try:
        found = [model.model_validate(each) for each in answer["data"]]
    except (ValidationError, KeyError, TypeError):
        raise TwitchDown from None
    if exactly is not None and len(found) != exactly:
        raise TwitchDown
    return found
