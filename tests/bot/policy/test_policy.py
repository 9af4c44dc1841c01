"""What is in force where, who may ask, and that everything is written down; with the real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import errors
from bot.models import ANYBODY, Origin, Platform, Rank, Standing, Way, twitch_scope
from bot.policy.policy import Policy
from bot.policy.settings import EVERYWHERE, SETTINGS, Level
from bot.store.audit import Audit, AuditEntry
from bot.store.blocks import BlockKind
from bot.store.database import open_database
from bot.texts import LOCALES
from config.servers import ServerSettings
from inference.protocol import FaceOptions, Layout, Style
from tests.fakes.policies import policy_on

HERE = Origin(Platform.DISCORD, "1", "10", "100")
NOW = 1_000_000.0


@pytest.fixture
def policy(engine: AsyncEngine) -> Policy:
    return policy_on(engine, clock=lambda: NOW)


async def refused(policy: Policy, origin: Origin = HERE, standing: Standing = ANYBODY) -> str | None:
    try:
        await policy.check(origin, standing, 5.0)
    except errors.FaceError as error:
        return error.code
    return None


# -- values and where they come from --------------------------------------------------------------------------------


async def test_a_channel_beats_its_server_and_a_server_the_instance(policy: Policy) -> None:
    here = await policy.effective("1", "10")
    assert (here.cooldown_s, here.level("cooldown_s")) == (10, Level.INSTANCE)
    await policy.set("1", None, "cooldown_s", 20, "admin")
    await policy.set("1", "10", "cooldown_s", 30, "admin")
    for channel_id, value, level in (("10", 30, Level.CHANNEL), ("11", 20, Level.SERVER), (None, 20, Level.SERVER)):
        here = await policy.effective("1", channel_id)
        assert (here.cooldown_s, here.level("cooldown_s")) == (value, level)
    assert (await policy.effective("2", "10")).cooldown_s == 10
    await policy.reset("1", "10", "cooldown_s", "admin")
    assert (await policy.effective("1", "10")).cooldown_s == 20


async def test_a_thread_has_what_its_channel_has_unless_it_has_its_own(policy: Policy) -> None:
    await policy.set("1", "10", "layout", "strip", "admin")
    assert (await policy.effective("1", "thread", "10")).layout == "strip"
    await policy.set("1", "thread", "layout", "grid", "admin")
    assert (await policy.effective("1", "thread", "10")).layout == "grid"
    assert (await policy.effective("1", "10")).layout == "strip"


async def test_off_in_a_channel_is_a_value_too(policy: Policy) -> None:
    await policy.set("1", None, "auto_delete_s", 60, "admin")
    await policy.set("1", "10", "auto_delete_s", None, "admin")
    here = await policy.effective("1", "10")
    assert (here.auto_delete_s, here.level("auto_delete_s")) == (None, Level.CHANNEL)


async def test_a_change_counts_at_once_in_another_process(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    async with open_database(url) as one, open_database(url) as two:
        here, there = policy_on(one), policy_on(two)
        for value in ("strip", "grid"):
            await here.set("1", None, "layout", value, "admin")
            assert (await there.effective("1")).layout == value


async def test_what_another_version_wrote_is_left_out_and_the_rest_kept(policy: Policy, engine: AsyncEngine) -> None:
    await policy.set("1", None, "layout", "strip", "admin")
    async with engine.begin() as connection:
        for name, value in (("style", '"no such style"'), ("greeting", '"hello"')):
            row = {"name": name, "value": value}
            await connection.execute(text("INSERT INTO scope_setting VALUES ('1', '', :name, :value)"), row)
    here = await policy.effective("1")
    assert (here.style, here.level("style"), here.layout) == ("classic", Level.INSTANCE, "strip")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no such setting", 1),
        ("levels", {}),
        ("style", "no such style"),
        ("cooldown_s", -1),
        ("cooldown_s", "soon"),
        ("prefix", "far too long a prefix"),
        ("prefix", "two words"),
        ("auto_delete_s", 1),
        ("ask_role_ids", ["<@&1>"]),
        ("ask_role_ids", [str(number) for number in range(51)]),
        ("allowed_flags", ["anything"]),
        ("log_channel_id", "#general"),
        ("daily_cost", 50_001),
        ("daily_cost", None),
    ],
)
async def test_what_is_no_value_is_not_taken_and_not_written_down(
    policy: Policy, engine: AsyncEngine, name: str, value: Any
) -> None:
    with pytest.raises(errors.InvalidSetting):
        await policy.set("1", None, name, value, "admin")
    assert await Audit(engine).recent("1", 10) == []


async def test_what_is_a_servers_cannot_be_set_for_a_channel_and_only_a_pause_for_everywhere(policy: Policy) -> None:
    for name, setting in SETTINGS.items():
        value = getattr(await policy.effective("1"), name)
        value = list(value) if isinstance(value, tuple) else value
        server_id = "1" if Platform.DISCORD in setting.platforms else twitch_scope("1")
        for scope_id, channel_id, level in (
            (EVERYWHERE, None, Level.INSTANCE),
            (server_id, None, Level.SERVER),
            (server_id, "10", Level.CHANNEL),
        ):
            if level in setting.levels:
                await policy.set(scope_id, channel_id, name, value, "admin")
            else:
                with pytest.raises(errors.InvalidSetting):
                    await policy.set(scope_id, channel_id, name, value, "admin")


async def test_what_is_one_platforms_cannot_be_set_on_another(policy: Policy) -> None:
    await policy.set(twitch_scope("1"), None, "ask_from", "vip", "mod")
    for scope_id, name, value in (("1", "ask_from", "vip"), (twitch_scope("1"), "answer_in_thread", True)):
        with pytest.raises(errors.InvalidSetting):
            await policy.set(scope_id, None, name, value, "admin")


@pytest.mark.parametrize("needed", list(Rank))
async def test_a_rank_may_what_those_below_it_may(policy: Policy, needed: Rank) -> None:
    there = Origin(Platform.TWITCH, twitch_scope("1"), "1", "100")
    await policy.set(there.scope_id, None, "ask_from", needed.name.lower(), "mod")
    for rank in Rank:
        expected = None if rank >= needed else "rank_required"
        assert await refused(policy, there, Standing(rank=rank)) == expected
    assert await refused(policy, HERE) is None


async def test_where_only_a_stream_counts_nobody_asks_while_it_is_off(policy: Policy) -> None:
    there = Origin(Platform.TWITCH, twitch_scope("1"), "1", "100")
    await policy.set(there.scope_id, None, "online_only", True, "mod")
    assert await refused(policy, there, Standing(live=False)) == "stream_offline"
    assert await refused(policy, there, Standing(live=True)) is None


def test_every_setting_is_explained_and_languages_are_those_there_are() -> None:
    assert list(SETTINGS) == list(ServerSettings.model_fields)
    languages = ServerSettings.model_fields["language"].annotation
    assert set(getattr(languages, "__args__", ())) == {"auto", *LOCALES}


async def test_every_change_is_written_down(policy: Policy, engine: AsyncEngine) -> None:
    await policy.set("1", "10", "layout", "strip", "ada")
    await policy.reset("1", "10", "layout", "bob")
    assert await Audit(engine).recent("1", 10) == [
        AuditEntry("1", "bob", NOW, "setting_reset", {"setting": "layout", "channel_id": "10"}),
        AuditEntry("1", "ada", NOW, "setting_set", {"setting": "layout", "channel_id": "10", "value": "strip"}),
    ]


async def test_the_export_names_what_is_set_and_where(policy: Policy) -> None:
    await policy.set("1", None, "ask_role_ids", ["7", "5"], "admin")
    await policy.set("1", None, "cooldown_s", 20, "admin")
    await policy.set("1", "10", "prefix_enabled", True, "admin")
    assert yaml.safe_load(await policy.export("1")) == {
        "server": {"ask_role_ids": ["5", "7"], "cooldown_s": 20.0},
        "channels": {"10": {"prefix_enabled": True}},
    }
    assert yaml.safe_load(await policy.export("2")) == {"server": {}, "channels": {}}


# -- where commands start -------------------------------------------------------------------------------------------


async def test_a_realism_holds_for_the_style_it_was_chosen_with(policy: Policy) -> None:
    await policy.set("1", None, "style", "real", "admin")
    await policy.set("1", None, "realism", 0.7, "admin")
    await policy.set("1", "10", "style", "cursed", "admin")
    assert (await policy.effective("1")).face_options() == FaceOptions(Style.REAL, 0.7)
    assert (await policy.effective("1", "10")).face_options() == FaceOptions(Style.CURSED)
    await policy.set("1", "10", "realism", 0.4, "admin")
    await policy.set("1", "10", "layout", "morph", "admin")
    assert (await policy.effective("1", "10")).face_options() == FaceOptions(Style.CURSED, 0.4, layout=Layout.MORPH)


# -- who may ask ----------------------------------------------------------------------------------------------------


async def test_by_default_commands_and_mentions_work_everywhere_and_the_prefix_and_reactions_nowhere(
    policy: Policy,
) -> None:
    assert [await refused(policy, standing=Standing(way)) for way in Way] == [
        None,
        None,
        "channel_disabled",
        "channel_disabled",
        None,
    ]
    await policy.set("1", "10", "prefix_enabled", True, "admin")
    await policy.set("1", "10", "reaction_emoji", "🫠", "admin")
    assert [await refused(policy, standing=Standing(way)) for way in Way] == [None] * len(Way)
    elsewhere = Origin(Platform.DISCORD, "1", "11", "100")
    assert await refused(policy, elsewhere, Standing(Way.PREFIX)) == "channel_disabled"


async def test_channels_are_denied_one_by_one_or_allowed_one_by_one(policy: Policy) -> None:
    await policy.set("1", "10", "enabled", False, "admin")
    other = Origin(Platform.DISCORD, "1", "11", "100")
    assert (await refused(policy), await refused(policy, other)) == ("channel_disabled", None)
    assert await refused(policy, other, Standing(parent_channel_id="10")) == "channel_disabled"
    await policy.set("1", None, "enabled", False, "admin")
    await policy.set("1", "10", "enabled", True, "admin")
    assert (await refused(policy), await refused(policy, other)) == (None, "channel_disabled")


async def test_only_members_with_one_of_the_roles_may_ask(policy: Policy) -> None:
    await policy.set("1", None, "ask_role_ids", ["5", "6"], "admin")
    assert await refused(policy) == "role_required"
    assert await refused(policy, standing=Standing(role_ids=frozenset({"6", "9"}))) is None


async def test_a_pause_stops_a_server_and_one_of_the_instance_all_of_them(policy: Policy) -> None:
    elsewhere = Origin(Platform.WEB, "visitor", "page", "visitor")
    await policy.set("1", None, "paused", True, "admin")
    assert (await refused(policy), await refused(policy, elsewhere)) == ("paused", None)
    await policy.set("1", None, "paused", False, "admin")
    await policy.set(EVERYWHERE, None, "paused", True, "operator")
    assert (await refused(policy), await refused(policy, elsewhere)) == ("paused", "paused")
    await policy.set(EVERYWHERE, None, "paused", False, "operator")
    assert await refused(policy) is None


@pytest.mark.parametrize(("until", "is_refused"), [(NOW + 1, True), (NOW, False), (NOW - 1, False)])
async def test_a_pause_can_have_an_end(policy: Policy, until: float, is_refused: bool) -> None:
    await policy.set("1", None, "paused", until, "admin")
    assert (await refused(policy) == "paused") is is_refused


@pytest.mark.parametrize(
    ("wider", "own", "holds"),
    [(True, False, True), (NOW + 9, False, NOW + 9), (NOW + 9, NOW + 5, NOW + 9), (NOW + 9, True, True)],
)
async def test_of_two_pauses_the_longer_one_holds(
    policy: Policy, wider: float | bool, own: float | bool, holds: float | bool
) -> None:
    await policy.set(EVERYWHERE, None, "paused", wider, "operator")
    await policy.set("1", None, "paused", own, "admin")
    assert (await policy.effective("1")).paused == holds


async def test_changes_and_blocks_are_announced_once_they_are_made(policy: Policy) -> None:
    heard: list[AuditEntry] = []
    policy.watch(heard.append)
    await policy.set("1", None, "cooldown_s", 20, "admin")
    await policy.reset("1", None, "cooldown_s", "admin")
    await policy.blocking.block_role("1", "5", "admin")
    await policy.blocking.unblock("1", BlockKind.ROLE, "5", "admin")
    await policy.blocking.unblock("1", BlockKind.ROLE, "5", "admin")  # which it is not any more
    with pytest.raises(errors.InvalidSetting):
        await policy.set("1", None, "cooldown_s", -1, "admin")
    assert [entry.action for entry in heard] == ["setting_set", "setting_reset", "blocked", "unblocked"]


@pytest.mark.parametrize("platform", [Platform.CLI, Platform.WEB])
async def test_the_page_and_the_terminal_have_the_caps_of_the_instance_alone(
    policy: Policy, platform: Platform
) -> None:
    permit = await policy.check(Origin(platform, "1", "10", "100"), ANYBODY, 5.0)
    limits = permit.limits
    assert (limits.cooldown_s, limits.daily_cost, limits.waiting_in_channel) == (0, None, None)
    assert limits.waiting_of_user == 1000


async def test_who_manages_the_server_has_no_cooldown_but_all_other_limits(policy: Policy) -> None:
    for manages, cooldown_s in ((False, 10), (True, 0)):
        limits = (await policy.check(HERE, Standing(manages=manages), 5.0)).limits
        assert limits.cooldown_s == cooldown_s
        assert (limits.waiting_of_user_here, limits.waiting_in_channel, limits.daily_cost) == (1, 4, 50_000)
