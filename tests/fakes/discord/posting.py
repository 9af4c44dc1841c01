"""What a bot's message may be as a whole, and what becomes of it when it is posted or edited."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tests.fakes.discord import checks, layout
from tests.fakes.discord.checks import ApiError
from tests.fakes.discord.components import check_components
from tests.fakes.discord.world import COMPONENTS_V2, EPHEMERAL, Attachment, Message

SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS = 1 << 2, 1 << 12
_SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | EPHEMERAL | COMPONENTS_V2
_LEGACY = ("content", "embeds", "poll", "sticker_ids")
_NO_LEGACY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"

UPLOAD_LIMITS_BYTES = (10 << 20, 10 << 20, 50 << 20, 100 << 20)  # of one file, by a guild's boost level

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Rules:
    """What depends on where a message is: the custom emoji that the bot may use, and the size of files."""

    emoji: Collection[int]
    upload_limit_bytes: int


def fill(message: Message, payload: dict[str, Any], files: Files, rules: Rules) -> Message:
    """Make a new message what a payload says, or refuse it."""
    checks.check_message(payload, files, limit_bytes=rules.upload_limit_bytes)
    message.flags |= int(payload.get("flags") or 0) & _SETTABLE
    _apply(message, payload, files, rules)
    return message


def edit(message: Message, payload: dict[str, Any], files: Files, rules: Rules) -> None:
    """What a PATCH does: named fields change, attachments that are not listed any more go."""
    kept = [attachment.id for attachment in message.attachments]
    checks.check_message(payload, files, kept, limit_bytes=rules.upload_limit_bytes)
    flags = payload.get("flags")
    wants_layout = flags is not None and bool(int(flags) & COMPONENTS_V2)
    stays = flags is None or wants_layout or not message.is_layout
    checks.require(stays, "flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "The flag cannot be removed.")
    if wants_layout and not message.is_layout:
        for name in ("content", "embeds"):
            emptied = name in payload or not getattr(message, name)
            checks.require(emptied, name, _NO_LEGACY, "Must be emptied before a message becomes a layout.")
    before, had_flags = "\n".join(message.texts()), message.flags
    message.flags |= COMPONENTS_V2 if wants_layout else 0
    try:
        _apply(message, payload, files, rules)
    except ApiError:
        message.flags = had_flags
        raise
    message.history.append(before)


def _apply(message: Message, payload: dict[str, Any], files: Files, rules: Rules) -> None:
    if message.is_layout:
        for name in _LEGACY:
            reason = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            checks.require(not payload.get(name), name, _NO_LEGACY, reason)
    content = (payload["content"] or "") if "content" in payload else message.content
    embeds = checks.check_embeds((payload["embeds"] or []) if "embeds" in payload else message.embeds)
    attachments = _attachments(message, payload, files)
    components = message.components
    if "components" in payload:
        components = payload["components"] or []
        names = [attachment.filename for attachment in attachments]
        check_components(components, is_layout=message.is_layout, files=names, emoji=rules.emoji)
    if not (components if message.is_layout else content or embeds or attachments or message.stickers):
        raise ApiError(400, 50006, "Cannot send an empty message")
    message.content, message.embeds, message.attachments = content, embeds, attachments
    message.components = layout.numbered(components)


def _attachments(message: Message, payload: dict[str, Any], files: Files) -> list[Attachment]:
    if "attachments" not in payload:
        return message.attachments
    listed = {str(attachment["id"]) for attachment in payload["attachments"] or []}
    return [each for each in message.attachments if str(each.id) in listed] + [
        Attachment(about["filename"], files[f"files[{about['id']}]"], about.get("description"))
        for about in payload["attachments"] or []
        if f"files[{about['id']}]" in files
    ]
