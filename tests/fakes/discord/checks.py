"""What the real Discord would not accept, answered with its error JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

USER_MENU, MESSAGE_MENU = 2, 3  # types of commands
_PARSEABLE = {"roles", "users", "everyone"}


class ApiError(Exception):
    """An error answer: HTTP status, Discord's code and message, and for a bad form the errors by field."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code} {message} {errors or ''}")
        self.status = status
        self.body = {"message": message, "code": code} | ({"errors": errors} if errors else {})


def unauthorized() -> ApiError:
    return ApiError(401, 0, "401: Unauthorized")


def missing_permissions() -> ApiError:
    return ApiError(403, 50013, "Missing Permissions")


def unknown(what: str, code: int) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


def bad_form(field: str, reason: str, message: str) -> ApiError:
    """`field` is a dotted path, as in `attachments.0.description`."""
    errors: dict[str, Any] = {"_errors": [{"code": reason, "message": message}]}
    for part in reversed(field.split(".")):
        errors = {part: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)


def require(condition: object, field: str, reason: str, message: str) -> None:
    if not condition:
        raise bad_form(field, reason, message)


def check_message(
    payload: object, files: Mapping[str, bytes], kept: Sequence[int] | None = None, *, limit_bytes: int
) -> dict[str, Any]:
    """The form of a message to post, or with `kept`, the ids of the attachments it already has, to edit."""
    require(isinstance(payload, dict), "_", "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    assert isinstance(payload, dict)
    content = payload.get("content")
    require(content is None or isinstance(content, str), "content", "BASE_TYPE_BAD_TYPE", "Must be a string.")
    require(len(content or "") <= 2000, "content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    nonce = payload.get("nonce")
    require(nonce is None or isinstance(nonce, str | int), "nonce", "BASE_TYPE_BAD_TYPE", "Must be a string.")
    require(len(str(nonce or "")) <= 25, "nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for field in ("tts", "enforce_nonce"):
        require(isinstance(payload.get(field, False), bool), field, "BASE_TYPE_BAD_TYPE", "Must be a boolean.")
    if kept is None or content or payload.get("allowed_mentions"):  # an edit without words cannot ping
        _check_mentions(payload)
    _check_attachments(payload, files, kept or (), limit_bytes)
    return payload


def check_embeds(embeds: object) -> list[dict[str, Any]]:
    """Sizes of what is in embeds."""
    require(isinstance(embeds, list) and len(embeds) <= 10, "embeds", "BASE_TYPE_BAD_LENGTH", "At most 10.")
    assert isinstance(embeds, list)
    total = 0
    for index, embed in enumerate(embeds):
        sizes = [len(embed.get("title") or ""), len(embed.get("description") or "")]
        sizes.append(len((embed.get("footer") or {}).get("text") or ""))
        fits = sizes[0] <= 256 and sizes[1] <= 4096 and sizes[2] <= 2048
        require(fits, f"embeds.{index}", "BASE_TYPE_MAX_LENGTH", "Too long.")
        fields = embed.get("fields") or []
        require(len(fields) <= 25, f"embeds.{index}.fields", "BASE_TYPE_BAD_LENGTH", "At most 25.")
        for field in fields:
            fits = 1 <= len(field.get("name", "")) <= 256 and 1 <= len(field.get("value", "")) <= 1024
            require(fits, f"embeds.{index}.fields", "BASE_TYPE_BAD_LENGTH", "Too short or too long.")
            sizes += [len(field["name"]), len(field["value"])]
        total += sum(sizes)
    require(total <= 6000, "embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return embeds


def _check_mentions(payload: dict[str, Any]) -> None:
    field, allowed = "allowed_mentions", payload.get("allowed_mentions")
    # the real one takes its absence for "ping everybody who is mentioned"; a bot that leaves it out is a mistake
    require(isinstance(allowed, dict), field, "BASE_TYPE_REQUIRED", "This field is required.")
    assert isinstance(allowed, dict)
    parse = allowed.get("parse", [])
    require(
        isinstance(parse, list) and set(parse) <= _PARSEABLE, f"{field}.parse", "BASE_TYPE_CHOICES", "Not a choice."
    )
    for kind in ("users", "roles"):
        both = kind in parse and allowed.get(kind)
        require(not both, field, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", f"parse and {kind} are exclusive.")
    replied = allowed.get("replied_user", False)
    require(isinstance(replied, bool), f"{field}.replied_user", "BASE_TYPE_BAD_TYPE", "Must be a boolean.")


def _check_attachments(
    payload: dict[str, Any], files: Mapping[str, bytes], kept: Sequence[int], limit_bytes: int
) -> None:
    listed = payload.get("attachments") or []
    require(isinstance(listed, list) and len(listed) <= 10, "attachments", "BASE_TYPE_BAD_LENGTH", "At most 10.")
    known = {str(id_) for id_ in kept}
    for index, attachment in enumerate(listed):
        field = f"attachments.{index}"
        id_ = str(attachment.get("id"))
        is_upload = f"files[{id_}]" in files
        require(is_upload or id_ in known, field, "ATTACHMENT_NOT_FOUND", "No file belongs to this attachment.")
        name = attachment.get("filename")
        fits = not is_upload or (isinstance(name, str) and re.fullmatch(r"[\w.-]{1,1024}", name))
        require(fits, f"{field}.filename", "BASE_TYPE_REQUIRED", "A file needs a name.")
        description = attachment.get("description")
        short = description is None or (isinstance(description, str) and len(description) <= 1024)
        require(short, f"{field}.description", "BASE_TYPE_MAX_LENGTH", "Must be 1024 or fewer in length.")
    unlisted = files.keys() - {f"files[{attachment['id']}]" for attachment in listed}
    require(not unlisted, "attachments", "ATTACHMENT_NOT_FOUND", f"No attachment belongs to {sorted(unlisted)}.")
    if any(len(content) > limit_bytes for content in files.values()):
        raise ApiError(413, 40005, "Request entity too large")


def check_command(command: object, index: int) -> dict[str, Any]:
    """The form of one application command: chat input, or a menu on people or messages."""
    require(isinstance(command, dict), str(index), "MODEL_TYPE_CONVERT", "Only dictionaries may be used.")
    assert isinstance(command, dict)
    if command.get("type") in {USER_MENU, MESSAGE_MENU}:
        return _check_menu(command, str(index))
    check_naming(command, str(index))
    options = command.get("options", [])
    require(len(options) <= 25, f"{index}.options", "BASE_TYPE_BAD_LENGTH", "Must be 25 or fewer in length.")
    required = [bool(option.get("required")) for option in options]
    first = f"{index}.options"
    require(required == sorted(required, reverse=True), first, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "First.")
    names = [option.get("name") for option in options]
    require(len(set(names)) == len(names), first, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Twice.")
    for at, option in enumerate(options):
        field = f"{index}.options.{at}"
        check_naming(option, field)
        require(option.get("type") in range(1, 12), f"{field}.type", "BASE_TYPE_CHOICES", "Not a choice.")
        for below, sub in enumerate(option.get("options", [])):
            check_naming(sub, f"{field}.options.{below}")
        choices = option.get("choices", [])
        require(len(choices) <= 25, f"{field}.choices", "BASE_TYPE_BAD_LENGTH", "Must be 25 or fewer in length.")
    return command


def _check_menu(command: dict[str, Any], field: str) -> dict[str, Any]:
    name = command.get("name")
    fits = isinstance(name, str) and 1 <= len(name) <= 32
    require(fits, f"{field}.name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
    bare = not command.get("description") and not command.get("options")
    require(bare, field, "APPLICATION_COMMAND_CONTEXT_MENU", "Menus have neither description nor options.")
    return command


def check_naming(thing: dict[str, Any], field: str) -> None:
    """What commands and their options are called, and how they are described."""
    name, description = str(thing.get("name")), str(thing.get("description", ""))
    valid = re.fullmatch(r"[-_'\w]{1,32}", name) and name == name.lower()
    require(valid, f"{field}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    require(1 <= len(description) <= 100, f"{field}.description", "BASE_TYPE_BAD_LENGTH", "1 to 100 in length.")


def check_choices(data: dict[str, Any]) -> list[dict[str, Any]]:
    """What autocomplete may offer."""
    choices = data.get("choices")
    require(isinstance(choices, list) and len(choices) <= 25, "data.choices", "BASE_TYPE_BAD_LENGTH", "At most 25.")
    assert isinstance(choices, list)
    for index, choice in enumerate(choices):
        for name in ("name", "value"):
            fits = not isinstance(choice[name], str) or 1 <= len(choice[name]) <= 100
            field = f"data.choices.{index}.{name}"
            require(fits, field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return choices
