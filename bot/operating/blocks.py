"""Blocks that hold in the whole instance, by names as an operator types them."""

from __future__ import annotations

from bot.models import Emote, EmoteSource, Platform
from bot.policy.blocking import Blocking, emote_name, user_name
from bot.policy.settings import EVERYWHERE
from bot.store.blocks import BlockKind

_MAX_CHARS = 64


class UnknownName(Exception):
    """No id, no emote of a catalogue, or not blocked."""


async def block_user(blocking: Blocking, platform: Platform, user_id: str, by_user_id: str) -> None:
    """Raise UnknownName, or TooManyBlocked."""
    await blocking.block_user(EVERYWHERE, platform, _id(user_id), by_user_id)


async def unblock_user(blocking: Blocking, platform: Platform, user_id: str, by_user_id: str) -> None:
    """Raise UnknownName."""
    if not await blocking.unblock(EVERYWHERE, BlockKind.USER, user_name(platform, _id(user_id)), by_user_id):
        raise UnknownName


async def block_emote(blocking: Blocking, name: str, by_user_id: str) -> None:
    """`source:id`, as in `bttv:54fa8f1401e468494b85b537`. Raise UnknownName, or TooManyBlocked."""
    await blocking.block_emote(EVERYWHERE, _emote(name), by_user_id)


async def unblock_emote(blocking: Blocking, name: str, by_user_id: str) -> None:
    """Raise UnknownName."""
    if not await blocking.unblock(EVERYWHERE, BlockKind.EMOTE, emote_name(_emote(name)), by_user_id):
        raise UnknownName


def _id(text: str) -> str:
    if not (text.isdecimal() and text.isascii() and len(text) <= _MAX_CHARS):
        raise UnknownName
    return text


def _emote(name: str) -> Emote:
    source, _, emote_id = name.partition(":")
    known = {each.value for each in EmoteSource if not each.is_private}
    if source not in known or not 0 < len(emote_id) <= _MAX_CHARS:
        raise UnknownName
    return Emote(EmoteSource(source), emote_id)
