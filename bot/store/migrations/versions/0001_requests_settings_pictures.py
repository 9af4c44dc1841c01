"""Requests, settings per scope and the picture index."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("source_ref", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("reply_target", sa.JSON, nullable=False),
        sa.Column("key", sa.String(64)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("accepted_at", sa.Float, nullable=False),
        sa.Column("deadline_at", sa.Float, nullable=False),
        sa.Column("answer_ref", sa.Text),
        sa.Column("refusal", sa.Text),
    )
    op.create_index("request_by_state", "request", ["state"])
    op.create_index("request_by_age", "request", ["accepted_at"])
    op.create_table(
        "scope_setting",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    op.create_table(
        "picture",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("width_px", sa.Integer, nullable=False),
        sa.Column("height_px", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("picture_by_age", "picture", ["created_at"])


def downgrade() -> None:
    for table in ("picture", "scope_setting", "request"):
        op.drop_table(table)
