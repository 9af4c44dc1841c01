"""The whole program on the fake Twitch, also killed in a bad moment: in chat nothing is said twice, and the face is
there all the same."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from bot.store.database import open_database
from bot.store.sealing import Sealer
from bot.store.twitch_accounts import Role, TwitchAccounts
from bot.twitch.scopes import BOT_SCOPES, JOIN
from tests.bot.twitch.conftest import account
from tests.fakes.twitch.server import FakeTwitch
from tests.program import running_program

INSTANT = {"inference.runtime": "fakes.generators:instant"}
OPEN_GALLERY = {"servers.cooldown_s": "0", "web.public_url": "https://faces.example.org", "servers.gallery": "true"}
SAID = re.compile(r"Drawn! But the stream's overlay is not open .* https://faces\.example\.org/f/\w+$")


async def connected(fake: FakeTwitch, folder: Path) -> None:
    """The bot's account and a channel have logged in before."""
    async with open_database(f"sqlite+aiosqlite:///{folder / 'emoteface.db'}") as engine:
        accounts = TwitchAccounts(engine, Sealer(None))
        await accounts.save(account(fake, fake.bot, Role.BOT, *BOT_SCOPES))
        await accounts.save(account(fake, fake.channel, Role.CHANNEL, JOIN))


async def test_a_kill_between_the_message_and_its_record_says_nothing_twice(tmp_path: Path) -> None:
    async with FakeTwitch() as fake:
        await connected(fake, tmp_path)
        settings, ada = INSTANT | OPEN_GALLERY | fake.variables(), fake.user("Ada")
        async with running_program(tmp_path, settings) as program:
            await program.logged("twitch_connected")
            held = fake.fail_next("/helix/chat/messages", hold=True)
            question = fake.say(ada, "!face 😂")
            await fake.until(held.reached.is_set)
            await program.ended(signal.SIGKILL)
            held.release.set()
        async with running_program(tmp_path, settings) as program:
            assert (await program.logged("program_started"))["recovered"] == 1
            assert (await program.logged("request_finished"))["state"] == "answered"
            await program.logged("twitch_answer_maybe_said")
            await program.logged("twitch_connected")
            again = fake.say(ada, "!face 😂")
            answer = await fake.until(lambda: next((each for each in fake.sent if each.reply_to == again.id), None))
            assert SAID.match(answer.text)
            assert await program.ended(signal.SIGTERM) == 0
        assert sum(each.reply_to == question.id for each in fake.sent) <= 1
        assert fake.complaints == []
