"""What the request table knows of a person, and how it is made to forget them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, bindparam, cast, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import EmoteSource, Platform, RequestState
from bot.store.tables import report, vote, web_session
from bot.store.tables import request as table
from bot.store.together import STATEMENT_TIMEOUT_S

NOBODY = ""  # in place of who wanted to be forgotten
_AT_ONCE = 500  # rows changed in one transaction, for nobody waits long for it
_FINAL = [state.value for state in RequestState if state.is_final]
_PRIVATE = {source.value for source in EmoteSource if source.is_private}


@dataclass(frozen=True, slots=True)
class ForgottenFace:
    """A finished request that nobody can be found by any more. `is_posted`: its answer is due to be removed."""

    request_id: str
    key: str | None
    is_posted: bool


class PersonalData:
    """Works in batches, each a committed transaction; what was cut short is finished by doing it again."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def forget(self, platform: Platform, user_id: str, now: float) -> list[ForgottenFace]:
        """Finished requests of this person become nobody's, and people's own pictures in them go, as they do from those
        of others that show this person. Scope, channel, time and cost stay, so that limits of servers hold.

        An answer that is posted is due at once; what leads to it goes when it does (`RequestStore.forget_answer`).
        """
        theirs = (table.c.user_id == user_id) | _shows(user_id)
        query = select(table).where(table.c.platform == platform.value, table.c.state.in_(_FINAL), theirs)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        change = (
            update(table)
            .where(table.c.id == bindparam("of"))
            .values({name: bindparam(name) for name in ("user_id", "source_ref", "reply_target", "question_ref")})
            .values(remove_at=bindparam("remove_at"))
        )
        for at in range(0, len(rows), _AT_ONCE):
            values = [_forgotten(row, user_id, now) for row in rows[at : at + _AT_ONCE]]
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
                await connection.execute(change, values)
        await self._forget_opinions(platform, user_id)
        return [ForgottenFace(row.id, row.key, row.answer_ref is not None) for row in rows]

    async def _forget_opinions(self, platform: Platform, user_id: str) -> None:
        """Votes and logins go; reports stay, as nobody's."""
        voted = (vote.c.platform == platform.value) & (vote.c.user_id == user_id)
        logged_in = (web_session.c.platform == platform.value) & (web_session.c.user_id == user_id)
        reported = (report.c.platform == platform.value) & (report.c.reporter_id == user_id)
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            await connection.execute(delete(vote).where(voted))
            await connection.execute(delete(web_session).where(logged_in))
            await connection.execute(update(report).where(reported).values(reporter_id=NOBODY))


def _shows(user_id: str) -> ColumnElement[bool]:
    """As `Emote.to_json` is stored; with and without the space after the colon, for a server may write JSON anew."""
    stored = cast(table.c.source_ref, Text)
    return or_(*(stored.contains(f'"shown_user_id":{space}"{user_id}"', autoescape=True) for space in ("", " ")))


def _forgotten(row: Row[Any], user_id: str, now: float) -> dict[str, Any]:
    is_posted, is_theirs = row.answer_ref is not None, row.user_id == user_id
    return {
        "of": row.id,
        "user_id": NOBODY if is_theirs else row.user_id,
        "source_ref": _without_people(row.source_ref),
        "reply_target": row.reply_target | {"token": ""} if is_posted else {},
        "question_ref": None if is_theirs else row.question_ref,
        "remove_at": now if is_posted else None,
    }


def _without_people(emotes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What was somebody's picture, and what was made with one, goes."""
    return [emote for emote in emotes if not any(_is_private(part) for part in _parts(emote))]


def _parts(emote: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    blended = emote.get("blended")
    return [emote, *([blended] if blended else []), *emote.get("overlays", ())]


def _is_private(part: Mapping[str, Any]) -> bool:
    return part.get("shown_user_id") is not None or part["source"] in _PRIVATE
