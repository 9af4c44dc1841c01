"""Whose pictures may be drawn where. Emotes are everybody's; an avatar or an upload is its owner's."""

from __future__ import annotations

from enum import StrEnum

from bot.errors import OptedOut, OthersPicturesOff, UnknownOwner
from bot.models import Emote, EmoteSource, Origin, Platform
from bot.policy.policy import Policy
from bot.store.opt_outs import OptOuts

_PEOPLES = {EmoteSource.ATTACHMENT, EmoteSource.AVATAR}


class Switch(StrEnum):
    """What an admin decides for a server; everything is off at first. The values are names of its settings."""

    OTHERS_PICTURES = "others_pictures"
    LAST_PICTURE = "last_picture"


class Consent:
    """Answers whether a picture may be drawn, and takes down what members want."""

    def __init__(self, policy: Policy, opt_outs: OptOuts) -> None:
        self._policy = policy
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

    async def check_picture(self, origin: Origin, picture: Emote) -> None:
        """Of all parts of it. Emotes, stickers and bots' avatars are nobody's. Raise as `check`."""
        for part in picture.parts:
            is_a_bots_avatar = part.source is EmoteSource.AVATAR and part.shown_user_id is None
            if part.source in _PEOPLES and not is_a_bots_avatar:
                await self.check(origin, part.shown_user_id)

    async def is_on(self, scope_id: str, switch: Switch) -> bool:
        """What the scope's admins have chosen."""
        here = await self._policy.effective(scope_id)
        return here.others_pictures if switch is Switch.OTHERS_PICTURES else here.last_picture

    async def opt_out(self, platform: Platform, user_id: str, *, out: bool) -> None:
        """From now on nobody else has this member drawn, anywhere; or again as before."""
        await self._opt_outs.set(platform, user_id, out=out)
