"""Where an answer goes: what a deliverer needs to answer after a restart, as plain JSON in the request's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class MessageTarget:
    """A reply to the message that asked; `status_id` is the status message to edit into the answer, if there is one.

    The status is in the channel of the question unless `status_channel_id` says otherwise. An answer `in_thread` goes
    into the question's. A `spoiler` is blurred until it is clicked. `reaction` is the emoji by which it was asked, if
    it was.
    """

    channel_id: int
    guild_id: int | None
    message_id: int
    status_id: int | None = None
    status_channel_id: int | None = None
    in_thread: bool = False
    spoiler: bool = False
    reaction: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "message", **asdict(self)}


@dataclass(frozen=True, slots=True)
class InteractionTarget:
    """The deferred response of a slash command or a press; `token` allows to edit it until `expires_at` (Unix seconds).

    Only the asker sees what is `private`. `pressed` says which press it was, None for a command. `ends_at` is when the
    only way to the asker ends, None where the bot can post a message of its own. With an `emoji` the face is not posted
    but becomes the server's emoji of this name.
    """

    channel_id: int
    guild_id: int | None
    interaction_id: int
    application_id: int
    token: str = field(repr=False)
    expires_at: float
    private: bool = False
    spoiler: bool = False
    pressed: str | None = None
    ends_at: float | None = None
    emoji: str | None = None

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
