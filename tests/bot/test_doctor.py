"""`emoteface doctor`, with a test network in the real inference child."""

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.doctor import examine
from bot.exclusive import exclusive
from config.settings import Settings
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites
from tests.servers.nats import server_binary


async def test_a_healthy_configuration_is_said_to_be_one(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await examine(settings)
    said = capsys.readouterr().out
    assert "problem" not in said
    assert "😂 has a face" in said
    assert "Discord is off" in said


async def test_discord_is_asked_and_the_invite_link_shown(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeDiscord() as discord:
        assert await examine(settings.model_copy(update={"discord": discord.settings()}))
        said = capsys.readouterr().out
    assert f"client_id={discord.application_id}" in said
    assert discord.token not in said


async def test_a_refused_token_is_a_problem(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with FakeDiscord() as discord:
        assert not await examine(settings.model_copy(update={"discord": discord.settings(token="wrong")}))
    said = capsys.readouterr().out
    assert "problem  Discord refuses the token" in said
    assert "wrong" not in said


async def test_a_running_emoteface_is_no_problem(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with exclusive(settings.data_dir):
        assert await examine(settings)
    assert "in use by a running emoteface" in capsys.readouterr().out


async def test_a_bot_that_serves_is_tried_without_its_server(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server_binary()
    nats = settings.queue.nats.model_copy(update={"serve": "faces.example.org"})
    serving = settings.model_copy(update={"queue": settings.queue.model_copy(update={"nats": nats})})
    assert await examine(serving)
    assert "tls://faces.example.org:4222" in capsys.readouterr().out
    assert not (settings.data_dir / "nats").exists()
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert not await examine(serving)
    assert "pip install 'emoteface[scale]'" in capsys.readouterr().out


async def test_everything_broken_is_found_in_one_go(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broken = settings.model_copy(
            update={
                "data_dir": in_the_way,
                "store": settings.store.model_copy(
                    update={"url": SecretStr(f"sqlite+aiosqlite:///{in_the_way}/no.db")}
                ),
                "web": settings.web.model_copy(update={"port": taken.getsockname()[1]}),
                "inference": settings.inference.model_copy(update={"runtime": "fakes.generators:missing"}),
            }
        )
        assert not await examine(broken)
    said = capsys.readouterr().out
    for part in ("Data directory", "Store", "Trial", "Web"):
        assert f"problem  {part}" in said


async def test_sources_of_emotes_are_counted_and_a_wrong_application_is_a_problem(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with EmoteSites() as sites:
        sites.helix["chat/emotes/global"] = shapes.helix(shapes.twitch_emote("Kappa"))
        here = sites.settings(settings)
        assert await examine(here)
        assert "Twitch (global) has 1 emotes" in capsys.readouterr().out
        sites.down("ffz")
        twitch = here.twitch.model_copy(update={"client_secret": SecretStr("not-it")})
        assert not await examine(here.model_copy(update={"twitch": twitch}))
    said = capsys.readouterr().out
    assert "problem  Emotes: Twitch gives none" in said
    assert "FFZ (global) is out of reach" in said
    assert "not-it" not in said
