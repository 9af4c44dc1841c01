"""Permissions by Discord's names and as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from discord import Permissions

BY_DEFAULT = frozenset(
    {
        *("view_channel", "send_messages", "send_messages_in_threads", "create_public_threads", "embed_links"),
        *("attach_files", "add_reactions", "use_external_emojis", "use_external_stickers", "read_message_history"),
        *("use_application_commands", "change_nickname", "use_external_apps", "create_polls"),
    }
)
OF_AN_INSTALLED_APP = frozenset(
    {"view_channel", "send_messages", "attach_files", "embed_links", "mention_everyone", "use_external_emojis"}
)
IN_DIRECT_MESSAGES = BY_DEFAULT - {"create_public_threads", "send_messages_in_threads", "change_nickname"}


def bits(names: Iterable[str]) -> int:
    return _bits(frozenset(names))


@lru_cache
def _bits(names: frozenset[str]) -> int:
    return Permissions(**dict.fromkeys(names, True)).value


def everything() -> int:
    return Permissions.all().value
