"""From what was counted to a chart with words, and to a description for people who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from babel.dates import format_skeleton

from bot.models import Emote, EmoteSource
from bot.replies import called
from bot.stats.chart import Chart, Panel
from bot.store.activity import DAY_S, Activity
from bot.texts import Text, Value, counted, joined, listed, nearest, say

DAYS = 30
_TOP = 10


def first_day(now: float) -> int:
    """Of the last 30 days with today, counted from 1970 in UTC."""
    return int(now // DAY_S) - DAYS + 1


def chart_of(
    activity: Activity,
    day: int,
    locale: str,
    *,
    emoji_name: Callable[[str], str | None],
    channel_name: Callable[[str], str | None],
) -> Chart:
    """In a language. `emoji_name` and `channel_name` give the names by id that are not in the requests; None for what
    is not known (any more) or not fit to be shown."""
    emotes = _emotes(activity.emotes, locale, emoji_name)
    channels = _channels(activity.channels, locale, channel_name)
    return Chart(
        title=say(counted("{n} face in 30 days", "{n} faces in 30 days", sum(activity.faces_a_day)), locale),
        days=Panel(say(Text("Faces a day (UTC)"), locale), list(_days(activity.faces_a_day, day, locale))),
        emotes=Panel(say(Text("Top emotes"), locale), emotes[:_TOP]),
        channels=Panel(say(Text("Busiest channels"), locale), channels[:_TOP]),
        nothing=say(Text("Nothing yet"), locale),
    )


def description(chart: Chart) -> Text:
    """Of the picture."""
    lines: list[Value] = [chart.title]
    for panel in (chart.emotes, chart.channels):
        if panel.bars:
            most = listed(f"{label} ({value})" for label, value in panel.bars[:3])
            lines.append(joined([f"{panel.title}: ", most], between=""))
    return joined(lines, between=". ")


def _days(faces_a_day: Sequence[int], day: int, locale: str) -> Iterator[tuple[str, int]]:
    first = datetime.fromtimestamp(day * DAY_S, UTC).date()
    for at, number in enumerate(faces_a_day):
        yield format_skeleton("MMMd", first + timedelta(days=at), locale=nearest(locale)), number


def _emotes(
    emotes: Sequence[tuple[Emote, int]], locale: str, emoji_name: Callable[[str], str | None]
) -> list[tuple[str, int]]:
    """Those without a name are left out: nobody could tell them apart."""
    found = []
    for emote, times in emotes:
        name = emote.name or (emoji_name(emote.id) if emote.source is EmoteSource.DISCORD else None)
        if name is not None:
            said = say(Text("{emote}", {"emote": called(emote)}), locale) if emote.name else name
            found.append((said, times))
    return found


def _channels(
    channels: Sequence[tuple[str, int]], locale: str, channel_name: Callable[[str], str | None]
) -> list[tuple[str, int]]:
    """Those that are gone, or that nobody knows by name, together."""
    named = [(f"#{name}", times) for channel_id, times in channels if (name := channel_name(channel_id))]
    if elsewhere := sum(times for _, times in channels) - sum(times for _, times in named):
        named.append((say(Text("elsewhere"), locale), elsewhere))
    return sorted(named, key=lambda bar: bar[1], reverse=True)
