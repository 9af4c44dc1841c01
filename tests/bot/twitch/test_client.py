"""The whole Twitch side: what is heard, and how it comes back from everything that goes wrong."""

from __future__ import annotations

from bot.twitch.client import Pacing
from bot.twitch.events import ChatMessage
from tests.bot.twitch.conftest import Join, Run
from tests.fakes.twitch.server import FakeTwitch
from tests.polling import until


async def test_one_channel_is_heard_over_a_plain_websocket(fake: FakeTwitch, join: Join, run: Run) -> None:
    await join()
    async with run() as running:
        await running.connected()
        fake.say(fake.user("Ada"), "!face Kappa", emotes={"Kappa": "25"})
        await fake.until(lambda: running.texts())
    assert fake.conduits == {}
    (message,) = running.heard
    assert isinstance(message, ChatMessage)
    assert message.chatter.login == "ada"
    assert [(fragment.kind, fragment.emote_id) for fragment in message.fragments] == [("text", None), ("emote", "25")]
    assert fake.complaints == []


async def test_many_channels_are_heard_over_a_conduit(fake: FakeTwitch, join: Join, run: Run) -> None:
    other = fake.user("Other")
    await join(fake.channel, other)
    async with run() as running:
        await running.connected()
        fake.say(fake.user("Ada"), "here")
        fake.say(fake.user("Bob"), "there", channel=other)
        await fake.until(lambda: len(running.texts()) == 2)
    assert len(fake.conduits) == 1
    assert len(fake.sockets.sessions) == 1
    assert fake.complaints == []


async def test_bursts_in_two_hundred_channels_are_heard_completely_and_in_order(
    fake: FakeTwitch, join: Join, run: Run
) -> None:
    fake.limits.points = 5000
    channels = [fake.user(f"Channel{n}") for n in range(200)]
    await join(*channels)
    async with run(Pacing()) as running:
        await until(lambda: running.bot.is_up)
        ada = fake.user("Ada")
        for n in range(5):
            for channel in channels:
                fake.say(ada, str(n), channel=channel)
        await fake.until(lambda: len(running.heard) == 1000)
    heard = [event for event in running.heard if isinstance(event, ChatMessage)]
    for channel in channels:
        assert [each.text for each in heard if each.channel.id == channel.id] == ["0", "1", "2", "3", "4"]
    assert len(fake.sockets.sessions) == len(fake.conduits) == 1
    assert (fake.limits.refused, fake.complaints) == (0, [])
