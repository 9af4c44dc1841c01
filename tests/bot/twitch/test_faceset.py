"""`!faceset`: what moderators change counts at once, is written down, and never meets an emote's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.policy.forms import allowed
from bot.policy.settings import SETTINGS
from bot.store.audit import Audit
from bot.store.blocks import BlockKind
from bot.store.twitch_accounts import TwitchAccounts
from bot.texts import LOCALES, say
from bot.twitch.words import unmarked
from tests.bot.twitch.chatting import Chatting, chatting
from tests.bot.twitch.conftest import Join
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import User


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join()
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


@pytest.fixture
def mod(chat: Chatting) -> User:
    somebody = chat.fake.user("Mod")
    chat.fake.channel.moderators.add(somebody.id)
    return somebody


async def now(chat: Chatting, name: str) -> object:
    return getattr(await chat.serving.policy.effective(chat.scope_id), name)


@pytest.mark.parametrize(
    ("typed", "name", "value", "said"),
    [
        ("off", "enabled", False, "Faces: off."),
        ("ON", "enabled", True, "Faces: on."),
        ("cooldown 30", "cooldown_s", 30.0, "Cooldown: 30."),
        ("style cursed", "style", "cursed", "Style: cursed."),
        ("who follower", "ask_from", "follower", "Who may ask: follower."),
        ("live on", "online_only", True, "While live: on."),
        ("guess off", "guess_enabled", False, "Guessing game: off."),
        ("sources bttv 7tv off", "sources_off", ("bttv", "seventv"), "Sources left out: BTTV, 7TV."),
        ("layout strip", "layout", "strip", "Layout: strip."),
        ("language de", "language", "de", "Sprache: de."),
        ("prefix ?", "prefix", "?", "Prefix: ?."),
    ],
)
async def test_a_change_counts_and_is_written_down(
    chat: Chatting, mod: User, typed: str, name: str, value: object, said: str
) -> None:
    assert await chat.told(f"!faceset {typed}", mod) == said
    assert await now(chat, name) == value
    [entry, *_] = await Audit(chat.serving.engine).recent(chat.scope_id, 1)
    assert (entry.user_id, entry.action, entry.detail["setting"]) == (mod.id, "setting_set", name)


async def test_a_value_can_be_asked_for_and_taken_back(chat: Chatting, mod: User) -> None:
    await chat.told("!faceset cooldown 30", mod)
    assert (await chat.told("!faceset cooldown", mod)).startswith("Cooldown: 30.")
    assert await chat.told("!faceset cooldown default", mod) == "Cooldown: 0."
    assert (await chat.told("!faceset sources", mod)) == "Sources left out: none."


async def test_sources_come_back_one_by_one(chat: Chatting, mod: User) -> None:
    await chat.told("!faceset sources bttv ffz off", mod)
    await chat.told("!faceset sources ffz on", mod)
    assert await now(chat, "sources_off") == ("bttv",)
    await chat.told("!faceset sources bttv on", mod)
    assert await now(chat, "sources_off") == ()
    assert "takes some of these" in await chat.told("!faceset sources myspace off", mod)


@pytest.mark.parametrize("typed", ["cooldown soon", "style dull", "answer_in_thread on", "sources bttv", "who nobody"])
async def test_what_is_no_value_changes_nothing(chat: Chatting, mod: User, typed: str) -> None:
    assert await chat.told(f"!faceset {typed}", mod)
    assert await chat.serving.policy.stored(chat.scope_id) == []


async def test_nobody_else_is_even_answered(chat: Chatting) -> None:
    ada = chat.fake.user("Ada")
    chat.fake.channel.vips.add(ada.id)
    chat.fake.say(ada, "!faceset off")
    assert await chat.told("!face off", ada) == "On screen now!"  # an emote called off
    assert chat.said == ["On screen now!"]
    assert await now(chat, "enabled")


async def test_people_and_emotes_are_blocked_and_unblocked(chat: Chatting, mod: User) -> None:
    said = await chat.told("!faceset block @Ada", mod)
    assert said == "Blocked. !faceset unblock takes it back."
    blocking = chat.serving.policy.blocking
    [block] = await blocking.listed(chat.scope_id, BlockKind.USER)
    assert block.value == "twitch:1"  # whom the fake means by every mention
    assert await chat.told("!faceset unblock @Ada", mod) == "No longer blocked."
    assert await chat.told("!faceset unblock @Ada", mod) == "That was not blocked."
    await chat.told("!faceset block LUL", mod)
    [block] = await blocking.listed(chat.scope_id, BlockKind.EMOTE)
    assert block.value == "bttv:1"
    assert await chat.told("!faceset unblock LUL", mod) == "No longer blocked."
    assert (await chat.told("!faceset block Nothing", mod)).startswith("I don't know that emote.")
    assert (await chat.told("!faceset unblock", mod)).startswith("Name somebody with an @")
    fragments = [{"type": "text", "text": "!faceset block @nobody"}]
    assert (await chat.told("!faceset block @nobody", mod, fragments=fragments)).startswith("Name somebody with an @")


async def test_the_last_face_is_hidden_everywhere(chat: Chatting, mod: User) -> None:
    assert await chat.told("!faceset hide", mod) == "There is no face to hide."
    await chat.told("!face joy", chat.fake.user("Ada"))
    assert await chat.told("!faceset hide", mod) == "Hidden, everywhere."
    assert await chat.serving.stage.last(chat.scope_id) is None


async def test_the_last_faces_emotes_are_blocked_with_it(chat: Chatting, mod: User) -> None:
    assert await chat.told("!faceset block", mod) == "There is no face to hide."
    await chat.told("!face joy", chat.fake.user("Ada"))
    assert await chat.told("!faceset block", mod) == "Hidden, everywhere."
    assert (await chat.told("!face joy", chat.fake.user("Bob"))).startswith("That emote isn't drawn here.")


async def test_faces_are_approved_one_by_one_or_all(chat: Chatting, mod: User) -> None:
    assert await chat.told("!faceset approve", mod) == "No face waits for approval."
    await chat.told("!faceset approve_first on", mod)
    for name in ("Ada", "Bob", "Cy"):
        assert (await chat.told("!face joy", chat.fake.user(name))).startswith("Drawn! It shows once")
    assert await chat.told("!faceset approve", mod) == "Approved: 1. Still waiting: 2."
    face = await chat.serving.stage.last(chat.scope_id)
    assert face is not None
    assert face.asker_name == "Ada"
    assert await chat.told("!faceset approve all", mod) == "Approved: 2. Still waiting: 0."


@pytest.mark.parametrize("locale", LOCALES)
async def test_everything_can_be_said_in_one_message(chat: Chatting, mod: User, locale: str) -> None:
    await chat.serving.policy.set(chat.scope_id, None, "language", locale, "mod")
    assert "!faceset on" in (said := await chat.told("!faceset whatever", mod))
    assert not said.endswith("…"), "cut"
    for name, about in SETTINGS.items():
        for said in (say(about.title, locale), say(allowed(name), locale)):
            assert len(unmarked(said)) < 200
