"""From counts to words and bars."""

from __future__ import annotations

from bot.models import Emote, EmoteSource
from bot.stats.chart import Chart
from bot.stats.report import DAYS, chart_of, description, first_day
from bot.store.activity import DAY_S, Activity
from bot.texts import say

JOY = Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy")
KAPPA = Emote(EmoteSource.BTTV, "1", "Kappa")
CUSTOM, FOREIGN = Emote(EmoteSource.DISCORD, "25"), Emote(EmoteSource.DISCORD, "26")
BUSY = Activity(
    [0] * (DAYS - 1) + [7], [(JOY, 5), (FOREIGN, 4), (CUSTOM, 2), (KAPPA, 1)], [("1", 4), ("2", 2), ("3", 1)]
)
NOV_22 = 20_779


def chart(activity: Activity = BUSY, locale: str = "en") -> Chart:
    return chart_of(
        activity, NOV_22 - DAYS + 1, locale, emoji_name={"25": "blobcat"}.get, channel_name={"1": "general"}.get
    )


def test_the_last_thirty_days_end_today() -> None:
    assert first_day(NOV_22 * DAY_S + 5.0) == NOV_22 - 29


def test_every_day_has_its_date_in_the_language_of_the_server() -> None:
    bars = chart().days.bars
    assert (bars[0], bars[-1], len(bars)) == (("Oct 24", 0), ("Nov 22", 7), 30)
    assert chart(locale="de").days.bars[-1] == ("22. Nov.", 7)
    assert chart(locale="ja").days.bars[-1] == ("11月22日", 7)


def test_emotes_have_their_names_and_those_without_one_are_left_out() -> None:
    assert list(chart().emotes.bars) == [("face with tears of joy", 5), ("blobcat", 2), ("Kappa", 1)]
    assert chart(locale="de").emotes.bars[0] == ("gesicht mit freudentränen", 5)


def test_channels_nobody_knows_are_shown_together() -> None:
    assert list(chart().channels.bars) == [("#general", 4), ("elsewhere", 3)]


def test_at_most_ten_bars_are_shown() -> None:
    many = [(Emote(EmoteSource.BTTV, str(n), f"emote{n}"), 1) for n in range(40)]
    assert len(chart(Activity([1] * DAYS, many, [])).emotes.bars) == 10


def test_who_cannot_see_the_picture_is_told_what_is_on_it() -> None:
    assert say(description(chart())) == (
        "7 faces in 30 days. Top emotes: face with tears of joy (5), blobcat (2) and Kappa (1). "
        "Busiest channels: #general (4) and elsewhere (3)"
    )
    assert say(description(chart(Activity([0] * DAYS, [], [])))) == "0 faces in 30 days"


def test_a_chart_travels_as_json() -> None:
    assert Chart.from_json(chart().to_json()) == chart()
