"""The tables, in SQLAlchemy Core. Every change here needs a migration under `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

request = Table(
    "request",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("source_ref", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    Column("reply_target", JSON, nullable=False),
    Column("key", String(64)),
    Column("state", String(16), nullable=False),
    Column("locale", String(16), nullable=False, server_default="en"),
    Column("cost", Integer, nullable=False, server_default="1"),
    Column("accepted_at", Float, nullable=False),
    Column("deadline_at", Float, nullable=False),
    Column("answer_ref", Text),
    Column("refusal", Text),
    Column("question_ref", String(64)),
    Column("keep_s", Float),
    Column("remove_at", Float),
    Column("parent_channel_id", String(64)),
    Index("request_by_state", "state"),
    Index("request_by_age", "accepted_at"),
    Index("request_by_scope", "platform", "scope_id", "accepted_at", "state", "cost", "id"),  # a day is summed from it
    Index("request_by_user", "platform", "user_id", "accepted_at"),
    Index("request_by_answer", "platform", "answer_ref"),
    Index("request_by_question", "platform", "question_ref"),
    Index("request_by_removal", "platform", "remove_at"),
)

scope_setting = Table(
    "scope_setting",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("channel_id", String(64), primary_key=True, server_default=""),  # "": in every channel
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("scope_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Column("action", String(32), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("audit_by_scope", "scope_id", "id"),
    Index("audit_by_age", "at"),
)

block = Table(
    "block",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("value", String(200), primary_key=True),
    Column("looks", LargeBinary),
    Column("by_user_id", String(64), nullable=False),
    Column("at", Float, nullable=False),
)

overlay = Table(
    "overlay",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("secret", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("made_at", Float, nullable=False),
    Index("overlay_by_digest", "digest", unique=True),
)

picture = Table(
    "picture",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("picture_by_age", "created_at"),
)

opt_out = Table(
    "opt_out",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("user_id", String(64), primary_key=True),
)

vote = Table(
    "vote",
    metadata,
    Column("request_id", String(26), primary_key=True),
    Column("platform", String(16), primary_key=True),
    Column("user_id", String(64), primary_key=True),
)

staged_face = Table(
    "staged_face",
    metadata,
    Column("request_id", String(26), primary_key=True),
    Column("slug", String(16), nullable=False, unique=True),
    Column("platform", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("asker_name", String(100)),
    Column("state", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Column("in_gallery", Boolean, nullable=False),
    Index("staged_face_by_scope", "scope_id", "state", "at"),
    Index("staged_face_by_change", "at"),
)

guess_round = Table(
    "guess_round",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("emote", JSON, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("mask", String(16), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_at", Float, nullable=False),
    Column("request_id", String(26)),
    Column("message_ref", Text),
    Column("opened_at", Float),
    Column("ends_at", Float),
    Column("winner_id", String(64)),
    Column("decided_at", Float),
    Column("revealed", Boolean, nullable=False),
    Index("guess_round_by_channel", "platform", "channel_id", "decided_at"),
)
_is_active = guess_round.c.state.in_(["drawing", "open"])
Index(
    "guess_round_active",
    guess_round.c.platform,
    guess_round.c.channel_id,
    unique=True,  # one round at a time
    sqlite_where=_is_active,
    postgresql_where=_is_active,
)

guess_score = Table(
    "guess_score",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("scope_id", String(64), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("points", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("last_won_at", Float, nullable=False),
)

server = Table(
    "server",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("joined_at", Float, nullable=False),
    Column("greeted", Boolean, nullable=False),
    Column("left_at", Float),
    Index("server_by_leaving", "left_at"),
)

report = Table(
    "report",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("request_id", String(26), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("reporter_id", String(64), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Index("report_by_state", "state", "id"),
    Index("report_by_request", "request_id"),
    Index("report_by_reporter", "platform", "reporter_id"),
)

takedown = Table(
    "takedown",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),
    Column("at", Float, nullable=False),
)

twitch_account = Table(
    "twitch_account",
    metadata,
    Column("user_id", String(20), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("login", String(64), nullable=False),
    Column("access_token", Text, nullable=False),
    Column("refresh_token", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("since", Float, nullable=False),
)

twitch_conduit = Table("twitch_conduit", metadata, Column("id", String(64), primary_key=True))

operator_task = Table(
    "operator_task",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("by_user_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(64), nullable=False, server_default=""),
    Column("at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Index("operator_task_by_state", "state", "id"),
)

mirror_code = Table(
    "mirror_code",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("scope_id", String(64), nullable=False),
    Column("channel_id", String(64), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("mirror_code_by_channel", "channel_id"),
)

mirror_try = Table(
    "mirror_try",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("scope_id", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Index("mirror_try_by_scope", "scope_id", "at"),
)

mirror_link = Table(
    "mirror_link",
    metadata,
    Column("from_scope_id", String(64), primary_key=True),
    Column("channel_id", String(64), primary_key=True),
    Column("scope_id", String(64), nullable=False),
    Column("from_name", String(64), nullable=False),
    Column("linked_at", Float, nullable=False),
    Index("mirror_link_by_channel", "channel_id"),
    Index("mirror_link_by_scope", "scope_id"),
)

mirror_post = Table(
    "mirror_post",
    metadata,
    Column("request_id", String(26), primary_key=True),
    Column("channel_id", String(64), primary_key=True),
    Column("from_scope_id", String(64), nullable=False),
    Column("scope_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Column("claimed_until", Float, nullable=False, server_default="0"),
    Column("message_id", String(64)),
    Index("mirror_post_by_state", "state", "at"),
    Index("mirror_post_by_age", "at"),
)

twitch_reward = Table(
    "twitch_reward",
    metadata,
    Column("scope_id", String(64), primary_key=True),
    Column("reward_id", String(64), nullable=False),
    Column("set_to", JSON, nullable=False),
    Column("paused", Boolean, nullable=False),
)

redemption = Table(
    "redemption",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("scope_id", String(64), nullable=False),
    Column("reward_id", String(64), nullable=False),
    Column("request_id", String(26)),
    Column("state", String(16), nullable=False),
    Column("at", Float, nullable=False),
    Index("redemption_by_state", "state", "at"),
    Index("redemption_by_age", "at"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("user_id", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("scope_ids", JSON, nullable=False),
    Column("begun_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Index("web_session_by_user", "platform", "user_id", "begun_at"),
    Index("web_session_by_end", "expires_at"),
)

login_code = Table(
    "login_code",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("expires_at", Float, nullable=False),
)
