"""HTML pages: Jinja templates with everything escaped, in the visitor's language."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from bot.texts import LOCALES, SOURCE_LOCALE, Text, nearest, say
from bot.web.guards import content_policy


@pass_context
def _say(context: Context, text: Text) -> str:
    return say(text, context["locale"])


@pass_context
def _prose(context: Context, text: Text) -> Markup:
    """With what stands between backticks as code, for where tags may stand."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_say(context, text)))))  # noqa: S704  # escaped


_CODE = re.compile("`([^`]*)`")
_ENVIRONMENT = Environment(
    loader=PackageLoader("bot.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters |= {"say": _say, "prose": _prose}


FORMS = content_policy(form_action="'self'")
"""For pages with forms that browsers send themselves."""


def page(
    request: web.Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, policy: str | None = None, **values: Any
) -> web.Response:
    """The template's page; in it, `{{ text | say }}` says a Text in the language of the page, `locale`. `policy` is its
    content security policy where it has forms: those need a referrer within the site, too, for without one browsers
    send them as from nowhere (`Origin: null`)."""
    locale = locale_of(request)
    text = _ENVIRONMENT.get_template(template).render(locale=locale, **values)
    headers = {"Content-Language": locale, "Vary": "Accept-Language, Cookie"}
    if policy is not None:
        headers |= {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def locale_of(request: web.Request) -> str:
    """The language of a page for this visitor."""
    return preferred_locale(request.headers.get("Accept-Language", ""))


def preferred_locale(accepted: str) -> str:
    """The first of ours in an Accept-Language header, which browsers write in the order of preference."""
    tags = (part.partition(";")[0].strip() for part in accepted.split(","))
    known = (tag for tag in tags if tag.partition("-")[0].lower() in LOCALES)
    return nearest(next(known, SOURCE_LOCALE))
