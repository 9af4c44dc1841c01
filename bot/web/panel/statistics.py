"""What happened in a place: the plot, the same as a table, and the record of changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from aiohttp import web
from babel.dates import format_datetime
from cachetools import TTLCache

from bot.policy.wording import entry_words
from bot.stats.chart import Chart
from bot.stats.plotter import PlotFailed
from bot.stats.records import Records
from bot.stats.report import DAYS, chart_of, description, first_day
from bot.store.audit import Audit
from bot.texts import nearest
from bot.web.panel.pages import Doors, Visit
from bot.web.panel.places import SCOPE, Managed
from bot.web.panel.words import Words
from bot.web.rendering import locale_of

KEPT_S = 60.0
_MAX_KEPT = 64  # plots of some 60 kB
_ENTRIES = 50


class StatisticsPages:
    """Plots are drawn by a process of their own, and kept for a minute."""

    def __init__(self, doors: Doors, records: Records, audit: Audit, *, clock: Callable[[], float] = time.time) -> None:
        self._doors = doors
        self._records = records
        self._audit = audit
        self._clock = clock
        self._plots: TTLCache[tuple[str, str], bytes] = TTLCache(_MAX_KEPT, KEPT_S)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return (
            web.get(f"/panel/{SCOPE}/statistics", self._doors.place(self._statistics)),
            web.get(f"/panel/{SCOPE}/statistics.png", self._doors.place(self._plot)),
            web.get(f"/panel/{SCOPE}/changes", self._doors.place(self._changes)),
        )

    async def _statistics(self, visit: Visit, place: Managed) -> web.StreamResponse:
        chart = await self._chart(visit, place)
        return visit.page(
            "panel_statistics.html",
            title=Words.statistics,
            place=place,
            at="statistics",
            chart=chart,
            description=description(chart),
        )

    async def _plot(self, visit: Visit, place: Managed) -> web.StreamResponse:
        key = (place.scope_id, locale_of(visit.request))
        if (picture := self._plots.get(key)) is None:
            try:
                picture = await self._records.plotter.draw(await self._chart(visit, place))
            except PlotFailed:
                return web.Response(status=503, headers={"Retry-After": "10"})
            self._plots[key] = picture
        return web.Response(body=picture, content_type="image/png", headers={"Cache-Control": "private, max-age=60"})

    async def _chart(self, visit: Visit, place: Managed) -> Chart:
        day, directory = first_day(self._clock()), place.directory
        activity = await self._records.activity.activity(place.platform, place.scope_id, day, DAYS)

        def emoji_name(emoji_id: str) -> str | None:
            return directory.emoji_name(place.scope_id, emoji_id)

        def channel_name(channel_id: str) -> str | None:
            name = place.channels.get(channel_id)
            return None if name is None else name.removeprefix("#")

        return chart_of(activity, day, locale_of(visit.request), emoji_name=emoji_name, channel_name=channel_name)

    async def _changes(self, visit: Visit, place: Managed) -> web.StreamResponse:
        entries = await self._audit.recent(place.scope_id, _ENTRIES)
        naming = _Names(place, locale_of(visit.request))
        rows = [(naming.moment(entry.at), entry_words(entry, naming)) for entry in entries]
        return visit.page("panel_changes.html", title=Words.record, place=place, at="changes", rows=rows)


class _Names:
    """Names for a page, which escapes them."""

    def __init__(self, place: Managed, locale: str) -> None:
        self._place = place
        self._locale = locale

    def person(self, user_id: str) -> str:
        return user_id or "?"

    def role(self, role_id: str) -> str:
        return self._place.roles.get(role_id, role_id)

    def channel(self, channel_id: str) -> str:
        return self._place.channels.get(channel_id, channel_id)

    def moment(self, at: float) -> str:
        return f"{format_datetime(at, 'medium', locale=nearest(self._locale))} UTC"

    def code(self, text: str) -> str:
        return text

    def typed(self, text: str) -> str:
        return text
