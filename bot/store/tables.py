"""The tables, in SQLAlchemy Core. Every change here needs a migration under `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

request = Table(
    "request",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("source_ref", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("reply_target", JSON, nullable=False),
    Column("key", String(64)),
    Column("state", String(16), nullable=False),
    Column("accepted_at", Float, nullable=False),
    Column("deadline_at", Float, nullable=False),
    Column("answer_ref", Text),
    Column("refusal", Text),
    Index("request_by_state", "state"),
    Index("request_by_age", "accepted_at"),
)

scope_setting = Table(
    "scope_setting",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)

picture = Table(
    "picture",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("picture_by_age", "created_at"),
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("user_id", String(64), primary_key=True),
)
