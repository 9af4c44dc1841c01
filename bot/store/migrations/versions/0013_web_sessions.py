"""Logins of the panel: sessions, and codes that the command line hands out."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.String(64), primary_key=True),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("scope_ids", sa.JSON, nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("web_session_by_user", "web_session", ["platform", "user_id", "begun_at"])
    op.create_index("web_session_by_end", "web_session", ["expires_at"])
    op.create_table(
        "login_code",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("login_code")
    op.drop_table("web_session")
