"""What can be wrong with a face, in words."""

from __future__ import annotations

from collections.abc import Mapping

from bot.store.reports import Reason
from bot.texts import Text

REASONS: Mapping[Reason, Text] = {
    Reason.PERSON: Text("It makes fun of a real person"),
    Reason.SEXUAL: Text("It is sexual"),
    Reason.HATE: Text("It is hateful"),
    Reason.VIOLENCE: Text("It shows violence"),
    Reason.OTHER: Text("Something else is wrong"),
}
