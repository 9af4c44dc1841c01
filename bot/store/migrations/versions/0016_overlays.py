"""The secret addresses of stream overlays."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "overlay",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
    )
    op.create_index("overlay_by_digest", "overlay", ["digest"], unique=True)


def downgrade() -> None:
    op.drop_table("overlay")
