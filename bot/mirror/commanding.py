"""What moderators of a Twitch channel do about its mirrors, in words: the rest of `!faceset mirror`."""

from __future__ import annotations

from bot.mirror.linking import Linking
from bot.texts import Text, counted, joined

_OFF = {"off", "stop", "unlink"}


class MirrorCommand:
    """The caller has made sure that this user may change the channel's settings."""

    def __init__(self, linking: Linking) -> None:
        self._linking = linking

    async def answer(self, scope_id: str, login: str, user_id: str, rest: str) -> Text:
        """`rest` is a code, "off", or nothing; `login` the channel's.

        Raise TooManyTries, UnknownCode or TooManyMirrors.
        """
        wanted = rest.strip()
        if wanted.lower() in _OFF:
            return await self._off(scope_id, user_id)
        if wanted:
            await self._linking.accept(scope_id, login, wanted, user_id)
            return Text("Done: a Discord channel shows the faces of this chat now. `!faceset mirror off` ends that.")
        return await self._how_many(scope_id)

    async def _off(self, scope_id: str, user_id: str) -> Text:
        if not await self._linking.unlink_twitch(scope_id, user_id):
            return Text("No Discord channel shows the faces of this chat.")
        return Text("Done: no Discord channel shows the faces of this chat any more.")

    async def _how_many(self, scope_id: str) -> Text:
        links = await self._linking.of_twitch(scope_id)
        how = Text("Get a code with `/emoteface mirror` in a Discord channel, then say `!faceset mirror CODE` here.")
        if not links:
            return joined([Text("No Discord channel shows the faces of this chat."), how])
        return counted(
            "A Discord channel shows the faces of this chat. `!faceset mirror off` ends that.",
            "{n} Discord channels show the faces of this chat. `!faceset mirror off` ends that.",
            len(links),
        )
