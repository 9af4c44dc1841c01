"""Faces on the stage, and of which channel a thread is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("request", sa.Column("parent_channel_id", sa.String(64)))
    op.create_table(
        "staged_face",
        sa.Column("request_id", sa.String(26), primary_key=True),
        sa.Column("slug", sa.String(16), nullable=False),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("asker_name", sa.String(100)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("in_gallery", sa.Boolean, nullable=False),
        sa.UniqueConstraint("slug"),
    )
    op.create_index("staged_face_by_scope", "staged_face", ["scope_id", "state", "at"])
    op.create_index("staged_face_by_change", "staged_face", ["at"])


def downgrade() -> None:
    op.drop_table("staged_face")
    op.drop_column("request", "parent_channel_id")
