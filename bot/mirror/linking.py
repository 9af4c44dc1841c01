"""Both sides agree to a mirror: an admin of the Discord server gets a code, a moderator of the Twitch channel gives it.

The other way round everybody in the Twitch chat could read the code and use it in a server of theirs; given in chat it
is used up at that moment.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

import structlog

from bot.errors import TooManyMirrors, TooManyTries, UnknownCode
from bot.policy.policy import Policy
from bot.store.audit import AuditEntry
from bot.store.mirrors import MirrorLink, Mirrors, Offer, TooManyLinks

log = structlog.get_logger(__name__)

CODE_LIVES_S = 600.0
MAX_TRIES, TRIES_WITHIN_S = 5, 600.0  # in one Twitch channel
MAX_LINKS = 5  # of one Twitch channel, and to one Discord channel
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without what is easily mistaken
_CHARACTERS = 8  # 31^8 codes


class Linking:
    """The callers have made sure that each user may speak for their side."""

    def __init__(self, mirrors: Mirrors, policy: Policy, *, clock: Callable[[], float] = time.time) -> None:
        self._mirrors = mirrors
        self._policy = policy
        self._clock = clock

    async def offer(self, scope_id: str, channel_id: str, by_user_id: str) -> str:
        """A code, as people type it, for this Discord channel: good once, for CODE_LIVES_S; an earlier one is not any
        more."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
        expires_at = self._clock() + CODE_LIVES_S
        await self._mirrors.offer(Offer(_digest(code), scope_id, channel_id, by_user_id, expires_at))
        return f"{code[:4]}-{code[4:]}"

    async def accept(self, from_scope_id: str, from_name: str, typed: str, by_user_id: str) -> MirrorLink:
        """Link the Twitch channel to the Discord channel that the code was made for.

        Raise TooManyTries, UnknownCode or TooManyMirrors.
        """
        now = self._clock()
        if await self._mirrors.note_try(from_scope_id, now, now - TRIES_WITHIN_S) > MAX_TRIES:
            log.warning("mirror_codes_guessed", scope_id=from_scope_id)
            raise TooManyTries(TRIES_WITHIN_S)
        offer = await self._mirrors.take_offer(_digest(typed), now)
        if offer is None:
            raise UnknownCode
        link = MirrorLink(from_scope_id, from_name, offer.scope_id, offer.channel_id, now)
        entries = self._entries("mirror_linked", link, offer.user_id, by_user_id)
        try:
            await self._mirrors.link(link, MAX_LINKS, entries)
        except TooManyLinks:
            raise TooManyMirrors(MAX_LINKS) from None
        self._tell(entries)
        log.info("mirror_linked", scope_id=from_scope_id, channel_id=link.channel_id)
        return link

    async def unlink_channel(self, channel_id: str, from_scope_id: str, by_user_id: str) -> bool:
        """From Discord's side. False when there was no such link."""
        links = [each for each in await self.of_channel(channel_id) if each.from_scope_id == from_scope_id]
        return bool([each for each in links if await self._unlink(each, f"discord:{by_user_id}", by_user_id)])

    async def unlink_twitch(self, from_scope_id: str, by_user_id: str) -> int:
        """From Twitch's side, all of them; return how many."""
        links = await self.of_twitch(from_scope_id)
        who = f"twitch:{by_user_id}"
        return len([each for each in links if await self._unlink(each, by_user_id, who)])

    async def end(self, link: MirrorLink) -> None:
        """The Discord channel is gone."""
        await self._unlink(link, "discord", "discord")

    async def of_channel(self, channel_id: str) -> list[MirrorLink]:
        """Whose faces are shown in this Discord channel."""
        return await self._mirrors.of_channel(channel_id)

    async def of_twitch(self, from_scope_id: str) -> list[MirrorLink]:
        """Where this Twitch channel's faces are shown."""
        return await self._mirrors.of_twitch(from_scope_id)

    async def _unlink(self, link: MirrorLink, twitch_user: str, discord_user: str) -> bool:
        entries = self._entries("mirror_unlinked", link, discord_user, twitch_user)
        if not await self._mirrors.unlink(link, entries):
            return False
        self._tell(entries)
        log.info("mirror_unlinked", scope_id=link.from_scope_id, channel_id=link.channel_id)
        return True

    def _entries(self, action: str, link: MirrorLink, in_discord: str, in_twitch: str) -> list[AuditEntry]:
        """One for each side, with who did it there; somebody of the other side by platform and id."""
        now = self._clock()
        detail = {"channel_id": link.channel_id, "twitch": link.from_name}
        return [
            AuditEntry(link.scope_id, in_discord, now, action, detail),
            AuditEntry(link.from_scope_id, in_twitch, now, action, detail),
        ]

    def _tell(self, entries: list[AuditEntry]) -> None:
        for entry in entries:
            self._policy.announce(entry)


def _digest(code: str) -> str:
    """Of a code as it was typed: dashes, spaces and small letters are fine."""
    plain = "".join(each for each in code.upper() if each in _ALPHABET)
    return hashlib.sha256(plain.encode()).hexdigest()
