import pytest

from bot.models import Platform
from bot.policy.settings import Level
from bot.policy.wording import level_words
from bot.texts import say


@pytest.mark.parametrize(
    ("level", "platform", "words"),
    [
        (Level.INSTANCE, Platform.TWITCH, "the bot's default"),
        (Level.SERVER, Platform.TWITCH, "set for this channel"),
        (Level.SERVER, Platform.DISCORD, "set for the server"),
        (Level.CHANNEL, Platform.DISCORD, "set for this channel"),
    ],
)
def test_where_a_value_comes_from_is_said_in_the_platforms_words(level: Level, platform: Platform, words: str) -> None:
    assert say(level_words(level, platform)) == words
