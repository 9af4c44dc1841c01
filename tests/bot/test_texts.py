"""What is said, in every language; and that every language says all of it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from discord import app_commands

from bot.discord.command_words import DESCRIPTION, NAME, CommandWords
from bot.emotes.emoji_names import EmojiName
from bot.texts import LOCALES, Text, counted, either, enumerated, joined, listed, nearest, say, translated
from tests import texts

COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")  # https://docs.discord.com/developers/interactions/application-commands
MAX_DESCRIPTION_CHARS = 100
in_every_language = pytest.mark.parametrize("locale", texts.TRANSLATED)


@pytest.fixture(scope="module")
def collected() -> Catalog:
    return texts.template()


def keys(catalogue: Catalog) -> set[tuple[str | None, str | tuple[str, ...]]]:
    return {(each.context, each.id) for each in catalogue if each.id}


def sentences(locale: str) -> Iterator[tuple[Message, str, str]]:
    """Every entry with an English form and a translated one; what is counted comes with each of its forms."""
    for each in texts.read(locale):
        originals = each.id if isinstance(each.id, tuple) else (each.id,)
        for index, form in enumerate(texts.forms(each) if each.id else ()):
            yield each, originals[min(index, len(originals) - 1)], form


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


# -- the files ------------------------------------------------------------------------------------------------------


@in_every_language
def test_everything_is_translated_and_nothing_is_translated_that_nobody_says(locale: str, collected: Catalog) -> None:
    translations = texts.read(locale)
    assert keys(collected) - keys(translations) == set(), "missing: make texts"
    assert keys(translations) - keys(collected) == set(), "unused: make texts"
    assert [each.id for each in texts.untranslated(translations)] == []
    assert [each.id for each in translations if each.id and each.fuzzy] == []
    assert not translations.obsolete


@in_every_language
def test_every_plural_form_of_the_language_is_there(locale: str) -> None:
    translations = texts.read(locale)
    for each in translations:
        if each.id and each.pluralizable:
            assert len(texts.forms(each)) == translations.num_plurals, each.id


@in_every_language
def test_translations_have_the_same_gaps(locale: str) -> None:
    for each, original, translation in sentences(locale):
        if each.pluralizable:  # `a second` may be `{n} Sekunde`, and the last form, for many, has to say how many
            assert gaps(translation) <= gaps("".join(each.id)), each.id
            assert gaps(texts.forms(each)[-1]) == gaps(each.id[-1]), each.id
        else:
            assert gaps(translation) == gaps(original), original


@in_every_language
def test_translations_quote_the_same_commands_and_code(locale: str) -> None:
    """They work as they are typed, whatever one speaks; and marks of formatting are closed again."""
    for _, original, translation in sentences(locale):
        assert Counter(re.findall(r"`[^`]*`", translation)) == Counter(re.findall(r"`[^`]*`", original)), original
        for mark in ("`", "**", "<", ">", "\n", "http"):
            assert translation.count(mark) == original.count(mark), original


@in_every_language
def test_translations_begin_and_end_like_the_original(locale: str) -> None:
    for _, original, translation in sentences(locale):
        assert translation == translation.strip(), original
        ends = {".": ".。！!", "?": "?？か", "!": "!！", "…": "…", ":": ":：", ")": ")）"}.get(original[-1])
        assert ends is None or translation[-1] in ends or original[-1] in "})", original


def test_files_are_as_make_texts_writes_them(
    collected: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {locale: (texts.FOLDER / f"{locale}.po").read_bytes() for locale in texts.TRANSLATED}
    for locale, content in before.items():
        (tmp_path / f"{locale}.po").write_bytes(content)
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    for locale, content in before.items():
        assert texts.update(locale, collected) == 0
        assert (tmp_path / f"{locale}.po").read_bytes() == content


def test_an_update_keeps_what_is_translated_and_drops_what_is_not_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    (tmp_path / "de.po").write_text('msgid "Deleted."\nmsgstr "Weg."\n\nmsgid "Old."\nmsgstr "Alt."\n')
    said = Catalog()
    said.add("Deleted.")
    said.add("New.")
    assert texts.update("de", said) == 1
    assert {each.id: each.string for each in texts.read("de") if each.id} == {"Deleted.": "Weg.", "New.": ""}


def test_words_stand_where_they_are_said_so_that_they_can_be_collected() -> None:
    unreadable = []
    for path in (texts.ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"Text", "counted"}:
                words = node.args[: 2 if node.func.id == "counted" else 1]
                if not words or not all(isinstance(each, ast.Constant) for each in words):
                    unreadable.append(f"{path.relative_to(texts.ROOT)}:{node.lineno}")
    assert [place for place in unreadable if not place.startswith("bot/texts.py")] == []


# -- commands -------------------------------------------------------------------------------------------------------


async def registered() -> list[dict[str, Any]]:
    tree = await texts.command_tree()
    return [await command.get_translated_payload(tree, CommandWords()) for command in tree.get_commands()]


def named(things: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Commands, subcommands and options, each with its siblings around it."""
    for thing in things:
        yield thing
        yield from named(thing.get("options", []))


def told(thing: Mapping[str, Any], what: str, locale: str) -> str:
    return str(thing.get(f"{what}_localizations", {}).get(locale, thing[what]))


def is_menu(thing: Mapping[str, Any]) -> bool:
    return "description" not in thing


@in_every_language
async def test_commands_are_named_and_described_as_discord_allows(locale: str) -> None:
    for thing in named(await registered()):
        name = told(thing, "name", locale)
        if is_menu(thing):
            assert 1 <= len(name) <= 32
            continue
        assert COMMAND_NAME.fullmatch(name), name
        assert name == name.lower(), name
        description = told(thing, "description", locale)
        assert 1 <= len(description) <= MAX_DESCRIPTION_CHARS, description
        for choice in thing.get("choices", []):
            assert 1 <= len(told(choice, "name", locale)) <= MAX_DESCRIPTION_CHARS


@in_every_language
async def test_no_two_names_beside_each_other_are_the_same(locale: str) -> None:
    def check(siblings: list[dict[str, Any]]) -> None:
        names = [(is_menu(each), told(each, "name", locale)) for each in siblings]
        assert max(Counter(names).values(), default=1) == 1, names
        for each in siblings:
            check(each.get("options", []))

    check(await registered())


async def test_everything_has_a_description() -> None:
    assert [each["name"] for each in named(await registered()) if each.get("description") == "…"] == []


async def test_words_name_only_commands_that_there_are(collected: Catalog) -> None:
    tree = await texts.command_tree()
    known = {f"/{command.qualified_name}" for command in tree.walk_commands()}
    said = {
        command
        for each in collected
        for words in (each.id if isinstance(each.id, tuple) else (each.id,))
        for command in re.findall(r"`(/[^`:<>]+?)`", words)
    }
    assert said <= known


async def test_choices_are_translated_where_they_are_words() -> None:
    payload = {each["name"]: each for each in named(await registered())}
    kinds = {each["value"]: each.get("name_localizations", {}) for each in payload["kind"]["choices"]}
    assert kinds["user"]["de"] == say(Text("members"), "de") != "members"
    assert all(not each.get("name_localizations") for each in payload["style"]["choices"])


async def test_a_group_keeps_its_name_and_its_subcommands_do_not() -> None:
    group = next(each for each in await registered() if each["name"] == "emoteface")
    assert group["name_localizations"] == {}
    assert set(group["description_localizations"]) == set(texts.TRANSLATED)
    assert any(set(each["name_localizations"]) == set(texts.TRANSLATED) for each in group["options"])


# -- saying ---------------------------------------------------------------------------------------------------------


def test_the_same_is_said_in_every_language() -> None:
    said = {say(Text("Deleted."), locale) for locale in LOCALES}
    assert len(said) == len(LOCALES)
    assert say(Text("Deleted.")) == "Deleted."


@pytest.mark.parametrize(
    ("asked", "served"),
    [("de", "de"), ("de-AT", "de"), ("fr_CA", "fr"), ("JA", "ja"), ("en-GB", "en"), ("pt-BR", "en"), ("", "en")],
)
def test_a_language_is_served_by_its_nearest(asked: str, served: str) -> None:
    assert nearest(asked) == served


def test_what_is_not_translated_is_said_in_english() -> None:
    assert say(Text("Nobody has translated {this}.", {"this": "it"}), "de") == "Nobody has translated it."


@pytest.mark.parametrize(
    ("locale", "one", "many"),
    [("en", "a second", "7 seconds"), ("de", "1 Sekunde", "7 Sekunden"), ("fr", "1 seconde", "7 secondes")],
)
def test_every_language_counts_by_its_own_rules(locale: str, one: str, many: str) -> None:
    assert say(counted("a second", "{n} seconds", 1), locale) == one
    assert say(counted("a second", "{n} seconds", 7), locale) == many
    assert say(counted("a second", "{n} seconds", 7), "ja") == say(counted("a second", "{n} seconds", 1), "ja").replace(
        "1", "7"
    )


def test_texts_are_said_in_one_language_all_through() -> None:
    whole = joined([Text("Deleted."), Text("This is {emotes}.", {"emotes": listed(["a", Text("a picture")])})])
    for locale in texts.TRANSLATED:
        assert say(Text("Deleted."), locale) in say(whole, locale)
        assert say(Text("a picture"), locale) in say(whole, locale)
        assert "picture" not in say(whole, locale)


def test_lists_are_joined_by_the_words_of_the_language() -> None:
    assert [say(listed(things)) for things in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [say(either("abc"), locale) for locale in ("en", "de", "fr")] == ["a, b or c", "a, b oder c", "a, b ou c"]
    assert say(enumerated("abc")) == "a, b, c"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_words_are_no_words(locale: str) -> None:
    assert say(joined([]), locale) == ""
    assert say(Text(""), locale) == ""


@pytest.mark.parametrize("locale", LOCALES)
def test_what_fills_a_gap_is_taken_as_it_is(locale: str) -> None:
    assert "{n} %s {0.__class__}" in say(Text("This is {emotes}.", {"emotes": "{n} %s {0.__class__}"}), locale)


def test_emoji_are_called_as_in_the_language() -> None:
    joy = EmojiName("1f602", "face with tears of joy")
    assert say(joined([joy])) == "face with tears of joy"
    assert say(joined([joy]), "de-DE") == "gesicht mit freudentränen"
    assert say(joined([joy]), "ja") == "嬉し泣き"
    assert say(joined([EmojiName("1f1e6", "regional indicator a")]), "fr") == "regional indicator a"


def test_a_word_has_its_context() -> None:
    assert translated("style", NAME, "de") not in {None, "style"}
    assert translated("style", DESCRIPTION, "de") is None
    assert translated("style", NAME, "en") is None
    assert isinstance(CommandWords(), app_commands.Translator)
