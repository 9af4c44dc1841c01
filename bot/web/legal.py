"""`/privacy` and `/terms`: the statements of `bot.privacy`, in the visitor's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web

from bot.privacy import kept, rights, rules
from bot.texts import Text
from bot.web.rendering import page
from config.settings import OperatorSettings, RequestsSettings

PRIVACY, TERMS = "/privacy", "/terms"
_TITLES = {PRIVACY: Text("Privacy"), TERMS: Text("Terms of use")}
_COLUMNS = (Text("What"), Text("Why"), Text("How long"))


@dataclass(frozen=True, slots=True)
class _Content:
    paragraphs: Sequence[Text]
    items: Sequence[Text]
    rows: Sequence[Sequence[Text]] = ()


class LegalPages:
    """Says what the settings in force make true."""

    def __init__(self, operator: OperatorSettings, requests: RequestsSettings) -> None:
        operated = _operated_by(operator)
        rows = [(row.what, row.why, row.how_long) for row in kept(requests)]
        self._contents = {
            PRIVACY: _Content([operated, Text("This is everything that is kept:")], rights(), rows),
            TERMS: _Content([operated, Text("Whoever uses the bot agrees to this:")], rules()),
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """Where everything is."""
        return [web.get(path, self._page) for path in self._contents]

    async def _page(self, request: web.Request) -> web.Response:
        content = self._contents[request.path]
        other = TERMS if request.path == PRIVACY else PRIVACY
        return page(
            request,
            "legal.html",
            title=_TITLES[request.path],
            paragraphs=content.paragraphs,
            columns=_COLUMNS,
            rows=content.rows,
            items=content.items,
            other={"path": other, "title": _TITLES[other]},
        )


def _operated_by(operator: OperatorSettings) -> Text:
    name = operator.name or Text("whoever runs this server")
    if operator.contact is None:
        return Text("This instance of emoteface is operated by {name}.", {"name": name})
    return Text(
        "This instance of emoteface is operated by {name}. Questions go to {contact}.",
        {"name": name, "contact": operator.contact},
    )
