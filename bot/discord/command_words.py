"""The names and descriptions of commands in the languages of Discord's users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from discord import Locale, app_commands
from discord.app_commands import TranslationContextLocation as Location
from discord.app_commands import TranslationContextTypes, locale_str

from bot.texts import Text, nearest, say, translated

NAME, DESCRIPTION = "name", "description"  # the contexts in the .po files
_CONTEXTS = {
    Location.command_name: NAME,
    Location.group_name: NAME,
    Location.parameter_name: NAME,
    Location.command_description: DESCRIPTION,
    Location.group_description: DESCRIPTION,
    Location.parameter_description: DESCRIPTION,
}
_SAID = "said"

ChoiceName: TypeAlias = "str | Text"


def choices(values: Iterable[str]) -> list[app_commands.Choice[str]]:
    """For an option that takes these and nothing else; they are the same words in every language, and in the text."""
    return [app_commands.Choice(name=str(value), value=str(value)) for value in values]


def named_choices(names: Mapping[str, ChoiceName]) -> list[app_commands.Choice[str]]:
    """For an option that takes these; what people read beside each is translated where it is a Text."""
    return [app_commands.Choice(name=_choice_name(name), value=str(value)) for value, name in names.items()]


def _choice_name(name: ChoiceName) -> str | locale_str:
    return locale_str(say(name), **{_SAID: name}) if isinstance(name, Text) else name


def context_of(context: TranslationContextTypes) -> str | None:
    """Under which context a command's word stands in the .po files; None for what is the same in every language.

    A group above other commands is: Discord does not find these under its translated name
    (https://github.com/discord/discord-api-docs/issues/5105).
    """
    if context.location is Location.group_name and isinstance(context.data, app_commands.Group):
        return NAME if context.data.parent is not None else None
    return _CONTEXTS.get(context.location)


class CommandWords(app_commands.Translator):
    """Asked for every word in every language before the commands are registered."""

    async def translate(self, string: locale_str, locale: Locale, context: TranslationContextTypes) -> str | None:
        """None leaves the English word in place."""
        said = string.extras.get(_SAID)
        if isinstance(said, Text):
            words = say(said, locale.value)
            return words if words != string.message else None
        where = context_of(context)
        return None if where is None else translated(string.message, where, nearest(locale.value))
