"""What a platform's side knows of its places, for whoever shows them outside the platform."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol


class RightsUnknown(Exception):
    """The platform does not say, at this moment, what somebody may do."""


class Directory(Protocol):
    """What one platform's side knows of its places. Names are other people's words."""

    async def present(self) -> Collection[str]:
        """The scope ids of all places the bot is in."""
        ...

    async def manages(self, scope_id: str, user_id: str) -> bool:
        """Whether this person may change settings there, now. Raise RightsUnknown."""
        ...

    def own_scope(self, user_id: str) -> str | None:
        """The place that is this person's by itself, with the bot or without; None where there is none."""
        ...

    def name(self, scope_id: str) -> str | None:
        """What the place is called, as far as is known."""
        ...

    def channels(self, scope_id: str) -> Mapping[str, str] | None:
        """Names of the channels in which settings can differ, by id; None where this process does not know them."""
        ...

    def roles(self, scope_id: str) -> Mapping[str, str] | None:
        """The same of roles that people can have."""
        ...

    def emoji_name(self, scope_id: str, emoji_id: str) -> str | None:
        """What an emoji of the place is called; None where nobody knows, or it is not fit to be shown."""
        ...
