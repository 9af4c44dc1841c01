"""`emoteface operator …`: the operator's decisions from the terminal, whether or not the bot runs just now."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.errors import TooManyBlocked
from bot.models import Platform
from bot.operating.blocks import UnknownName, block_emote, block_user, unblock_emote, unblock_user
from bot.operating.desk import NothingLikeIt, OperatorDesk, TooLong
from bot.policy.policy import Policy, PolicyStores
from bot.store.blocks import BlockStore
from bot.store.database import open_database
from bot.store.pictures import PictureStore
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from bot.store.server_data import ServerData
from bot.store.shelf import open_shelf
from config.settings import Settings

BY = "terminal"  # in place of a user's id in the record
_LISTED = 50


@dataclass(frozen=True, slots=True)
class _Terminal:
    desk: OperatorDesk
    data: ServerData
    given: argparse.Namespace


async def carry_out(given: argparse.Namespace, settings: Settings) -> bool:
    """Do it and say what was done; False, with the reason on stderr, when it could not be done."""
    async with _opened(given, settings) as terminal:
        try:
            await _COMMANDS[given.what](terminal)
        except (NothingLikeIt, UnknownName):
            print("There is nothing like that.", file=sys.stderr)
        except TooLong:
            print("Too long, or empty.", file=sys.stderr)
        except TooManyBlocked:
            print("No more can be blocked.", file=sys.stderr)
        else:
            return True
    return False


@asynccontextmanager
async def _opened(given: argparse.Namespace, settings: Settings) -> AsyncIterator[_Terminal]:
    async with open_database(settings.store_url) as engine:
        stores = PolicyStores(ScopeSettings(engine), RequestStore(engine), BlockStore(engine))
        policy = Policy(stores, settings.server_defaults, settings.requests)
        pictures = PictureStore(engine, open_shelf(settings.pictures, settings.data_dir / "pictures"))
        yield _Terminal(OperatorDesk(engine, pictures, policy), ServerData(engine), given)


async def _reports(terminal: _Terminal) -> None:
    for report in await terminal.desk.reports.open(_LISTED):
        print(f"{report.request_id}  {report.reason:<8}  server {report.scope_id}  channel {report.channel_id}")
    print(f"{await terminal.desk.reports.count_open()} open")


async def _takedown(terminal: _Terminal) -> None:
    given = terminal.given
    faces = await terminal.desk.take_down(given.request_id, BY, block=given.block)
    print(f"taken down: the face of {faces} request(s); what is posted goes within seconds of the bot running")


async def _dismiss(terminal: _Terminal) -> None:
    print(f"closed: {await terminal.desk.dismiss(terminal.given.request_id, BY)} report(s)")


async def _block(terminal: _Terminal) -> None:
    blocking, given = terminal.desk.policy.blocking, terminal.given
    if given.kind == "user":
        await block_user(blocking, Platform.DISCORD, given.name, BY)
    else:
        await block_emote(blocking, given.name, BY)
    print(f"blocked everywhere: {given.kind} {given.name}")


async def _unblock(terminal: _Terminal) -> None:
    blocking, given = terminal.desk.policy.blocking, terminal.given
    if given.kind == "user":
        await unblock_user(blocking, Platform.DISCORD, given.name, BY)
    else:
        await unblock_emote(blocking, given.name, BY)
    print(f"no longer blocked: {given.kind} {given.name}")


async def _leave(terminal: _Terminal) -> None:
    await terminal.desk.leave(terminal.given.server, BY)
    print(f"the bot leaves server {terminal.given.server} within seconds of running")


async def _pause(terminal: _Terminal) -> None:
    await terminal.desk.pause(BY, on=True)
    print("paused: nothing is drawn anywhere until `emoteface operator resume`")


async def _resume(terminal: _Terminal) -> None:
    await terminal.desk.pause(BY, on=False)
    print("faces are drawn again")


async def _broadcast(terminal: _Terminal) -> None:
    servers = await terminal.desk.broadcast(terminal.given.words, BY)
    print(f"{servers} server(s) will be told, each once, while the bot runs")


async def _stats(terminal: _Terminal) -> None:
    overview = await terminal.desk.overview()
    print(f"servers       {overview.servers}")
    print(f"state         {'paused' if overview.is_paused else 'drawing'}")
    print(f"open reports  {overview.open_reports}")
    for (kind, state), count in sorted(overview.tasks.items()):
        print(f"tasks         {kind} {state}: {count}")


async def _export_server(terminal: _Terminal) -> None:
    given, written = terminal.given, 0
    path = given.output or Path(f"emoteface-{given.server}.json")
    with path.open("w", encoding="utf-8") as file:
        async for piece in terminal.data.export(given.server):
            written += await asyncio.to_thread(file.write, piece)
    print(f"{path}: {written} characters")


_COMMANDS: dict[str, Callable[[_Terminal], Awaitable[None]]] = {
    "reports": _reports,
    "takedown": _takedown,
    "dismiss": _dismiss,
    "block": _block,
    "unblock": _unblock,
    "leave": _leave,
    "pause": _pause,
    "resume": _resume,
    "broadcast": _broadcast,
    "stats": _stats,
    "export-server": _export_server,
}
