"""Whose pictures may be drawn where. Emotes are everybody's; an avatar or an upload is its owner's."""

from __future__ import annotations

from enum import StrEnum

from bot.errors import OptedOut, OthersPicturesOff, UnknownOwner
from bot.models import Origin, Platform
from bot.store.opt_outs import OptOuts
from bot.store.scope_settings import ScopeSettings


class Switch(StrEnum):
    """What an admin decides for a server; everything is off at first. The values are names of scope settings."""

    OTHERS_PICTURES = "others_pictures"
    LAST_PICTURE = "last_picture"


class Consent:
    """Answers whether a picture may be drawn, and takes down what admins and members want."""

    def __init__(self, scope_settings: ScopeSettings, opt_outs: OptOuts) -> None:
        self._scope_settings = scope_settings
        self._opt_outs = opt_outs

    async def check(self, origin: Origin, owner_id: str | None) -> None:
        """`owner_id` is whose picture it is, None if that cannot be told.

        One's own is always fine. Raise UnknownOwner, OthersPicturesOff, or OptedOut.
        """
        if owner_id == origin.user_id:
            return
        if owner_id is None:
            raise UnknownOwner
        if not await self.is_on(origin.scope_id, Switch.OTHERS_PICTURES):
            raise OthersPicturesOff
        if await self._opt_outs.has(origin.platform, owner_id):
            raise OptedOut

    async def is_on(self, scope_id: str, switch: Switch) -> bool:
        """What the scope's admins have chosen."""
        return (await self._scope_settings.all(scope_id)).get(switch.value) is True

    async def turn(self, scope_id: str, switch: Switch, *, on: bool) -> None:
        """The caller has made sure that an admin wants it."""
        await self._scope_settings.set(scope_id, switch.value, on or None)

    async def opt_out(self, platform: Platform, user_id: str, *, out: bool) -> None:
        """From now on nobody else has this member drawn, anywhere; or again as before."""
        await self._opt_outs.set(platform, user_id, out=out)
