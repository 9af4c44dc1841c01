"""The settings of a place and its channels: the forms, and what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus

from aiohttp import web

from bot.errors import CatalogueDown, InvalidSetting, UnknownChannel
from bot.policy.changing import Changing
from bot.policy.pages import PAGES, Page
from bot.policy.policy import Policy
from bot.policy.settings import SETTINGS, EffectiveSettings, Level
from bot.replies import words_for
from bot.texts import Text
from bot.web.forms import Form, read_form
from bot.web.panel.fields import Naming, Refused, field, filled_in, shown
from bot.web.panel.pages import Doors, Visit, path_of, sent_to
from bot.web.panel.places import SCOPE, Managed
from bot.web.panel.refusal import PanelRefusal
from bot.web.panel.words import Words

_CHANNEL, _RESET = "channel", "reset"


class SettingsPages:
    """Every change goes through the policy, which checks it and writes it down."""

    def __init__(
        self, doors: Doors, policy: Policy, changing: Changing, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._doors = doors
        self._policy = policy
        self._changing = changing
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        pages = f"/panel/{SCOPE}/settings/{{page:{'|'.join(PAGES)}}}"
        first = next(iter(PAGES))
        return (
            web.get(f"/panel/{SCOPE}", self._doors.place(lambda _, place: _to(place, first))),
            web.get(pages, self._doors.place(self._show)),
            web.post(pages, self._doors.place(self._change)),
        )

    async def _show(self, visit: Visit, place: Managed) -> web.StreamResponse:
        channel_id = _channel(place, visit.request.query.get(_CHANNEL, ""))
        return await self._page(visit, place, channel_id, is_saved="saved" in visit.request.query)

    async def _change(self, visit: Visit, place: Managed) -> web.StreamResponse:
        form = await read_form(visit.request)
        channel_id = _channel(place, form.get(_CHANNEL, ""))
        if reset := form.get(_RESET, ""):
            await self._policy.reset(place.scope_id, channel_id, reset, visit.user_id)
        elif refused := await self._save(visit, place, channel_id, form):
            return await self._page(visit, place, channel_id, refused, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return await _to(place, Page(visit.request.match_info["page"]), channel_id, "saved")

    async def _save(self, visit: Visit, place: Managed, channel_id: str | None, form: Form) -> Mapping[str, Refused]:
        """What differs from what is in force; what could not be saved, by name."""
        here, refused = await self._policy.effective(place.scope_id, channel_id), dict[str, Refused]()
        for name in self._names(visit, place, channel_id):
            text = filled_in(name, form)
            if text == shown(name, here, self._clock()):
                continue
            try:
                await self._changing.set(place.scope_id, channel_id, name, text, by_user_id=visit.user_id)
            except InvalidSetting as error:
                refused[name] = Refused.of(name, text, error.most)
            except (UnknownChannel, CatalogueDown) as error:
                refused[name] = Refused(text, words_for(error))
        return refused

    def _names(self, visit: Visit, place: Managed, channel_id: str | None) -> list[str]:
        """Those of the page that can be set there."""
        level = _level(channel_id)
        return [name for name in _on(visit, place) if level in SETTINGS[name].levels]

    async def _page(
        self,
        visit: Visit,
        place: Managed,
        channel_id: str | None,
        refused: Mapping[str, Refused] | None = None,
        *,
        is_saved: bool = False,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> web.StreamResponse:
        here = await self._policy.effective(place.scope_id, channel_id)
        naming = Naming(place.platform, place.channels, place.roles)
        fields = [self._field(name, here, channel_id, naming, refused or {}) for name in _on(visit, place)]
        page = Page(visit.request.match_info["page"])
        is_overlay = page is Page.OVERLAY
        return visit.page(
            "panel_overlay.html" if is_overlay else "panel_settings.html",
            status=status,
            title=PAGES[page].title,
            place=place,
            at="overlay" if is_overlay else "settings",
            page=page,
            pages=_tabs(place),
            fields=fields,
            channel_id=channel_id,
            is_saved=is_saved,
            is_refused=bool(refused),
        )

    def _field(
        self,
        name: str,
        here: EffectiveSettings,
        channel_id: str | None,
        naming: Naming,
        refused: Mapping[str, Refused],
    ) -> object:
        return field(name, here, _level(channel_id), naming, now=self._clock(), refused=refused.get(name))


def _on(visit: Visit, place: Managed) -> list[str]:
    return _fitting(PAGES[Page(visit.request.match_info["page"])].names, place)


def _fitting(names: Iterable[str], place: Managed) -> list[str]:
    """Those that say something on the place's platform."""
    return [name for name in names if place.platform in SETTINGS[name].platforms]


def _tabs(place: Managed) -> list[tuple[Page, Text]]:
    """The overlay's settings have a tab of their own, beside the overlay."""
    tabs = [(page, group.title) for page, group in PAGES.items() if _fitting(group.names, place)]
    return [(page, title) for page, title in tabs if page is not Page.OVERLAY]


def _level(channel_id: str | None) -> Level:
    return Level.CHANNEL if channel_id else Level.SERVER


def _channel(place: Managed, channel_id: str) -> str | None:
    """None for the whole place. What is no channel of the place is refused: settings of others are not ours."""
    if not channel_id:
        return None
    if channel_id not in place.channels:
        raise PanelRefusal(HTTPStatus.NOT_FOUND, Words.no_such_channel)
    return channel_id


async def _to(place: Managed, page: Page, channel_id: str | None = None, note: str = "") -> web.StreamResponse:
    query = "&".join([*([f"{_CHANNEL}={channel_id}"] if channel_id else []), *([note] if note else [])])
    return sent_to(path_of(place, f"/settings/{page}") + (f"?{query}" if query else ""))
