"""When the bot came into a server and left it: who was greeted, and whose data is due to go."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "server",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("joined_at", sa.Float, nullable=False),
        sa.Column("greeted", sa.Boolean, nullable=False),
        sa.Column("left_at", sa.Float),
    )
    op.create_index("server_by_leaving", "server", ["left_at"])


def downgrade() -> None:
    op.drop_table("server")
