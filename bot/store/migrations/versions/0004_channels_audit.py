"""Settings of single channels, names of settings as the program has them now, and the record of who changed what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NEW_NAMES = {
    "emotes.twitch_id": "twitch_channel",
    "emotes.sources_off": "sources_off",
    "emotes.allowed_flags": "allowed_flags",
}


def upgrade() -> None:
    rows = _rows()
    op.drop_table("scope_setting")
    op.create_table(
        "scope_setting",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("channel_id", sa.String(64), primary_key=True, server_default=""),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    for row in rows:
        if row["name"] == "emotes.twitch_id":
            row["value"] = {"id": row["value"], "login": None}
        row["name"] = _NEW_NAMES.get(row["name"], row["name"])
    _fill([row | {"channel_id": ""} for row in rows])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("audit_by_scope", "audit", ["scope_id", "id"])
    op.create_index("audit_by_age", "audit", ["at"])


def downgrade() -> None:
    """What was set for single channels is lost: the older version knows no such thing."""
    rows = [row for row in _rows() if not row.pop("channel_id")]
    op.drop_table("audit")
    op.drop_table("scope_setting")
    op.create_table(
        "scope_setting",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    old_names = {new: old for old, new in _NEW_NAMES.items()}
    for row in rows:
        if row["name"] == "twitch_channel":
            row["value"] = row["value"]["id"]
        row["name"] = old_names.get(row["name"], row["name"])
    _fill(rows)


def _table() -> sa.Table:
    return sa.Table("scope_setting", sa.MetaData(), autoload_with=op.get_bind())


def _rows() -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in op.get_bind().execute(sa.select(_table()))]


def _fill(rows: list[dict[str, Any]]) -> None:
    if rows:
        op.bulk_insert(_table(), rows)
