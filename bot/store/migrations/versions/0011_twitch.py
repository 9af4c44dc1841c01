"""Accounts of Twitch with their tokens, and the conduit that is ours."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "twitch_account",
        sa.Column("user_id", sa.String(20), primary_key=True),
        sa.Column("role", sa.String(16), primary_key=True),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("access_token", sa.Text, nullable=False),
        sa.Column("refresh_token", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )
    op.create_table("twitch_conduit", sa.Column("id", sa.String(64), primary_key=True))


def downgrade() -> None:
    op.drop_table("twitch_conduit")
    op.drop_table("twitch_account")
