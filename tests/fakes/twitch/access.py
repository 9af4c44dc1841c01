"""Who asks Helix, and what they may."""

from __future__ import annotations

import time

from aiohttp import web

from tests.fakes.twitch.problems import ApiError, missing_scope
from tests.fakes.twitch.state import TwitchState
from tests.fakes.twitch.world import Token, User


class Access:
    """Reads a request's token and checks it as the real Helix does."""

    def __init__(self, state: TwitchState) -> None:
        self._state = state

    def token(self, request: web.Request) -> Token:
        """The request's token. Raise ApiError 401 for what is missing, unknown, over or of another application."""
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            raise ApiError(401, "OAuth token is missing")
        if not authorization.startswith("Bearer "):
            raise ApiError(401, "Must provide a valid OAuth token as Bearer")
        client_id = request.headers.get("Client-Id", "")
        if not client_id:
            raise ApiError(401, "Client ID is missing")
        token = self._state.tokens.get(authorization.removeprefix("Bearer "))
        if token is None or token.ends_at <= time.monotonic():
            raise ApiError(401, "Invalid OAuth token")
        if client_id != self._state.client_id:
            raise ApiError(401, "Client ID and OAuth token do not match")
        return token

    def user_token(self, request: web.Request, user_id: str, *scopes: str) -> User:
        """The user whose token it is; it must be this one's and have one of the scopes."""
        token = self.token(request)
        if token.user is None:
            raise ApiError(401, "Missing User OAUTH Token")
        if not set(scopes) & token.scopes:
            raise missing_scope(*scopes)
        if token.user.id != user_id:
            raise ApiError(401, "The ID in the query must match the user ID in the OAuth token")
        return token.user

    def app_token(self, request: web.Request) -> None:
        """Raise ApiError when it is not the application's own."""
        if self.token(request).user is not None:
            raise ApiError(401, "Must provide an app access token")

    def person(self, user_id: str, status: int = 400) -> User:
        """Somebody who exists."""
        found = self._state.people.get(user_id)
        if found is None:
            raise ApiError(status, "The ID does not identify a user.")
        return found

    def may_act_in_chat(self, token: Token, sender: User, channel: User, scope: str) -> None:
        """Reading and writing chat as `sender`. https://dev.twitch.tv/docs/chat/authenticating/"""
        if token.user is not None:
            if scope not in token.scopes:
                raise missing_scope(scope)
            if token.user is not sender:
                raise ApiError(401, "The sender's ID must match the user ID in the access token")
            return
        if not {scope, "user:bot"} <= sender.granted:
            raise missing_scope(scope, "user:bot")
        if "channel:bot" not in channel.granted and sender.id not in channel.moderators and sender is not channel:
            raise missing_scope("channel:bot")
