"""Rows that may be there already: one statement, so that of several processes none fails over another's."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


def put(database: AsyncEngine | AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Insert a row, or write it over the one with its primary key."""
    new = inserting(database, table)
    values = {column.name: new.excluded[column.name] for column in table.columns if not column.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key), set_=values)


def put_once(database: AsyncEngine | AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Insert rows; where one like it is, by any of the table's unique indexes, it stays as it is."""
    return inserting(database, table).on_conflict_do_nothing()


def inserting(database: AsyncEngine | AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The database's own INSERT, which knows ON CONFLICT."""
    return postgresql.insert(table) if database.dialect.name == "postgresql" else sqlite.insert(table)
