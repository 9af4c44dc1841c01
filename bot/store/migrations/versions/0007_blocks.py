"""People, roles, emotes and pictures that are not wanted; what a server used in a day is summed from an index."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("value", sa.String(200), primary_key=True),
        sa.Column("looks", sa.LargeBinary),
        sa.Column("by_user_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.drop_index("request_by_scope", "request")
    op.create_index("request_by_scope", "request", ["platform", "scope_id", "accepted_at", "state", "cost", "id"])


def downgrade() -> None:
    op.drop_index("request_by_scope", "request")
    op.create_index("request_by_scope", "request", ["platform", "scope_id", "accepted_at"])
    op.drop_table("block")
