"""Settings as commands: set, reset, export, audit, and what is suggested while somebody types."""

from __future__ import annotations

import pytest
import yaml

from bot.models import Platform
from tests.bot.discord.admin.asking import admin_of, command, scope_of, told
from tests.bot.discord.conftest import Chat


@pytest.mark.parametrize(
    ("name", "value", "words", "kept"),
    [
        ("cooldown_s", "30", "Done. Cooldown: 30.", 30.0),
        ("others_pictures", "on", "Done. Other people's pictures: on.", True),
        ("sources_off", "seventv, bttv", "Done. Sources left out: BTTV, 7TV.", ("bttv", "seventv")),
        ("allowed_flags", "epilepsy", "Done. Marked emotes: flashing.", ("epilepsy",)),
        ("prefix", "none", "Done. Prefix: none.", None),
        ("style", "cursed", "Done. Style: cursed.", "cursed"),
        ("log_channel_id", "<#4711>", "Done. Log channel: <#4711>.", "4711"),
        ("ask_role_ids", "<@&12> 7", "Done. Who may ask: <@&12>, <@&7>.", ("12", "7")),
    ],
)
async def test_an_admin_sets_a_value(chat: Chat, name: str, value: str, words: str, kept: object) -> None:
    admin = admin_of(chat)
    assert await told(chat, admin, "set", name=name, value=value) == words
    assert getattr(await chat.policy.effective(scope_of(chat)), name) == kept
    await told(chat, admin, "reset", name=name)
    assert await chat.policy.stored(scope_of(chat)) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("cooldown_s", "9999", "Cooldown takes a number from 0 to 3600."),
        ("layout", "round", "Layout takes `face`, `pair`, `strip`, `grid` or `morph`."),
        ("enabled", "perhaps", "Faces takes on or off."),
        ("prefix", "a b", "Prefix takes up to 8 characters without spaces, or none."),
        ("log_channel_id", "here", "Log channel takes a channel, or none."),
        ("outstanding_per_user", "1.5", "At once, each person takes a whole number from 1 to 32."),
        ("@everyone", "1", "There is no setting of that name."),
    ],
)
async def test_what_is_no_value_is_explained(chat: Chat, name: str, value: str, words: str) -> None:
    assert await told(chat, admin_of(chat), "set", name=name, value=value) == words
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_a_channel_can_differ_where_that_makes_sense(chat: Chat) -> None:
    admin, channel = admin_of(chat), chat.fake.channel
    answer = await told(chat, admin, "set", name="cooldown_s", value="0", channel=channel)
    assert answer == f"Done. Cooldown in <#{channel.id}>: 0."
    for name in ("set", "reset"):
        options = {"name": "prefix", "channel": channel} | ({"value": "?"} if name == "set" else {})
        assert await told(chat, admin, name, **options) == "Prefix is the same in all channels of a server."
    await told(chat, admin, "reset", name="cooldown_s", channel=channel)
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_nobody_else_changes_or_reads_anything(chat: Chat) -> None:
    blocked = chat.fake.user("Mallory")
    await chat.policy.blocking.block_user(scope_of(chat), Platform.DISCORD, str(blocked.id), "1")
    for member in (chat.ada, blocked):
        for name, options in {
            "set": {"name": "enabled", "value": "off"},
            "reset": {"name": "enabled"},
            "export": {},
            "audit": {},
        }.items():
            refused = await told(chat, member, name, **options)
            assert refused == "Only people who may manage this server can change that."
    assert await chat.policy.stored(scope_of(chat)) == []


async def test_the_export_has_what_was_chosen_and_can_be_put_in_again(chat: Chat) -> None:
    admin, channel = admin_of(chat), chat.fake.channel
    await told(chat, admin, "set", name="cooldown_s", value="30")
    await told(chat, admin, "set", name="prefix", value="ß!")
    await told(chat, admin, "set", name="layout", value="grid", channel=channel)
    answer = await command(chat, admin, "export")
    [file] = answer.attachments
    assert file.filename == "emoteface.yaml"
    exported = yaml.safe_load(file.content)
    assert exported == {
        "server": {"cooldown_s": 30.0, "prefix": "ß!"},
        "channels": {str(channel.id): {"layout": "grid"}},
    }


async def test_the_record_says_who_changed_what(chat: Chat) -> None:
    admin, scope_id = admin_of(chat), scope_of(chat)
    assert await told(chat, admin, "audit") == "Nothing was changed here yet."
    await told(chat, admin, "set", name="cooldown_s", value="30")
    await told(chat, admin, "set", name="enabled", value="off", channel=chat.fake.channel)
    await told(chat, admin, "reset", name="enabled", channel=chat.fake.channel)
    await chat.policy.blocking.block_user(scope_id, Platform.DISCORD, "12", str(admin.id))
    recorded = await command(chat, admin, "audit")
    who, where = f"<@{admin.id}>", f"<#{chat.fake.channel.id}>"
    assert [line.partition(" ")[2] for line in recorded.content.splitlines()] == [
        f"{who} blocked <@12>.",
        f"{who} took Faces in {where} back.",
        f"{who} set Faces in {where}: off.",
        f"{who} set Cooldown: 30.",
    ]
    assert not recorded.pinged


async def test_names_and_values_are_suggested(chat: Chat) -> None:
    admin = admin_of(chat)

    async def suggested(**typed: str) -> list[str]:
        choices = await chat.fake.autocomplete(chat.fake.channel, admin, "emoteface set", **typed)
        return [choice["value"] for choice in choices]

    assert await suggested(name="cool") == ["cooldown_s"]
    assert len(await suggested(name="")) == 25
    assert await suggested(name="style", value="c") == ["classic", "cursed"]
    assert await suggested(name="enabled", value="") == ["on", "off"]
    assert await suggested(name="sources_off", value="bttv,f") == ["bttv,ffz"]
    assert await suggested(name="wings", value="") == []
    admin.locale = "de"
    german = await chat.fake.autocomplete(chat.fake.channel, admin, "emoteface set", name="gallery")
    assert german[0]["name"].startswith("gallery · ")
