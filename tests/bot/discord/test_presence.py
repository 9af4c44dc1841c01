"""What stands under the bot's name."""

from __future__ import annotations

import pytest

from bot.discord.presence import Outlook, described
from bot.texts import say
from tests.bot.discord.conftest import Chat
from tests.fakes.discord.server import FakeDiscord


def shown(fake: FakeDiscord) -> list[tuple[str, str]]:
    return [(each["status"], each["activities"][0]["state"]) for each in fake.gateway.presences]


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (Outlook(draws=True, wait_s=0.4), "drawing faces"),
        (Outlook(draws=True, wait_s=17.2), "busy: about 20 seconds"),
        (Outlook(draws=True, wait_s=50.0), "busy: about 1 minute"),
        (Outlook(draws=True, wait_s=9999.0), "busy: about 10 minutes"),
        (Outlook(draws=False, wait_s=17.2), "asleep: no worker"),
    ],
)
def test_the_words_say_whether_faces_come_and_how_soon(outlook: Outlook, words: str) -> None:
    assert say(described(outlook)[1]) == words


async def test_the_presence_follows_the_queue_and_is_sent_only_on_change(chat: Chat) -> None:
    await chat.fake.until(lambda: shown(chat.fake))
    for wait_s in (31.0, 32.0, 33.0, 44.0):
        chat.faces.outlook = Outlook(draws=True, wait_s=wait_s)
        await chat.fake.until(lambda: shown(chat.fake)[-1] == ("idle", "busy: about 45 seconds"))
    chat.faces.outlook = Outlook(draws=False, wait_s=0.0)
    await chat.fake.until(lambda: len(shown(chat.fake)) == 3)
    assert shown(chat.fake) == [
        ("online", "drawing faces"),
        ("idle", "busy: about 45 seconds"),
        ("dnd", "asleep: no worker"),
    ]


async def test_a_new_session_is_told_again_and_a_resumed_one_is_not(chat: Chat) -> None:
    await chat.fake.until(lambda: shown(chat.fake))
    chat.fake.drop_gateway()
    await chat.fake.until(lambda: chat.fake.gateway.resumed == 1)
    chat.fake.drop_gateway(forget=True)
    await chat.fake.until(lambda: len(shown(chat.fake)) == 2)
    assert len(chat.fake.gateway.identified) == 2
