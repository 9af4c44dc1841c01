"""Who likes which face."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "vote",
        sa.Column("request_id", sa.String(26), primary_key=True),
        sa.Column("platform", sa.String(16), primary_key=True),
        sa.Column("user_id", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("vote")
