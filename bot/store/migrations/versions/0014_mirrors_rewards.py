"""Discord channels that mirror a Twitch channel's faces; rewards and their redemptions."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "mirror_code",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("channel_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("mirror_code_by_channel", "mirror_code", ["channel_id"])
    op.create_table(
        "mirror_try",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("mirror_try_by_scope", "mirror_try", ["scope_id", "at"])
    op.create_table(
        "mirror_link",
        sa.Column("from_scope_id", sa.String(64), primary_key=True),
        sa.Column("channel_id", sa.String(64), primary_key=True),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("from_name", sa.String(64), nullable=False),
        sa.Column("linked_at", sa.Float, nullable=False),
    )
    op.create_index("mirror_link_by_channel", "mirror_link", ["channel_id"])
    op.create_index("mirror_link_by_scope", "mirror_link", ["scope_id"])
    op.create_table(
        "mirror_post",
        sa.Column("request_id", sa.String(26), primary_key=True),
        sa.Column("channel_id", sa.String(64), primary_key=True),
        sa.Column("from_scope_id", sa.String(64), nullable=False),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("claimed_until", sa.Float, nullable=False, server_default="0"),
        sa.Column("message_id", sa.String(64)),
    )
    op.create_index("mirror_post_by_state", "mirror_post", ["state", "at"])
    op.create_index("mirror_post_by_age", "mirror_post", ["at"])
    op.create_table(
        "twitch_reward",
        sa.Column("scope_id", sa.String(64), primary_key=True),
        sa.Column("reward_id", sa.String(64), nullable=False),
        sa.Column("set_to", sa.JSON, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("scope_id", sa.String(64), nullable=False),
        sa.Column("reward_id", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(26)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("redemption_by_state", "redemption", ["state", "at"])
    op.create_index("redemption_by_age", "redemption", ["at"])


def downgrade() -> None:
    for name in ("redemption", "twitch_reward", "mirror_post", "mirror_link", "mirror_try", "mirror_code"):
        op.drop_table(name)
