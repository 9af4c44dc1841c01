"""Registration of `/face`: when something changed, and only then."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.bot.discord.conftest import run_bot
from tests.fakes.discord.server import FakeDiscord
from tests.polling import until


def registrations(fake: FakeDiscord) -> int:
    return sum(method == "PUT" for method, _ in fake.http.requests)


async def test_the_command_has_the_names_of_the_grammar(fake: FakeDiscord) -> None:
    async with run_bot(fake):
        command = next(command for command in fake.commands if command["name"] == "face")
        options = {option["name"]: option for option in command["options"]}
        names = "emote picture member style realism iterations seed layout format private spoiler"
        assert list(options) == names.split()
        assert not any(option["required"] for option in options.values())
        layouts = [choice["value"] for choice in options["layout"]["choices"]]
        assert layouts == ["face", "pair", "strip", "grid", "morph"]
        rounds = [choice["value"] for choice in options["iterations"]["choices"]]
        assert rounds == ["auto", *map(str, range(1, 11))]
        assert (command["contexts"], command["integration_types"]) == ([0, 1, 2], [0, 1])
        settings = next(command for command in fake.commands if command["name"] == "emoteface")
        names = {option["name"] for option in settings["options"]}
        assert names >= {"opt-out", "opt-in", "settings", "set"}


async def test_commands_are_called_and_described_in_the_languages_of_their_users(fake: FakeDiscord) -> None:
    async with run_bot(fake):
        face, settings, menu = (
            next(command for command in fake.commands if command["name"] == name)
            for name in ("face", "emoteface", "Delete this face")
        )
    assert face["name_localizations"] == {"de": "gesicht", "fr": "visage", "ja": "顔"}
    assert set(face["description_localizations"]) == {"de", "fr", "ja"}
    style = next(option for option in face["options"] if option["name"] == "style")
    assert style["name_localizations"] == {"de": "stil", "ja": "スタイル"}  # French has the English word
    assert menu["name_localizations"]["de"] == "Dieses Gesicht löschen"
    reset = next(option for option in settings["options"] if option["name"] == "reset")
    assert reset["name_localizations"]["fr"] == "réinitialiser"
    assert settings["name_localizations"] == {}  # Discord would not find its subcommands


async def test_known_commands_are_not_registered_again(fake: FakeDiscord) -> None:
    def calls() -> list[str]:
        return [method for method, path in fake.http.requests if path.endswith("/commands")]

    async with run_bot(fake):
        assert calls() == ["GET", "PUT"]
    async with run_bot(fake) as chat:
        await fake.until(lambda: calls() == ["GET", "PUT", "GET"])
        fake.say(fake.channel, chat.ada, "!face 😂")
        await chat.faces.asked()
    assert calls() == ["GET", "PUT", "GET"]


@pytest.mark.parametrize(
    "change",
    [
        {"max_value": 3},
        {"description": "Something else"},
        {"min_length": 2},
        {"required": True},
        {"name_localizations": {"de": "runden"}},
        {"description_localizations": {}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_changed_commands_are_registered_again(fake: FakeDiscord, change: dict[str, Any]) -> None:
    async with run_bot(fake):
        registered = copy.deepcopy(fake.commands)
    fake.commands[0]["options"][5].update(change)
    async with run_bot(fake):
        await fake.until(lambda: registrations(fake) == 2)
        assert fake.commands[0]["options"] == registered[0]["options"]


async def test_commands_that_nobody_wants_any_more_go(fake: FakeDiscord) -> None:
    async with run_bot(fake):
        pass
    fake.commands.append(fake.commands[0] | {"id": "99", "name": "old"})
    async with run_bot(fake):
        await fake.until(lambda: "old" not in {command["name"] for command in fake.commands})


async def test_a_failed_registration_does_not_keep_the_bot_from_working(fake: FakeDiscord) -> None:
    fake.fail_next("GET", "/commands", 503)
    async with run_bot(fake, wait=False) as chat:
        await until(lambda: chat.bot.ready)
        fake.say(fake.channel, chat.ada, "!face 😂")
        await chat.faces.asked()
        assert registrations(fake) == 0
        fake.drop_gateway(4014, forget=True)  # the next session tries again
        await fake.until(lambda: registrations(fake) == 1)
