"""What is said to people, in their language.

    said = Text("Asks again in {wait}.", {"wait": counted("{n} second", "{n} seconds", 5)})
    say(said, "de")

A text is its English words, which are also the key of its translations in `bot/locales/*.po` (gettext), and what fills
its gaps: names of ours, numbers, other texts; never anything an asker wrote. The words stand where they are used, so
that the code reads as what it says. `make texts` collects them into the `.po` files; a test finds what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Protocol, TypeAlias

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE_LOCALE = "en"
LOCALES = (SOURCE_LOCALE, "de", "fr", "ja")


class KnowsItsWords(Protocol):
    """What has names of its own in every language, an emoji for example."""

    def said_in(self, locale: str) -> str: ...


Value: TypeAlias = "str | int | float | Text | KnowsItsWords"


@dataclass(frozen=True, slots=True)
class Text:
    """English `words` with `{gaps}`. `many` and `count` are for what is counted: see `counted`."""

    words: str
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    many: str | None = None
    count: int = 1


def counted(one: str, many: str, n: int) -> Text:
    """`n` things; every language has its own rules for which words go with which number."""
    return Text(one, {"n": n}, many, n)


def joined(parts: Iterable[Value], between: str = " ") -> Text:
    """Sentences one after the other, lines below each other."""
    texts = list(parts)
    gaps = [f"{{part{index}}}" for index in range(len(texts))]
    return Text(between.join(gaps), {gap[1:-1]: text for gap, text in zip(gaps, texts, strict=True)})


def say(text: Text, locale: str = SOURCE_LOCALE) -> str:
    """The words in a locale as platforms name it (`pt-BR`, `de`); English where it or this text is not translated."""
    return _translated(text, nearest(locale)).format(**{name: _said(v, locale) for name, v in text.values.items()})


def translated(words: str, context: str, locale: str) -> str | None:
    """Words that are no sentence, a command's name for example; None where they are the same or not translated.

    `context` tells apart what is one word in English and several in other languages.
    """
    found = _translations(nearest(locale)).pgettext(context, words)
    return found if found != words else None


def nearest(locale: str) -> str:
    """The locale of ours that serves whoever speaks this one."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in LOCALES else SOURCE_LOCALE


def listed(things: Iterable[Value]) -> Text:
    """All of several things, at least one."""
    *others, last = things
    return Text("{others} and {last}", {"others": enumerated(others), "last": last}) if others else _only(last)


def either(things: Iterable[Value]) -> Text:
    """One of several things, at least one."""
    *others, last = things
    return Text("{others} or {last}", {"others": enumerated(others), "last": last}) if others else _only(last)


def enumerated(things: Iterable[Value]) -> Text:
    """Several things, at least one, without saying how they belong together."""
    *others, last = things
    return Text("{others}, {last}", {"others": enumerated(others), "last": last}) if others else _only(last)


def _only(thing: Value) -> Text:
    return joined([thing])


def _said(value: Value, locale: str) -> str | int | float:
    if isinstance(value, Text):
        return say(value, locale)
    return value if isinstance(value, str | int | float) else value.said_in(nearest(locale))


def _translated(text: Text, locale: str) -> str:
    if not text.words:  # what gettext keeps under no words is the file's header
        return ""
    translations = _translations(locale)
    if text.many is None:
        return translations.gettext(text.words)
    return translations.ngettext(text.words, text.many, text.count)


@cache
def _translations(locale: str) -> NullTranslations:
    if locale == SOURCE_LOCALE:
        return NullTranslations()
    with (files("bot") / "locales" / f"{locale}.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
