"""Rounds of "guess the emote" and their scores."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "guess_round",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("emote", sa.JSON, nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("mask", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("request_id", sa.String(26)),
        sa.Column("message_ref", sa.Text),
        sa.Column("opened_at", sa.Float),
        sa.Column("ends_at", sa.Float),
        sa.Column("winner_id", sa.String(64)),
        sa.Column("decided_at", sa.Float),
        sa.Column("revealed", sa.Boolean, nullable=False),
    )
    op.create_index("guess_round_by_channel", "guess_round", ["platform", "channel_id", "decided_at"])
    active = sa.text("state IN ('drawing', 'open')")
    op.create_index(
        "guess_round_active",
        "guess_round",
        ["platform", "channel_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_table(
        "guess_score",
        sa.Column("platform", sa.String(16), primary_key=True),
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
        sa.Column("last_won_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("guess_score")
    op.drop_index("guess_round_active", "guess_round")
    op.drop_index("guess_round_by_channel", "guess_round")
    op.drop_table("guess_round")
