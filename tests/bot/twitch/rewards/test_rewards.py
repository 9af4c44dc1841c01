"""Channel points: the bot's reward is kept as it should be, and every redemption ends with a face or with the points
back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import DownloadFailed
from bot.store.redemptions import Redeemed, Redemptions, RedemptionState
from bot.store.twitch_accounts import AccountKey, Role, TwitchAccounts
from bot.twitch.events import Person
from bot.twitch.events import Redemption as Heard
from tests.bot.twitch.chatting import CONNECT_URL, PROMPTLY, Chatting, chatting
from tests.bot.twitch.conftest import Join
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Redemption, Reward
from tests.polling import PATIENCE_S, until

REDEMPTIONS = "/custom_rewards/redemptions"


@pytest.fixture
async def chat(fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path) -> AsyncIterator[Chatting]:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path) as running:
        await running.connected()
        yield running


async def setting(chat: Chatting, name: str, value: Any) -> None:
    await chat.serving.policy.set(chat.scope_id, None, name, value, "moderator")


async def offered(chat: Chatting) -> Reward:
    """The reward, once it can be redeemed and redemptions are heard of."""
    await setting(chat, "reward_enabled", True)
    fake = chat.fake
    await fake.until(lambda: fake.channel.rewards)
    await fake.until(lambda: fake.carried("channel.channel_points_custom_reward_redemption.add"))
    [reward] = fake.channel.rewards.values()
    await until(lambda: chat.chat.rewards.keeper.is_own(fake.channel.id, reward.id))
    return reward


async def ends(chat: Chatting, redemption: Redemption) -> str:
    """How Twitch has it in the end."""
    await chat.fake.until(lambda: redemption.status != "UNFULFILLED")
    return redemption.status


async def stored(chat: Chatting, name: str, value: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while getattr(await chat.serving.policy.effective(chat.scope_id), name) != value:
            await asyncio.sleep(0.01)


# -- the reward -----------------------------------------------------------------------------------------------------


async def test_the_bot_makes_its_own_reward_that_asks_for_an_emote_and_can_be_refunded(chat: Chatting) -> None:
    reward = await offered(chat)
    assert reward.client_id == chat.fake.client_id
    fields = reward.fields
    assert (fields["title"], fields["cost"], fields["is_enabled"]) == ("A face for an emote", 500, True)
    assert fields["prompt"] == "Which emote shall get a face?"
    assert fields["is_user_input_required"] is True
    assert fields["should_redemptions_skip_request_queue"] is False


async def test_what_is_set_in_chat_is_set_on_twitch_and_nothing_else(chat: Chatting) -> None:
    reward = await offered(chat)
    reward.fields["background_color"] = "#123456"  # by the broadcaster
    assert "costs 750" in await chat.told("!faceset reward 750")
    assert reward.fields["cost"] == 750
    await chat.told("!faceset reward_cooldown_s 60")
    await chat.told("!faceset reward_title Give it a face")
    await chat.fake.until(lambda: reward.fields["title"] == "Give it a face")
    assert (reward.fields["is_global_cooldown_enabled"], reward.fields["global_cooldown_seconds"]) == (True, 60)
    assert reward.fields["background_color"] == "#123456"
    assert "off" in await chat.told("!faceset reward off")
    assert reward.fields["is_enabled"] is False
    assert "on" in await chat.told("!faceset reward on")
    assert reward.fields["is_enabled"] is True
    assert list(chat.fake.channel.rewards) == [reward.id]


async def test_it_is_paused_while_nobody_draws_and_while_faces_are_off(chat: Chatting) -> None:
    reward = await offered(chat)
    chat.answering = False
    await chat.fake.until(lambda: reward.fields["is_paused"])
    chat.answering = True
    await chat.fake.until(lambda: not reward.fields["is_paused"])
    await chat.told("!faceset off")
    await chat.fake.until(lambda: reward.fields["is_paused"])


async def test_it_is_paused_when_the_program_ends_and_resumed_when_it_is_back(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path) as chat:
        reward = await offered(chat)
        assert not reward.fields["is_paused"]
    assert reward.fields["is_paused"]
    async with chatting(fake, accounts, tmp_path):
        await fake.until(lambda: not reward.fields["is_paused"])


async def test_who_deletes_it_on_twitch_has_switched_it_off(chat: Chatting) -> None:
    await offered(chat)
    chat.fake.channel.rewards.clear()
    await setting(chat, "reward_cost", 900)
    await stored(chat, "reward_enabled", False)
    assert not chat.fake.channel.rewards


async def test_a_reward_of_an_earlier_run_that_was_not_remembered_is_taken_up(chat: Chatting) -> None:
    fields = {
        "title": "A face for an emote",
        "cost": 1,
        "prompt": "?",
        "is_enabled": True,
        "is_paused": False,
        "is_global_cooldown_enabled": False,
        "global_cooldown_seconds": 0,
        "background_color": "#9147FF",
        "is_user_input_required": True,
        "should_redemptions_skip_request_queue": False,
    }
    lost = Reward(chat.fake.client_id, fields)
    chat.fake.channel.rewards[lost.id] = lost
    assert await offered(chat) is lost


async def test_without_the_broadcasters_consent_the_way_to_it_is_told(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join()
    async with chatting(fake, accounts, tmp_path) as chat:
        await chat.connected()
        told = await chat.told("!faceset reward on")
        assert "connect this channel once more" in told
        assert told.endswith(CONNECT_URL)
    assert not fake.channel.rewards


async def test_channels_without_channel_points_are_told(chat: Chatting) -> None:
    chat.fake.channel.broadcaster_type = ""
    assert "affiliates and partners" in await chat.told("!faceset reward on")


async def test_a_title_of_somebody_elses_reward_is_told(chat: Chatting) -> None:
    theirs = Reward("another application", {"title": "A face for an emote"})
    chat.fake.channel.rewards[theirs.id] = theirs
    assert "another reward of that name" in await chat.told("!faceset reward on")


# -- redeeming ------------------------------------------------------------------------------------------------------


async def test_a_redemption_is_drawn_with_the_ids_of_its_chat_message_and_fulfilled(chat: Chatting) -> None:
    reward, ada = await offered(chat), chat.fake.user("Ada")
    redemption = chat.fake.redeem(ada, reward, "Kappa", emotes={"Kappa": "25"})
    assert await ends(chat, redemption) == "FULFILLED"
    face = await chat.serving.stage.last(chat.scope_id)
    assert face is not None
    assert (face.asker_name, face.origin.user_id) == ("Ada", ada.id)
    listed = chat.nearby[0].exact("Kappa")
    assert listed is not None
    assert listed.id == "25"


async def test_the_message_may_come_first(chat: Chatting) -> None:
    reward, ada = await offered(chat), chat.fake.user("Ada")
    chat.fake.say(ada, "Kappa", reward=reward, emotes={"Kappa": "25"})
    redemption = chat.fake.redeem(ada, reward, "Kappa", with_message=False)
    assert await ends(chat, redemption) == "FULFILLED"
    assert chat.nearby[0].exact("Kappa") is not None
    assert len(chat.nearby) == 1


async def test_without_its_message_the_words_are_enough(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path, pacing=replace(PROMPTLY, join_s=0.0)) as chat:
        reward = await offered(chat)
        redemption = fake.redeem(fake.user("Ada"), reward, "!face joy", with_message=False)
        assert await ends(chat, redemption) == "FULFILLED"
        await fake.until(lambda: chat.said)
        assert chat.said[0].startswith("@Ada")


async def test_who_pays_has_no_cooldown_and_needs_no_rank(chat: Chatting) -> None:
    reward, ada = await offered(chat), chat.fake.user("Ada")
    await setting(chat, "cooldown_s", 3600)
    await setting(chat, "ask_from", "subscriber")
    for word in ("joy", "sad"):
        assert await ends(chat, chat.fake.redeem(ada, reward, word)) == "FULFILLED"


async def test_what_is_not_known_is_refunded_and_told(chat: Chatting) -> None:
    reward = await offered(chat)
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "unknown")
    assert await ends(chat, redemption) == "CANCELED"
    await chat.fake.until(lambda: chat.said)
    assert "Your points are back." in chat.said[0]


async def test_what_cannot_be_drawn_is_refunded_and_told(chat: Chatting) -> None:
    reward = await offered(chat)
    chat.serving.fetcher.error = DownloadFailed()
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
    assert await ends(chat, redemption) == "CANCELED"
    await chat.fake.until(lambda: chat.said)
    assert "Your points are back." in chat.said[0]


async def test_a_face_that_chat_did_not_hear_of_is_paid_for(chat: Chatting) -> None:
    reward = await offered(chat)
    chat.fake.channel.banned.add(chat.fake.bot.id)
    chat.fake.fail_next("/chat/messages", 403, times=50)
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
    assert await ends(chat, redemption) == "FULFILLED"


async def test_what_waits_for_approval_is_settled_by_the_moderator(chat: Chatting) -> None:
    reward = await offered(chat)
    await setting(chat, "approve_first", True)
    for decided, status in (("!faceset approve", "FULFILLED"), ("hide", "CANCELED")):
        redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
        async with asyncio.timeout(PATIENCE_S):
            while not (pending := await chat.serving.stage.pending(chat.scope_id)):
                await asyncio.sleep(0.01)
        assert redemption.status == "UNFULFILLED"
        if decided == "hide":
            await chat.serving.stage.hide(pending[0].request_id, "moderator")
        else:
            await chat.told(decided)
        assert await ends(chat, redemption) == status


async def test_the_same_redemption_is_heard_once(chat: Chatting) -> None:
    reward, ada = await offered(chat), chat.fake.user("Ada")
    redemption = chat.fake.redeem(ada, reward, "joy")
    assert await ends(chat, redemption) == "FULFILLED"
    channel = Person(chat.fake.channel.id, chat.fake.channel.login, chat.fake.channel.name)
    heard = Heard(
        redemption.id, channel, Person(ada.id, ada.login, ada.name), reward.id, "joy", is_open=True, at=redemption.at
    )
    await chat.chat.rewards.redeeming.redeemed(heard)
    assert len(chat.nearby) == 1


async def test_redemptions_of_other_rewards_are_nobodys_business_of_ours(chat: Chatting) -> None:
    reward = await offered(chat)
    theirs = Reward("another application", dict(reward.fields) | {"title": "Hydrate"})
    chat.fake.channel.rewards[theirs.id] = theirs
    other = chat.fake.redeem(chat.fake.user("Bob"), theirs, "joy")
    assert await ends(chat, chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")) == "FULFILLED"
    assert other.status == "UNFULFILLED"
    assert len(chat.nearby) == 1


# -- trouble and restarts -------------------------------------------------------------------------------------------


async def test_twitch_is_told_again_until_it_listens(chat: Chatting) -> None:
    reward = await offered(chat)
    chat.fake.fail_next(REDEMPTIONS, 500, times=6)
    assert await ends(chat, chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")) == "FULFILLED"


async def test_at_the_start_old_redemptions_are_refunded_and_young_ones_drawn(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path) as chat:
        reward = await offered(chat)
    reward.fields["is_paused"] = False
    old, young = (fake.redeem(fake.user(name), reward, "joy", with_message=False) for name in ("Ada", "Bob"))
    old.at = time.time() - 3600
    async with chatting(fake, accounts, tmp_path, pacing=replace(PROMPTLY, join_s=0.0)) as chat:
        assert await ends(chat, old) == "CANCELED"
        assert await ends(chat, young) == "FULFILLED"
        assert len(chat.nearby) == 1


async def test_a_channel_where_nothing_can_be_settled_holds_no_other_up(chat: Chatting) -> None:
    reward, redemptions = await offered(chat), Redemptions(chat.serving.requests._engine)
    for number in range(100):
        await redemptions.add(Redeemed(f"stuck {number}", "twitch:999", "reward", 1.0, RedemptionState.REFUND))
    chat.serving.fetcher.error = DownloadFailed()
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
    assert await ends(chat, redemption) == "CANCELED"


async def test_a_redemption_over_which_the_store_failed_is_refunded_without_a_restart(chat: Chatting) -> None:
    reward = await offered(chat)
    redemption = Redemption(chat.fake.channel, reward, chat.fake.user("Ada"), "joy", at=time.time() - 3600)
    heard = Redeemed(redemption.id, chat.scope_id, reward.id, redemption.at)
    assert await Redemptions(chat.serving.requests._engine).add(heard)
    reward.redemptions[redemption.id] = redemption
    assert await ends(chat, redemption) == "CANCELED"


async def test_a_redemption_that_was_drawn_before_a_restart_is_fulfilled_after_it(
    fake: FakeTwitch, accounts: TwitchAccounts, join: Join, tmp_path: Path
) -> None:
    await join(rewards=True)
    async with chatting(fake, accounts, tmp_path) as chat:
        reward = await offered(chat)
        trouble = fake.fail_next(REDEMPTIONS, 500, times=10_000)
        redemption = fake.redeem(fake.user("Ada"), reward, "joy")
        async with asyncio.timeout(PATIENCE_S):
            while await chat.serving.stage.last(chat.scope_id) is None:
                await asyncio.sleep(0.01)
    assert redemption.status == "UNFULFILLED"
    fake.faults.remove(trouble)
    async with chatting(fake, accounts, tmp_path) as chat:
        assert await ends(chat, redemption) == "FULFILLED"
        assert chat.nearby == []


async def test_a_channel_that_leaves_gets_its_points_back_and_loses_the_reward(chat: Chatting) -> None:
    reward = await offered(chat)
    await setting(chat, "approve_first", True)
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
    async with asyncio.timeout(PATIENCE_S):
        while not await chat.serving.stage.pending(chat.scope_id):
            await asyncio.sleep(0.01)
    assert await chat.chat.bot.disconnect(AccountKey(chat.fake.channel.id, Role.CHANNEL))
    assert redemption.status == "CANCELED"
    assert not chat.fake.channel.rewards


async def test_what_was_settled_by_hand_is_left_alone(chat: Chatting) -> None:
    reward = await offered(chat)
    await setting(chat, "approve_first", True)
    redemption = chat.fake.redeem(chat.fake.user("Ada"), reward, "joy")
    async with asyncio.timeout(PATIENCE_S):
        while not await chat.serving.stage.pending(chat.scope_id):
            await asyncio.sleep(0.01)
    redemption.status = "CANCELED"  # by the broadcaster
    await chat.told("!faceset approve")
    other = chat.fake.redeem(chat.fake.user("Bob"), reward, "sad")
    async with asyncio.timeout(PATIENCE_S):
        while not await chat.serving.stage.pending(chat.scope_id):
            await asyncio.sleep(0.01)
    await chat.told("!faceset approve")
    assert await ends(chat, other) == "FULFILLED"
    assert redemption.status == "CANCELED"
