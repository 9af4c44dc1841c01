"""Everything that goes wrong between us and Twitch, and that it is heard again afterwards."""

from __future__ import annotations

import pytest

from bot.store.twitch_accounts import AccountKey, Role, TwitchAccounts
from bot.twitch.events import ChannelLost, MessageDeleted, MessagesCleared, Redemption, StreamChanged
from bot.twitch.scopes import BOT_SCOPES
from tests.bot.twitch.conftest import Join, Run, Running, account
from tests.fakes.twitch.server import FakeTwitch
from tests.fakes.twitch.world import Reward
from tests.polling import until

REWARD = {"title": "A face", "prompt": "Which emote?", "cost": 100, "should_redemptions_skip_request_queue": False}


async def is_heard(running: Running, text: str) -> None:
    """Somebody speaks, again and again until it arrives: what is said while nobody listens is lost."""
    fake = running.fake
    speaker = fake.user("Ada")
    while text not in running.texts():
        await running.connected()
        fake.say(speaker, text)
        await fake.until(lambda: text in running.texts() or not fake.carried("channel.chat.message"))


@pytest.mark.parametrize("code", [1006, 4000, 4001, 4002, 4003, 4004, 4005, 4006, 4007])
@pytest.mark.parametrize("channels", [1, 2])
async def test_every_way_to_lose_the_connection_ends_with_a_new_one(
    fake: FakeTwitch, join: Join, run: Run, code: int, channels: int
) -> None:
    await join(fake.channel, *(fake.user(f"Other{n}") for n in range(1, channels)))
    async with run() as running:
        await is_heard(running, "before")
        connects = fake.sockets.connects
        fake.drop_websocket(code)
        await fake.until(lambda: fake.sockets.connects > connects)
        await is_heard(running, "after")
    assert fake.complaints == []


@pytest.mark.parametrize("channels", [1, 2])
async def test_a_session_that_twitch_moves_goes_on_without_a_gap(
    fake: FakeTwitch, join: Join, run: Run, channels: int
) -> None:
    await join(fake.channel, *(fake.user(f"Other{n}") for n in range(1, channels)))
    async with run() as running:
        await running.connected()
        ada, subscriptions = fake.user("Ada"), set(fake.subscriptions)
        for text in ("one", "two", "three"):
            connects = fake.sockets.connects
            fake.sockets.ask_to_reconnect()
            await fake.until(lambda: fake.sockets.connects > connects)  # noqa: B023  # called at once
            fake.say(ada, text)
            await fake.until(lambda: text in running.texts())  # noqa: B023
        assert running.texts() == ["one", "two", "three"]
        assert set(fake.subscriptions) == subscriptions
        assert len(fake.sockets.sessions) == 1


async def test_a_move_to_where_nobody_answers_ends_in_a_new_session(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await is_heard(running, "before")
        fake.sockets.ask_to_reconnect(dead=True)
        await fake.until(lambda: len(fake.sockets.sessions) > 1)
        await is_heard(running, "after")


async def test_what_is_told_twice_is_handed_on_once(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(rewards=True)
    reward = fake.channel.rewards["r"] = Reward(fake.client_id, REWARD, id="r")
    async with run() as running:
        await running.connected()
        await fake.until(lambda: fake.carried("channel.channel_points_custom_reward_redemption.add"))
        ada = fake.user("Ada")
        fake.say(ada, "hello", times=3)
        redemption = fake.redeem(ada, reward, "Kappa")
        subscription = next(each for each in fake.subscriptions.values() if "redemption" in each.type)
        again = fake.sockets.sessions[str(subscription.session_id)].frames
        await fake.until(lambda: any(isinstance(event, Redemption) for event in running.heard))
        told = next(frame for frame in again if frame["metadata"].get("subscription_type") == subscription.type)
        fake.sockets.notify(subscription, told["payload"]["event"])  # another frame about the same redemption
        fake.say(ada, "last")
        await fake.until(lambda: "last" in running.texts())
    assert running.texts() == ["hello", "Kappa", "last"]
    assert [event.id for event in running.heard if isinstance(event, Redemption)] == [redemption.id]


async def test_moderation_and_streams_are_heard(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        await fake.until(lambda: fake.carried("stream.offline"))
        ada = fake.user("Ada")
        message = fake.say(ada, "rude")
        fake.delete_message(message)
        fake.timeout(ada)
        fake.clear_chat()
        fake.go_live()
        fake.go_offline()
        await fake.until(lambda: len(running.heard) == 6)
    told = running.heard[1:]
    assert isinstance(told[0], MessageDeleted)
    assert told[0].message_id == message.id
    assert [event.author_id for event in told if isinstance(event, MessagesCleared)] == [ada.id, None]
    assert [event.is_live for event in told if isinstance(event, StreamChanged)] == [True, False]


async def test_copies_of_a_shared_chat_and_unknown_pieces_do_no_harm(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        ada = fake.user("Ada")
        fake.say(ada, "from elsewhere", source=fake.user("Elsewhere"))
        fake.say(ada, "from here", source=fake.channel)
        fake.sockets.send_raw("{no json")
        fake.say(ada, "new", fragments=[{"type": "hologram", "text": "new", "emote": {"id": "../x"}}])
        await fake.until(lambda: "new" in running.texts())
    assert running.texts() == ["from here", "new"]


async def test_subscriptions_that_vanish_are_made_again(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await is_heard(running, "before")
        fake.subscriptions.clear()
        await is_heard(running, "after")


async def test_a_subscription_that_twitch_revokes_alone_comes_back(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await is_heard(running, "before")
        subscription = next(each for each in fake.subscriptions.values() if each.type == "channel.chat.message")
        fake.sockets.revoke(subscription, "moderator_removed")
        await is_heard(running, "after")


async def test_subscriptions_that_helix_fails_to_make_are_made_in_the_next_round(
    fake: FakeTwitch, join: Join, run: Run
) -> None:
    await join()
    fake.fail_next("/eventsub/subscriptions", 503, method="POST", times=6)
    async with run() as running:
        await is_heard(running, "after")


async def test_what_a_channel_does_not_allow_holds_nobody_else_up(fake: FakeTwitch, join: Join, run: Run) -> None:
    closed = fake.user("Closed")
    await join(closed, fake.channel)
    closed.banned.add(fake.bot.id)
    async with run() as running:
        await is_heard(running, "here")
        assert set(running.bot.refused) == {closed.id}


async def test_twitch_may_be_down_at_the_start_and_later(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    port = fake.port
    settings = fake.urls_of_services()
    await fake.stop()
    async with run(**settings) as running:
        await until(lambda: running.bot.problem is not None)
        assert not running.bot.is_up
        await fake.start(port)
        await is_heard(running, "up")
        await fake.stop()
        await until(lambda: not running.bot.is_up)
        await fake.start(port)
        await is_heard(running, "up again")
        assert running.bot.problem is None


async def test_a_websocket_that_is_refused_is_tried_again(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    fake.sockets.refuse = 3
    async with run() as running:
        await is_heard(running, "after")


@pytest.mark.parametrize("channels", [1, 2])
async def test_tokens_that_end_are_refreshed_and_kept(
    fake: FakeTwitch, join: Join, run: Run, accounts: TwitchAccounts, channels: int
) -> None:
    await join(fake.channel, *(fake.user(f"Other{n}") for n in range(1, channels)))
    key = AccountKey(fake.bot.id, Role.BOT)
    async with run() as running:
        await is_heard(running, "before")
        fake.expire_tokens(fake.bot)
        fake.expire_tokens(None)
        await running.bot.helix.send_message(fake.channel.id, "hello")
        await is_heard(running, "after")
    stored = await accounts.get(key)
    assert stored is not None
    assert stored.access_token in fake.tokens
    assert fake.refreshed == 1
    assert fake.complaints == []


async def test_a_broadcaster_who_disconnects_at_twitch_is_served_no_more(
    fake: FakeTwitch, join: Join, run: Run, accounts: TwitchAccounts
) -> None:
    other = fake.user("Other")
    await join(fake.channel, other)
    async with run() as running:
        await is_heard(running, "before")
        fake.revoke(other)
        await fake.until(lambda: ChannelLost(other.id) in running.heard)
        await is_heard(running, "after")
    assert [each.key.user_id for each in await accounts.all()] == [fake.bot.id, fake.channel.id]


async def test_a_lost_bot_account_is_a_problem_until_it_logs_in_again(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await is_heard(running, "before")
        fake.revoke(fake.bot)
        await until(lambda: running.bot.problem == "no bot account: emoteface twitch login")
        await running.bot.connect(account(fake, fake.bot, Role.BOT, *BOT_SCOPES))
        await is_heard(running, "after")
        assert running.bot.problem is None


async def test_a_channel_that_comes_and_goes_changes_the_kind_of_connection(
    fake: FakeTwitch, join: Join, run: Run
) -> None:
    await join()
    other = fake.user("Other")
    async with run() as running:
        await is_heard(running, "alone")
        await running.bot.connect(account(fake, other, Role.CHANNEL, "channel:bot"))
        await fake.until(lambda: fake.carried("channel.chat.message", other))
        await is_heard(running, "together")
        assert len(fake.conduits) == 1
        assert await running.bot.disconnect(AccountKey(other.id, Role.CHANNEL))
        await fake.until(lambda: not fake.conduits)
        await is_heard(running, "alone again")
    assert [each for each in fake.subscriptions.values() if other.id in each.condition.values()] == []
    assert [token for token in fake.tokens.values() if token.user is other] == []
    assert other.granted == set()


async def test_a_token_that_is_refreshed_over_the_farewell_is_revoked(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(rewards=True)

    async def farewell(channel_id: str) -> None:
        fake.expire_tokens(fake.channel)
        await running.bot.helix.rewards(channel_id)

    async with run() as running:
        await is_heard(running, "before")
        running.bot.before_leaving(farewell)
        assert await running.bot.disconnect(AccountKey(fake.channel.id, Role.CHANNEL))
    assert fake.refreshed
    assert [token for token in fake.tokens.values() if token.user is fake.channel] == []


async def test_a_conduit_that_somebody_deletes_is_made_anew(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(fake.channel, fake.user("Other"))
    async with run() as running:
        await is_heard(running, "before")
        fake.conduits.clear()
        fake.subscriptions.clear()
        await is_heard(running, "after")
    assert len(fake.conduits) == 1


async def test_a_restart_takes_its_conduit_up_again(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join(fake.channel, fake.user("Other"))
    async with run() as running:
        await is_heard(running, "before")
    subscriptions = set(fake.subscriptions)
    async with run() as running:
        await is_heard(running, "after")
    assert len(fake.conduits) == 1
    assert set(fake.subscriptions) == subscriptions


async def test_an_application_without_a_secret_serves_over_websockets(fake: FakeTwitch, join: Join, run: Run) -> None:
    fake.is_public_client = True
    await join(fake.channel, fake.user("Other"))
    async with run(client_secret=None) as running:
        await is_heard(running, "hello")
        fake.expire_tokens(fake.bot)
        await is_heard(running, "after a refresh")
        fake.go_live()
        assert await running.bot.helix.live([fake.channel.id]) == {fake.channel.id}
    assert fake.conduits == {}


async def test_without_accounts_nothing_is_asked_of_twitch(fake: FakeTwitch, run: Run) -> None:
    async with run() as running:
        await running.idle()
        assert running.bot.problem is None
        assert not running.bot.is_up
    assert fake.requests == []


async def test_after_the_last_channel_has_left_all_is_well(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await is_heard(running, "before")
        fake.fail_next("/eventsub", 503, times=10_000)
        fake.drop_websocket(4000)
        await until(lambda: running.bot.problem is not None)
        await running.bot.disconnect(AccountKey(fake.channel.id, Role.CHANNEL))
        await until(lambda: running.bot.problem is None and not running.bot.channels)


async def test_a_handler_that_breaks_stops_nothing(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()

    async def broken(_: StreamChanged) -> None:
        raise RuntimeError

    async with run() as running:
        running.bot.on(StreamChanged, broken)
        await running.connected()
        await fake.until(lambda: fake.carried("stream.online"))
        fake.go_live()
        await is_heard(running, "after")
        await fake.until(lambda: any(isinstance(event, StreamChanged) for event in running.heard))
