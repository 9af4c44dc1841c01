"""What language a request is answered in, what it costs, and quick ways to find it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("request", sa.Column("locale", sa.String(16), nullable=False, server_default="en"))
    op.add_column("request", sa.Column("cost", sa.Integer, nullable=False, server_default="1"))
    op.create_index("request_by_scope", "request", ["platform", "scope_id", "accepted_at"])
    op.create_index("request_by_user", "request", ["platform", "user_id", "accepted_at"])
    op.create_index("request_by_answer", "request", ["platform", "answer_ref"])


def downgrade() -> None:
    for name in ("request_by_answer", "request_by_user", "request_by_scope"):
        op.drop_index(name, "request")
    op.drop_column("request", "cost")
    op.drop_column("request", "locale")
