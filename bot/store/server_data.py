"""Everything that is stored of one server: to hand it over, and to delete it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.models import EmoteSource
from bot.store.tables import (
    audit,
    block,
    guess_round,
    guess_score,
    mirror_code,
    mirror_link,
    mirror_post,
    mirror_try,
    operator_task,
    overlay,
    redemption,
    report,
    request,
    scope_setting,
    server,
    staged_face,
    twitch_reward,
    vote,
)
from bot.store.together import STATEMENT_TIMEOUT_S

_FEW = 500  # rows read at a time
_SCOPED = (
    *(scope_setting, block, audit, guess_round, guess_score, report, operator_task, overlay, server, staged_face),
    *(request, mirror_code, mirror_link, mirror_post, mirror_try, redemption, twitch_reward),
)
_KEPT_BACK = {
    "request": {"reply_target", "key", "refusal"},  # how an answer finds its way, with a token in it
    "block": {"looks"},  # of pictures; their digests are there
    "report": {"reporter_id"},  # whoever reports is not told on
    "operator_task": {"detail", "by_user_id"},
    "mirror_code": {"digest"},  # by which somebody could still link
    "overlay": {"secret", "digest"},
}
_PRIVATE = {source.value for source in EmoteSource if source.is_private}


class ServerData:
    """Of servers by their scope ids; ids of two platforms' servers are not the same."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def export(self, scope_id: str) -> AsyncIterator[str]:
        """A JSON object in pieces: a list of rows for each table. Left out is what leads to people's own pictures, and
        who reported."""
        yield "{"
        for index, (table, is_meant) in enumerate(_conditions(scope_id)):
            yield f"{',' if index else ''}\n{json.dumps(table.name)}: ["
            between = "\n"
            async for row in self._rows(table, is_meant):
                yield between + json.dumps(_shown(table.name, row), ensure_ascii=False)
                between = ",\n"
            yield "]"
        yield "\n}\n"

    async def _rows(self, table: Table, is_meant: ColumnElement[bool]) -> AsyncIterator[RowMapping]:
        """In pages, so that no transaction stays open while somebody reads them."""
        query, at = select(table).where(is_meant).order_by(*table.primary_key), 0
        while True:
            async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.connect() as connection:
                rows = (await connection.execute(query.limit(_FEW).offset(at))).mappings().all()
            for row in rows:
                yield row
            if len(rows) < _FEW:
                return
            at += _FEW

    async def delete(self, scope_id: str) -> int:
        """All of it, in one transaction; returns how many rows that were."""
        async with asyncio.timeout(STATEMENT_TIMEOUT_S), self._engine.begin() as connection:
            return sum(
                [
                    (await connection.execute(delete(table).where(is_meant))).rowcount
                    for table, is_meant in _conditions(scope_id)
                ]
            )


def _conditions(scope_id: str) -> list[tuple[Table, ColumnElement[bool]]]:
    """Votes first, which are found by the requests."""
    of_faces = vote.c.request_id.in_(select(request.c.id).where(request.c.scope_id == scope_id))
    return [(vote, of_faces), *((table, _is_about(table, scope_id)) for table in _SCOPED)]


def _is_about(table: Table, scope_id: str) -> ColumnElement[bool]:
    """A mirror belongs to both sides."""
    is_meant = table.c.scope_id == scope_id
    return or_(is_meant, table.c.from_scope_id == scope_id) if "from_scope_id" in table.c else is_meant


def _shown(table: str, row: RowMapping) -> dict[str, Any]:
    return {
        name: _CLEANED.get(name, lambda value: value)(value)
        for name, value in row.items()
        if name not in _KEPT_BACK.get(table, ())
    }


def _emotes(stored: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of somebody's own picture only that it was one."""
    return [{"source": each["source"]} if each["source"] in _PRIVATE else _with_parts(each) for each in stored]


def _with_parts(emote: Mapping[str, Any]) -> Mapping[str, Any]:
    blended = emote.get("blended")
    return {
        **emote,
        "blended": _emotes([blended])[0] if blended else None,
        "overlays": _emotes(list(emote.get("overlays", ()))),
    }


_CLEANED: Mapping[str, Callable[[Any], Any]] = {"source_ref": _emotes}
