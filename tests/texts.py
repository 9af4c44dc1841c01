"""`make texts`: everything the bot says, collected into `bot/locales/*.po`.

Sentences are the literals of `Text(…)` and `counted(…)`; names and descriptions of commands are taken from the commands
themselves, under a context of their own. What is translated stays; what nobody says any more goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import discord
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from discord import Locale, app_commands
from discord.app_commands import TranslationContextTypes, locale_str
from discord.ext import commands

from bot.discord.command_words import context_of
from bot.discord.feature import equip
from bot.discord.features import build_features
from bot.texts import LOCALES, SOURCE_LOCALE
from config.settings import load_settings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "bot" / "locales"
TRANSLATED = [locale for locale in LOCALES if locale != SOURCE_LOCALE]
_KEYWORDS = {"Text": (1,), "counted": (1, 2)}
_WIDTH = 120
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


async def command_tree() -> app_commands.CommandTree[Any]:
    """All commands, on a bot that is connected to nothing."""
    features = build_features(load_settings().discord, MagicMock(), MagicMock())
    bot = commands.Bot(commands.when_mentioned, intents=discord.Intents.none())
    await equip(bot, features)
    return bot.tree


def template() -> Catalog:
    """What there is to translate, in the order of the code."""
    catalogue = Catalog(charset="utf-8")
    for path, words in _sentences():
        catalogue.add(words, locations=[(path, 0)])
    for context, words, command in asyncio.run(_command_words()):
        catalogue.add(words, context=context, locations=[(command, 0)])
    return catalogue


def read(locale: str) -> Catalog:
    """As it lies in the folder."""
    with (FOLDER / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def update(locale: str, collected: Catalog) -> int:
    """Bring a language's file up to date; returns how many words it lacks."""
    catalogue = read(locale)
    catalogue.update(collected, no_fuzzy_matching=True)
    write(locale, catalogue)
    return len(untranslated(catalogue))


def write(locale: str, catalogue: Catalog) -> None:
    """Without what differs from one run to the next: dates, versions, line numbers."""
    file = BytesIO()
    write_po(file, catalogue, width=_WIDTH, omit_header=True, ignore_obsolete=True, include_lineno=False)
    header = _HEADER.format(language=locale, plural_forms=catalogue.plural_forms)
    (FOLDER / f"{locale}.po").write_bytes(header.encode() + file.getvalue())


def untranslated(catalogue: Catalog) -> list[Message]:
    """Not at all, or not in all plural forms."""
    return [each for each in catalogue if each.id and not all(forms(each))]


def forms(message: Message) -> tuple[str, ...]:
    """The translation; of what is counted, all of them."""
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(each or "" for each in strings or ("",))


def _sentences() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    found = extract_from_dir(ROOT / "bot", method_map=[("**.py", "python")], keywords=_KEYWORDS)
    for path, _line, words, _comments, _context in sorted(found, key=lambda each: (each[0], each[1])):
        yield f"bot/{path}", words


async def _command_words() -> list[tuple[str, str, str]]:
    """By asking for a translation as the library does before it registers them."""
    collecting = _Collecting()
    tree = await command_tree()
    for command in tree.get_commands():
        await command.get_translated_payload(tree, collecting)
    return list(dict.fromkeys(collecting.found))


class _Collecting(app_commands.Translator):
    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        if (where := context_of(context)) is not None:
            self.found.append((where, string.message, "commands"))
        return None


def main() -> None:
    collected = template()
    for locale in TRANSLATED:
        lacking = update(locale, collected)
        print(f"bot/locales/{locale}.po: {len(collected)} texts, {lacking} to translate")


if __name__ == "__main__":
    main()
