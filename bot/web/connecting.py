"""`/connect/twitch…`: a broadcaster lets the bot into the channel, with as few rights as the wishes need, or leaves.

Links only: the site's policy lets no form lead to another site, and every choice here is an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import structlog
from aiohttp import web
from yarl import URL

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccount
from bot.texts import Text
from bot.twitch.errors import TwitchDown, TwitchError
from bot.twitch.joining import account_of
from bot.twitch.oauth import TwitchOAuth
from bot.twitch.scopes import JOIN, Wish, channel_scopes, scope_of
from bot.web.oauth_state import BadState, OAuthStates
from bot.web.rendering import page
from bot.web.signing import Signer, signing_key
from bot.web.visitors import host_name
from config.settings import Settings

log = structlog.get_logger(__name__)

PATH = "/connect/twitch"
_GO, _LEAVE, _CALLBACK = f"{PATH}/go", f"{PATH}/leave", f"{PATH}/callback"
_PURPOSE = "connect-twitch"
_LOOPBACK = {"127.0.0.1", "::1"}
_JOINING, _LEAVING = "join", "leave"
_CODE, _STATE = re.compile(r"[!-~]{1,512}"), re.compile(r"[\w-]{1,128}", re.ASCII)

_TITLE = Text("Connect with Twitch")
_CHOOSE = (
    Text("The bot comes into your channel's chat, answers !face with a face, and listens to your moderators."),
    Text("Twitch will show what you agree to. It is only what is chosen here, and you can take it back at any time."),
)
_NAMES: Mapping[Wish, Text] = {
    Wish.REWARDS: Text("Channel points: viewers buy faces with a reward that the bot makes and refunds"),
    Wish.FOLLOWERS: Text("Only followers may ask: the bot sees who follows you"),
}
_JOIN_NAME = Text("Being in your chat")
_STALE = Text("This page was opened too long ago, twice, or in another browser. Please begin again.")
_DECLINED = Text("You did not agree, so nothing has changed.")
_OUT_OF_REACH = Text("Twitch does not answer. Please try again in a while.")


class Connects(Protocol):
    """What the pages need of `bot.twitch.client.TwitchBot`."""

    @property
    def oauth(self) -> TwitchOAuth: ...

    async def connect(self, account: TwitchAccount) -> None: ...

    async def disconnect(self, key: AccountKey) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Choice:
    """A line of the page: a wish, the scope it costs, and where a click on it leads."""

    name: Text
    scope: str
    chosen: bool
    toggle: str


def connect_pages(settings: Settings, twitch: Connects | None) -> Sequence[ConnectPages]:
    """Those there are: an application without a secret connects with codes (`emoteface twitch connect`)."""
    if twitch is None or settings.twitch.client_secret is None:
        return ()
    public_url = settings.web.public_url
    secure = public_url is not None and URL(public_url).scheme == "https"
    states = OAuthStates(Signer(signing_key(settings.data_dir, settings.store.key)), secure=secure)
    return (ConnectPages(twitch, states, public_url=public_url),)


def connect_url(settings: Settings) -> str | None:
    """Where people elsewhere find them; None where nobody does."""
    if settings.web.public_url is None or settings.twitch.client_secret is None:
        return None
    return str(URL(settings.web.public_url).with_path(PATH))


class ConnectPages:
    """`public_url` is where Twitch sends people back to; None: to where they came from, which is this machine."""

    def __init__(self, twitch: Connects, states: OAuthStates, *, public_url: str | None) -> None:
        self._twitch = twitch
        self._states = states
        self._public = URL(public_url) if public_url else None

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return [
            web.get(PATH, self._choose),
            web.get(_GO, self._go),
            web.get(_LEAVE, self._leave),
            web.get(_CALLBACK, self._come_back),
        ]

    async def _choose(self, request: web.Request) -> web.Response:
        wishes = _wishes(request)
        choices = [
            _Choice(_NAMES[wish], scope_of(wish), wish in wishes, _address(PATH, wishes ^ {wish})) for wish in Wish
        ]
        return page(
            request,
            "connect.html",
            title=_TITLE,
            lines=_CHOOSE,
            always=_Choice(_JOIN_NAME, JOIN, chosen=True, toggle=""),
            choices=choices,
            go=_address(_GO, wishes),
            leave=_LEAVE,
            words=_WORDS,
        )

    async def _go(self, request: web.Request) -> web.StreamResponse:
        wishes = _wishes(request)
        return self._away(request, f"{_JOINING}:{'.'.join(sorted(wishes))}", channel_scopes(wishes))

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        """Twitch only has to say who it is."""
        return self._away(request, _LEAVING, frozenset())

    def _away(self, request: web.Request, purpose: str, scopes: frozenset[str]) -> web.StreamResponse:
        if (other := self._elsewhere(request)) is not None:
            return _sent_to(str(other.join(request.rel_url)))
        response = web.Response(status=HTTPStatus.SEE_OTHER)
        state = self._states.begin(response, _PURPOSE, purpose)
        redirect = self._redirect(request)
        response.headers["Location"] = self._twitch.oauth.authorize_url(scopes, state, redirect, verify=True)
        return response

    def _elsewhere(self, request: web.Request) -> URL | None:
        """Where this has to begin instead: cookies of another name would not come back, and of this very machine
        Twitch takes the name only, not the address."""
        name = host_name(request).lower()
        if self._public is not None:
            return self._public if name != self._public.host else None
        return URL(f"http://{request.host}").with_host("localhost") if name in _LOOPBACK else None

    async def _come_back(self, request: web.Request) -> web.StreamResponse:
        state, code = request.query.get("state", ""), request.query.get("code", "")
        try:
            if not _STATE.fullmatch(state):
                raise BadState
            data = self._states.finish(request, _PURPOSE, state)
        except BadState:
            return self._ended(request, _STALE, HTTPStatus.FORBIDDEN)
        if not _CODE.fullmatch(code):  # `error=access_denied`, or nonsense
            return self._ended(request, _DECLINED)
        try:
            said = await self._settle(data, code, self._redirect(request))
        except TwitchDown:
            return self._ended(request, _OUT_OF_REACH, HTTPStatus.BAD_GATEWAY)
        except TwitchError as error:
            log.warning("twitch_connecting_failed", error=str(error))
            return self._ended(request, _STALE, HTTPStatus.FORBIDDEN)
        return self._ended(request, said)

    async def _settle(self, data: str, code: str, redirect: str) -> Text:
        oauth = self._twitch.oauth
        grant = await oauth.exchange(code, redirect)
        account = await account_of(oauth, grant, Role.CHANNEL)
        if data != _LEAVING:
            await self._twitch.connect(account)
            return _connected(account.login)
        await oauth.revoke(grant.access_token)
        return _left(account.login, is_told=await self._twitch.disconnect(account.key))

    def _ended(self, request: web.Request, said: Text, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
        response = page(request, "connected.html", status=status, title=_TITLE, said=said, again=PATH, words=_WORDS)
        self._states.forget(response, _PURPOSE)
        return response

    def _redirect(self, request: web.Request) -> str:
        site = self._public or URL(f"http://{request.host}")
        return str(site.with_path(_CALLBACK))


_WORDS = {
    "scopes": Text("What you agree to"),
    "add": Text("choose"),
    "remove": Text("leave out"),
    "go": Text("Go to Twitch"),
    "leave": Text("Disconnect a channel"),
    "again": Text("Back"),
}


def _connected(login: str) -> Text:
    return Text(
        "{login} is connected. The bot is in the chat within a minute; make it a moderator, so that its links are not "
        "blocked.",
        {"login": login},
    )


def _left(login: str, *, is_told: bool) -> Text:
    if is_told:
        return Text("{login} is disconnected: the bot has left, and nothing you agreed to is kept.", {"login": login})
    return Text(
        "{login} is disconnected here, but Twitch could not be told. Please remove the bot at "
        "twitch.tv/settings/connections, too.",
        {"login": login},
    )


def _wishes(request: web.Request) -> frozenset[Wish]:
    given = set(request.query.getall("with", []))
    return frozenset(wish for wish in Wish if wish.value in given)


def _address(path: str, wishes: Iterable[Wish]) -> str:
    return str(URL(path).with_query([("with", wish.value) for wish in sorted(wishes)]))


def _sent_to(address: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})
