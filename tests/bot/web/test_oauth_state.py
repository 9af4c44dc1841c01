"""An OAuth round trip ends where it began, once, and in time."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from bot.web.oauth_state import LIFE_S, BadState, OAuthStates
from bot.web.signing import Signer

KEY = bytes(32)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def states(clock: Clock | None = None, key: bytes = KEY) -> OAuthStates:
    return OAuthStates(Signer(key), secure=False, clock=clock or Clock())


def back(response: web.Response) -> web.Request:
    """The same browser, some time later."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())
    return make_mocked_request("GET", "/", headers={"Cookie": cookies})


def test_who_went_comes_back_once() -> None:
    response, trip = web.Response(), states()
    state = trip.begin(response, "login", "twitch:12")
    assert trip.finish(back(response), "login", state) == "twitch:12"
    with pytest.raises(BadState):
        trip.finish(back(response), "login", state)


def test_another_process_with_the_same_key_takes_it_too() -> None:
    response = web.Response()
    state = states().begin(response, "login")
    assert states().finish(back(response), "login", state) == ""


def test_another_browser_is_refused() -> None:
    mine, other, trip = web.Response(), web.Response(), states()
    state = trip.begin(mine, "login")
    trip.begin(other, "login")
    for request in (back(other), make_mocked_request("GET", "/")):
        with pytest.raises(BadState):
            trip.finish(request, "login", state)


def test_it_ends_in_time() -> None:
    response, clock = web.Response(), Clock()
    trip = states(clock)
    state = trip.begin(response, "login")
    clock.now += LIFE_S
    with pytest.raises(BadState):
        trip.finish(back(response), "login", state)


def test_it_counts_for_its_purpose_only() -> None:
    response, trip = web.Response(), states()
    state = trip.begin(response, "login")
    value = response.cookies["emoteface_login"].value
    moved = make_mocked_request("GET", "/", headers={"Cookie": f"emoteface_connect={value}"})
    with pytest.raises(BadState):
        trip.finish(moved, "connect", state)


def test_the_cookie_is_for_the_server_alone() -> None:
    response = web.Response()
    OAuthStates(Signer(KEY), secure=True).begin(response, "login")
    [morsel] = response.cookies.values()
    assert morsel.key == "__Host-emoteface_login"
    assert (morsel["httponly"], morsel["secure"], morsel["samesite"], morsel["path"]) == (True, True, "Lax", "/")


_COOKIES = st.from_regex(r"[\w:.!-]{0,200}", fullmatch=True) | st.from_regex(
    r"[\w-]{43}\.\d{1,14}\.[\w:.-]{0,20}\.[0-9a-f]{64}", fullmatch=True
)


@given(_COOKIES, st.text(max_size=100))
def test_made_up_cookies_and_states_are_refused(cookie: str, state: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Cookie": f"emoteface_login={cookie}"})
    for given_state in (state, cookie.partition(".")[0]):
        with pytest.raises(BadState):
            states().finish(request, "login", given_state)


def test_a_signature_of_another_key_is_refused() -> None:
    response = web.Response()
    state = states(key=b"x" * 32).begin(response, "login")
    with pytest.raises(BadState):
        states().finish(back(response), "login", state)


def test_only_what_a_cookie_can_hold_is_kept() -> None:
    with pytest.raises(ValueError, match="cookie"):
        states().begin(web.Response(), "login", "a b;c")
