"""What somebody who is logged in may look after, asked anew whenever it matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from bot.directory import Directory, RightsUnknown
from bot.models import Platform
from bot.store.web_sessions import Identity
from bot.web.panel.refusal import PanelRefusal
from bot.web.panel.words import Words

SCOPE = r"{scope:(?:twitch:)?[0-9]{1,20}}"
"""A scope id in the address of a page."""


@dataclass(frozen=True, slots=True)
class Managed:
    """A place, and who knows more of it."""

    scope_id: str
    platform: Platform
    directory: Directory

    @property
    def name(self) -> str:
        """Its id where the name is not known."""
        return self.directory.name(self.scope_id) or self.scope_id

    @property
    def channels(self) -> Mapping[str, str]:
        return self.directory.channels(self.scope_id) or {}

    @property
    def roles(self) -> Mapping[str, str]:
        return self.directory.roles(self.scope_id) or {}


class Places:
    """`operators` are ids of Discord users. Who comes from the command line may do what they may."""

    def __init__(self, operators: Collection[str]) -> None:
        self._operators = operators
        self._directories: dict[Platform, Directory] = {}

    def add(self, platform: Platform, directory: Directory) -> None:
        """Platforms come after the site that shows them."""
        self._directories[platform] = directory

    def is_operator(self, who: Identity) -> bool:
        """Whether the whole instance is theirs."""
        is_terminal = who.platform is Platform.CLI
        return is_terminal or (who.platform is Platform.DISCORD and who.user_id in self._operators)

    async def of(self, who: Identity) -> list[Managed]:
        """What to offer, by name; whether it may be used is decided when it is opened."""
        found = []
        for platform, directory in self._directories.items():
            offered = set(await directory.present())
            if not self.is_operator(who):
                theirs = {*who.scope_ids, directory.own_scope(who.user_id)} if platform is who.platform else set()
                offered &= theirs
            found += [Managed(scope_id, platform, directory) for scope_id in offered]
        return sorted(found, key=lambda place: (place.name.casefold(), place.scope_id))

    async def open(self, who: Identity, scope_id: str) -> Managed:
        """Raise PanelRefusal for a place that this person may not manage at this moment, or that is none."""
        for platform, directory in self._directories.items():
            if scope_id in await directory.present() and await self._may(who, platform, directory, scope_id):
                return Managed(scope_id, platform, directory)
        raise PanelRefusal(HTTPStatus.NOT_FOUND, Words.no_such_place)

    async def _may(self, who: Identity, platform: Platform, directory: Directory, scope_id: str) -> bool:
        if self.is_operator(who):
            return True
        if platform is not who.platform:
            return False
        try:
            return await directory.manages(scope_id, who.user_id)
        except RightsUnknown:
            raise PanelRefusal(HTTPStatus.SERVICE_UNAVAILABLE, Words.rights_unknown) from None
