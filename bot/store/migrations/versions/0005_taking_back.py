"""Which message asked, and when an answer is taken away."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("request", sa.Column("question_ref", sa.String(64)))
    op.add_column("request", sa.Column("keep_s", sa.Float))
    op.add_column("request", sa.Column("remove_at", sa.Float))
    op.create_index("request_by_question", "request", ["platform", "question_ref"])
    op.create_index("request_by_removal", "request", ["platform", "remove_at"])


def downgrade() -> None:
    for name in ("request_by_removal", "request_by_question"):
        op.drop_index(name, "request")
    op.drop_column("request", "remove_at")
    op.drop_column("request", "keep_s")
    op.drop_column("request", "question_ref")
