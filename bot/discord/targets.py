"""Where an answer goes: what a deliverer needs to answer after a restart, as plain JSON in the request's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class MessageTarget:
    """A reply to the message that asked; `status_id` is the status message to edit into the answer, if there is one."""

    channel_id: int
    guild_id: int | None
    message_id: int
    status_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "message", **asdict(self)}


@dataclass(frozen=True, slots=True)
class InteractionTarget:
    """The deferred response of a slash command; `token` allows to edit it until `expires_at` (Unix seconds)."""

    channel_id: int
    guild_id: int | None
    interaction_id: int
    application_id: int
    token: str = field(repr=False)
    expires_at: float

    def to_json(self) -> dict[str, Any]:
        return {"kind": "interaction", **asdict(self)}


Target: TypeAlias = MessageTarget | InteractionTarget

_KINDS: dict[str, type[MessageTarget] | type[InteractionTarget]] = {
    "message": MessageTarget,
    "interaction": InteractionTarget,
}


def target_from_json(values: Mapping[str, Any]) -> Target:
    """The inverse of `to_json`; raise ValueError for anything else."""
    try:
        fields = {name: value for name, value in values.items() if name != "kind"}
        return _KINDS[values["kind"]](**fields)
    except (KeyError, TypeError) as error:
        raise ValueError("not a place on Discord") from error
