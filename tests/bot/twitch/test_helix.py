"""Calls of Helix through the real twitchio, and everything that Helix may say."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccounts
from bot.twitch.errors import MissingScope, NotAuthorized, TwitchDown, TwitchRefused
from bot.twitch.helix import Dropped, RewardFields, Sent
from bot.twitch.scopes import BOT_SCOPES, FOLLOWERS, JOIN
from tests.bot.twitch.conftest import Join, Run, account
from tests.fakes.twitch.server import FakeTwitch

FIELDS = RewardFields("A face", 500, "Which emote?", cooldown_s=30)


async def test_a_message_is_sent_as_a_reply(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        question = fake.say(fake.user("Ada"), "!face")
        sent = await running.bot.helix.send_message(fake.channel.id, "here", reply_to=question.id)
    (message,) = fake.sent
    assert sent == Sent(message.id)
    assert (message.reply_to, message.author) == (question.id, fake.bot)
    assert fake.complaints == []


async def test_why_a_message_was_dropped_is_told(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    fake.channel.blocks_links = True
    async with run() as running:
        await running.connected()
        assert await running.bot.helix.send_message(fake.channel.id, "https://x.example/") == Dropped(
            "channel_settings"
        )


@pytest.mark.parametrize("status", [500, 503, None])
async def test_a_message_that_may_be_there_is_not_sent_again(
    fake: FakeTwitch, join: Join, run: Run, status: int | None
) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.fail_next("/chat/messages", status, after=True)
        with pytest.raises(TwitchDown):
            await running.bot.helix.send_message(fake.channel.id, "once")
    assert [message.text for message in fake.sent] == ["once"]


async def test_a_message_that_was_refused_for_being_one_too_many_is_sent_later(
    fake: FakeTwitch, join: Join, run: Run
) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.fail_next("/chat/messages", 429, times=2)
        await running.bot.helix.send_message(fake.channel.id, "patience")
    assert [message.text for message in fake.sent] == ["patience"]


async def test_questions_are_asked_again_after_trouble_and_given_up_in_the_end(
    fake: FakeTwitch, join: Join, run: Run
) -> None:
    await join()
    async with run() as running:
        await running.connected()
        helix = running.bot.helix
        for status in (500, 502, 503, 429, None):
            fake.fail_next("/users", status, html=status == 502)
            (found,) = await helix.people(logins=[fake.channel.login])
            assert found.id == fake.channel.id
        fake.fail_next("/users", 503, times=100)
        with pytest.raises(TwitchDown):
            await helix.people(ids=[fake.channel.id])


async def test_one_refresh_serves_all_who_were_refused(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.expire_tokens(fake.bot)
        async with asyncio.TaskGroup() as group:
            for n in range(10):
                group.create_task(running.bot.helix.send_message(fake.channel.id, f"message {n}"))
    assert fake.refreshed == 1
    assert len(fake.sent) == 10


async def test_a_token_that_cannot_be_refreshed_is_the_end_of_the_account(
    fake: FakeTwitch, join: Join, run: Run, accounts: TwitchAccounts
) -> None:
    await join()
    async with run() as running:
        await running.connected()
        helix = running.bot.helix
        fake.withdraw(fake.bot)
        with pytest.raises(NotAuthorized):
            await helix.send_message(fake.channel.id, "anybody?")
        assert await accounts.get(AccountKey(fake.bot.id, Role.BOT)) is None


async def test_while_id_is_down_no_account_is_lost(
    fake: FakeTwitch, join: Join, run: Run, accounts: TwitchAccounts
) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.expire_tokens(fake.bot)
        trouble = fake.fail_next("/oauth2/token", 503, times=1000)
        with pytest.raises(TwitchDown) as down:
            await running.bot.helix.send_message(fake.channel.id, "anybody?")
        assert down.value.unsent
        trouble.times = 0
        assert await running.bot.helix.send_message(fake.channel.id, "again") == Sent(fake.sent[0].id)


async def test_a_page_in_place_of_an_answer_is_none(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.fail_next("/users", 200, html=True)
        with pytest.raises(TwitchDown):
            await running.bot.helix.people(ids=[fake.channel.id])


@pytest.mark.parametrize("outage", [OperationalError("SELECT", {}, Exception("disk")), ConnectionRefusedError()])
async def test_while_the_store_is_out_of_reach_nothing_is_sent(
    fake: FakeTwitch,
    join: Join,
    run: Run,
    accounts: TwitchAccounts,
    monkeypatch: pytest.MonkeyPatch,
    *,
    outage: Exception,
) -> None:
    await join()

    async def broken(_: AccountKey) -> None:
        raise outage

    async with run() as running:
        await running.connected()
        helix = running.bot.helix
        monkeypatch.setattr(accounts, "get", broken)
        with pytest.raises(TwitchDown) as down:
            await helix.follows("12345", fake.bot.id)
        assert down.value.unsent


async def test_who_follows_is_known_where_the_broadcaster_agreed(
    fake: FakeTwitch, join: Join, run: Run, accounts: TwitchAccounts
) -> None:
    await join()
    fan, stranger = fake.user("Fan"), fake.user("Stranger")
    fake.channel.followers.add(fan.id)
    async with run() as running:
        await running.connected()
        with pytest.raises(TwitchRefused):
            await running.bot.helix.follows(fake.channel.id, fan.id)
        await running.bot.connect(account(fake, fake.channel, Role.CHANNEL, JOIN, FOLLOWERS))
        assert await running.bot.helix.follows(fake.channel.id, fan.id)
        assert not await running.bot.helix.follows(fake.channel.id, stranger.id)


async def test_what_an_account_did_not_agree_to_is_a_missing_scope(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        await running.bot.connect(account(fake, fake.bot, Role.BOT, *(BOT_SCOPES - {"user:write:chat"})))
        with pytest.raises(MissingScope):
            await running.bot.helix.send_message(fake.channel.id, "hello")


async def test_who_streams_is_found_among_many(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    people = [fake.user(f"Person{n}") for n in range(150)]
    for person in (people[0], people[149]):
        fake.go_live(person)
    async with run() as running:
        await running.connected()
        live = await running.bot.helix.live([person.id for person in people])
    assert live == {people[0].id, people[149].id}


async def test_a_reward_is_made_paused_changed_and_deleted(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(rewards=True)
    async with run() as running:
        await running.connected()
        helix, channel_id = running.bot.helix, fake.channel.id
        made = await helix.create_reward(channel_id, FIELDS)
        fields = fake.channel.rewards[made.id].fields
        assert fields["is_user_input_required"]
        assert not fields["should_redemptions_skip_request_queue"]
        assert fields["global_cooldown_seconds"] == 30
        await helix.pause_reward(channel_id, made.id, paused=True)
        assert [reward.is_paused for reward in await helix.rewards(channel_id)] == [True]
        await helix.update_reward(channel_id, made.id, RewardFields("Two faces", 900, "Which?"))
        assert (fields["title"], fields["cost"]) == ("Two faces", 900)
        await helix.delete_reward(channel_id, made.id)
        assert fake.channel.rewards == {}
        with pytest.raises(TwitchRefused) as refused:
            await helix.pause_reward(channel_id, made.id, paused=False)
        assert refused.value.status == 404
    assert fake.complaints == []


async def test_redemptions_are_listed_over_pages_and_settled_in_lots(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(rewards=True)
    async with run() as running:
        await running.connected()
        helix, channel_id = running.bot.helix, fake.channel.id
        made = await helix.create_reward(channel_id, FIELDS)
        reward, ada = fake.channel.rewards[made.id], fake.user("Ada")
        bought = [fake.redeem(ada, reward, f"emote{n}", with_message=False) for n in range(120)]
        found = await helix.open_redemptions(channel_id, made.id)
        assert [each.id for each in found] == [each.id for each in bought]
        assert found[0].text == "emote0"
        await helix.settle(channel_id, made.id, [each.id for each in found[:60]], fulfilled=True)
        await helix.settle(channel_id, made.id, [each.id for each in found[60:]], fulfilled=False)
    assert [each.status for each in bought] == ["FULFILLED"] * 60 + ["CANCELED"] * 60
    assert fake.complaints == []
