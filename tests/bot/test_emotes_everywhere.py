"""Emotes of every catalogue, asked for on Discord, on the page and in the terminal, against the local sources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.terminal import draw_from_terminal
from config.settings import Settings
from inference.protocol import FaceOptions, Layout
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import EmoteSites
from tests.program import Program, running_program

pytestmark = pytest.mark.timeout(600)

CHANNEL_ID = "22484632"
EVERYWHERE = ("Kappa", "EZ", "LULW", "FeelsBadMan", "😂+🍕", "Kappa RainTime")
IN_THE_CHANNEL = ("forsenE", "catJAM", "monkaS", "forsenScoots")


@pytest.fixture
async def sites() -> AsyncIterator[EmoteSites]:
    async with EmoteSites() as running:
        cdn = running.seventv_cdn
        running.helix["chat/emotes/global"] = shapes.helix(shapes.twitch_emote("Kappa"))
        running.helix[f"chat/emotes?broadcaster_id={CHANNEL_ID}"] = shapes.helix(shapes.twitch_emote("forsenE"))
        running.helix["users?login=forsen"] = shapes.helix(shapes.twitch_user("forsen", CHANNEL_ID))
        running.seventv["emote-sets/global"] = shapes.seventv_set(
            shapes.seventv_emote("EZ", cdn), shapes.seventv_emote("RainTime", cdn, flags=1)
        )
        channel = shapes.seventv_set(shapes.seventv_emote("catJAM", cdn))
        running.seventv[f"users/twitch/{CHANNEL_ID}"] = shapes.seventv_user(CHANNEL_ID, embedded=channel)
        running.ffz["set/global"] = shapes.ffz_global(shapes.ffz_emote("LULW", 1, "1", "2"))
        running.ffz[f"room/id/{CHANNEL_ID}"] = shapes.ffz_room(CHANNEL_ID, "forsen", shapes.ffz_emote("monkaS", 2))
        running.bttv["cached/emotes/global"] = [shapes.bttv_emote("FeelsBadMan")]
        running.bttv[f"cached/users/twitch/{CHANNEL_ID}"] = shapes.bttv_channel(shapes.bttv_emote("forsenScoots"))
        yield running


async def told(http: aiohttp.ClientSession, program: Program, text: str) -> dict[str, Any]:
    """How the page's question ended."""
    async with http.post(f"{program.url}/api/faces", json={"text": text}) as answer:
        accepted = await answer.json()
        if answer.status != 202:
            return {"refusal": accepted["message"]}
    async with http.get(f"{program.url}/api/faces/{accepted['id']}/events") as events:
        await events.read()  # the stream ends with the answer
    async with http.get(f"{program.url}/api/faces/{accepted['id']}") as answer:
        state: dict[str, Any] = await answer.json()
    return state


async def test_discord_and_the_page_answer_every_kind(tmp_path: Path, sites: EmoteSites) -> None:
    async with FakeDiscord() as discord, aiohttp.ClientSession() as http:
        variables = discord.variables() | sites.variables() | {"inference.runtime": "fakes.generators:instant"}
        variables |= {"servers.cooldown_s": "0"}
        async with running_program(tmp_path, variables) as program:
            await program.logged("discord_commands_registered")
            admin = discord.user("Ada")
            admin.manages = True

            link = discord.interact(discord.channel, admin, "emoteface set", name="twitch_channel", value="forsen")
            await discord.until(lambda: link.original and link.original.content)
            for text in (*EVERYWHERE, *IN_THE_CHANNEL, ""):
                question = discord.say(discord.channel, admin, f"{discord.bot.mention} {text}")
                assert (await discord.answer_to(question, picture=True)).pictures()
            question = discord.say(discord.channel, admin, f"{discord.bot.mention} catjam")
            assert "This is `catJAM`." in "".join((await discord.answer_to(question, picture=True)).texts())

            suggested = await discord.autocomplete(discord.channel, admin, emote="😂 forsenS")
            assert suggested[0]["value"] == "😂 forsenScoots"
            chosen = discord.interact(discord.channel, admin, emote=suggested[0]["value"])
            assert (await discord.response_to(chosen)).pictures()
            nothing = await discord.autocomplete(discord.channel, admin, emote="")
            assert {choice["value"] for choice in nothing[:14]} >= {"Kappa", "EZ", *IN_THE_CHANNEL}

            for text in EVERYWHERE:
                assert (await told(http, program, f"!face {text}"))["state"] == "answered"
            assert "I don't know that emote." in (await told(http, program, "!face catJAM"))["refusal"]
            lower = await told(http, program, "!face kappa")
            assert lower["picture"]["caption"] == "This is `Kappa`."

            sites.down("seventv", "bttv", "ffz", "helix")
            refused = (await told(http, program, "!face zzqxv"))["refusal"]
            assert refused == "I don't know that emote."  # what is known still is
            async with http.get(f"{program.url}/health/ready") as health:
                parts = (await health.json())["parts"]
            assert parts["emotes"]["detail"] == dict.fromkeys(("twitch", "seventv", "ffz", "bttv"), "closed")
            async with http.get(f"{program.url}/metrics") as metrics:
                assert 'emoteface_emote_source_up{source="seventv"} 1.0' in await metrics.text()
    assert "hush-hush" not in str(program.events)


async def test_the_terminal_answers_every_kind(
    settings: Settings, sites: EmoteSites, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face, here = FaceOptions(layout=Layout.FACE), sites.settings(settings)
    inputs = [*EVERYWHERE, *IN_THE_CHANNEL, "catjam"]
    assert await draw_from_terminal(here, inputs, face, tmp_path / "all", channel="Forsen")
    assert len(list((tmp_path / "all").iterdir())) == len(inputs)
    assert "This is `catJAM`." in capsys.readouterr().err
    assert await draw_from_terminal(here, [""], face, tmp_path / "any")


async def test_a_channel_nobody_knows_is_said_before_anything_is_drawn(
    settings: Settings, sites: EmoteSites, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = FaceOptions(layout=Layout.FACE)
    assert not await draw_from_terminal(sites.settings(settings), ["😂"], face, tmp_path / "x", channel="nobody")
    assert "I can't find a Twitch channel of that name." in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
