"""What was changed is told in the channel that admins chose for it."""

from __future__ import annotations

from bot.discord.admin.values import entry_words
from bot.discord.link import Link
from bot.discord.locales import of_server
from bot.discord.posting import Place
from bot.discord.words import Words
from bot.policy.policy import Policy
from bot.policy.settings import EVERYWHERE
from bot.store.audit import AuditEntry
from bot.tasks import BoundedTasks


class LogChannel:
    """Hears of every change that this process makes. A notice may get lost, the record of changes does not."""

    def __init__(self, policy: Policy, link: Link, words: Words, tasks: BoundedTasks) -> None:
        self._policy = policy
        self._link = link
        self._words = words
        self._tasks = tasks
        policy.watch(self.tell)

    def tell(self, entry: AuditEntry) -> None:
        """Returns at once. What is decided for the whole instance, or in other places than servers, is told to none."""
        if entry.scope_id != EVERYWHERE and entry.scope_id.isdecimal():
            self._tasks.start("tell_log_channel", self._tell(entry), scope_id=entry.scope_id)

    async def _tell(self, entry: AuditEntry) -> None:
        channel_id = (await self._policy.effective(entry.scope_id)).log_channel_id
        client = self._link.current
        guild = None if client is None else client.get_guild(int(entry.scope_id))
        if channel_id is not None and guild is not None:
            place, occasion = Place(int(channel_id), guild.id), f"{entry.at} {entry.action} {entry.detail}"
            await self._words.reply(place, entry_words(entry), of_server(guild), occasion=occasion)
