from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.audit import Audit, AuditEntry


def entry(at: float, scope_id: str = "guild") -> AuditEntry:
    return AuditEntry(scope_id, "admin", at, "purged", {"count": 3})


async def test_the_newest_come_first_and_only_those_of_the_scope(engine: AsyncEngine) -> None:
    audit = Audit(engine)
    for at in (1.0, 2.0, 3.0):
        await audit.record(entry(at))
    await audit.record(entry(4.0, "other guild"))
    assert await audit.recent("guild", 2) == [entry(3.0), entry(2.0)]
    assert await audit.recent("nobody", 2) == []


async def test_what_is_too_old_goes(engine: AsyncEngine) -> None:
    audit = Audit(engine)
    for at in (99.0, 100.0, 101.0):
        await audit.record(entry(at))
    assert await audit.sweep(before=100.0) == 1
    assert [each.at for each in await audit.recent("guild", 10)] == [101.0, 100.0]
