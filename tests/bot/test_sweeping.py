"""Every row of the privacy statement: stored until its time, gone after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.guessing.round import GuessRound
from bot.models import Emote, EmoteSource, FaceRequest, Origin, Platform, RequestState
from bot.policy.policy import Policy, PolicyStores
from bot.policy.settings import EVERYWHERE
from bot.privacy import KEEP_LEFT_SERVERS_DAYS, kept
from bot.stage.face import StageState
from bot.store.blocks import BlockKind, BlockStore
from bot.store.guesses import GuessStore
from bot.store.mirror_posts import MirrorPost, MirrorPosts
from bot.store.opt_outs import OptOuts
from bot.store.pictures import PictureStore
from bot.store.redemptions import Redeemed, Redemptions
from bot.store.reports import Reason, Report, Reports
from bot.store.requests import RequestStore
from bot.store.scope_settings import ScopeSettings
from bot.store.servers import Servers
from bot.store.shelf import Folder
from bot.store.staged_faces import StagedFaces
from bot.store.tables import metadata
from bot.store.votes import Votes
from bot.store.web_sessions import Identity, WebSessions
from bot.sweeping import Sweeper
from bot.texts import say
from bot.web.logins.sessions import SESSION_AGE_S
from inference.protocol import FaceOptions, FaceResult
from tests.fakes.databases import fresh_database
from tests.fakes.policies import caps, server_settings

START = 1_700_000_000.0
HOUR_S, DAY_S = 3600.0, 86_400.0
SCOPE, FACE, ROUND = "4711", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
ORIGIN = Origin(Platform.DISCORD, SCOPE, "2", "3")
KEEP = caps()


class NoEmotes:
    async def sweep(self) -> int:
        return 0


@dataclass(slots=True)
class World:
    engine: AsyncEngine
    directory: Path
    now: float = START
    sweeper: Sweeper = field(init=False)
    policy: Policy = field(init=False)

    def __post_init__(self) -> None:
        stores = PolicyStores(ScopeSettings(self.engine), RequestStore(self.engine), BlockStore(self.engine))
        self.policy = Policy(stores, server_settings(), KEEP, clock=lambda: self.now)
        pictures = PictureStore(self.engine, Folder(self.directory))
        self.sweeper = Sweeper(KEEP, self.engine, pictures, NoEmotes(), clock=lambda: self.now)

    async def rows(self) -> dict[str, int]:
        """How many there are in each table that is not empty."""
        async with self.engine.connect() as connection:
            counts = {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in metadata.sorted_tables
            }
        return {name: count for name, count in counts.items() if count}

    async def swept_at(self, moment: float) -> dict[str, int]:
        self.now = moment
        await self.sweeper.sweep()
        return await self.rows()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with fresh_database() as engine:
        yield World(engine, tmp_path / "pictures")


def request(state: RequestState = RequestState.ANSWERED) -> FaceRequest:
    emotes = (Emote(EmoteSource.UNICODE, "1f602"),)
    return FaceRequest(FACE, ORIGIN, emotes, FaceOptions(), START, START + 120, state=state)


async def a_request(world: World) -> None:
    await RequestStore(world.engine).add(request())


async def a_request_of_a_platform_that_is_off(world: World) -> None:
    await RequestStore(world.engine).add(request(RequestState.ACCEPTED))


async def a_star(world: World) -> None:
    await RequestStore(world.engine).add(request())
    await Votes(world.engine).toggle(FACE, Platform.DISCORD, "3")


async def a_picture(world: World) -> None:
    await PictureStore(world.engine, Folder(world.directory)).save(FACE, FaceResult("k", b"RIFF", 128, 128, 1.0), START)


async def a_name_on_the_stage(world: World) -> None:
    asked = replace(request(), reply_target={"asker_name": "Ada"})
    await RequestStore(world.engine).add(asked)
    await StagedFaces(world.engine).add(asked, StageState.SHOWN, START, in_gallery=True)


async def a_face_in_the_gallery(world: World) -> None:
    await a_name_on_the_stage(world)
    await a_picture(world)


def the_round() -> GuessRound:
    return GuessRound(ROUND, ORIGIN, Emote(EmoteSource.BTTV, "1", "LUL"), frozenset({"lul"}), "***", START, "en")


async def a_round(world: World) -> None:
    guesses = GuessStore(world.engine)
    await guesses.claim(the_round())
    await guesses.drop(ROUND, START)


async def a_score(world: World) -> None:
    guesses = GuessStore(world.engine)
    await in_a_server_that_is_left(world)
    await guesses.claim(the_round())
    await guesses.open(ROUND, "9", START, START + 30)
    await guesses.win(replace(the_round(), winner_id="3", decided_at=START), points=3)


async def a_report(world: World) -> None:
    await Reports(world.engine).add(Report(FACE, FACE, Platform.DISCORD, SCOPE, "2", "3", Reason.HATE, START))


async def in_a_server_that_is_left(world: World) -> None:
    servers = Servers(world.engine)
    await servers.joined([SCOPE], START - DAY_S)
    await servers.left([SCOPE], START)


async def settings_and_blocks(world: World) -> None:
    await in_a_server_that_is_left(world)
    await world.policy.set(SCOPE, None, "cooldown_s", 5, "3")
    await world.policy.blocking.block_user(SCOPE, Platform.DISCORD, "4", "3")


async def an_audit_entry(world: World) -> None:
    await world.policy.set("another", None, "cooldown_s", 5, "3")
    await world.policy.reset("another", None, "cooldown_s", "3")


async def a_login(world: World) -> None:
    who = Identity(Platform.DISCORD, "3", "Ada", (SCOPE,))
    await WebSessions(world.engine).begin("session", who, START, START + SESSION_AGE_S)
    await WebSessions(world.engine).add_code("code", START, START + SESSION_AGE_S)


async def a_redemption(world: World) -> None:
    await Redemptions(world.engine).add(Redeemed("redemption", "twitch:12", "reward", START))


async def a_face_in_a_mirror(world: World) -> None:
    await MirrorPosts(world.engine).add(MirrorPost(FACE, "2", "twitch:12", SCOPE, START))


REQUESTS, PICTURES = KEEP.keep_requests_days * DAY_S, KEEP.keep_pictures_h * HOUR_S
LEFT, AUDIT = KEEP_LEFT_SERVERS_DAYS * DAY_S, KEEP.keep_audit_days * DAY_S
GALLERY = KEEP.keep_gallery_days * DAY_S
ROWS: dict[str, list[tuple[Callable[[World], Awaitable[None]], float]]] = {
    "Requests": [(a_request, REQUESTS), (a_request_of_a_platform_that_is_off, REQUESTS)],
    "Finished faces": [(a_picture, PICTURES)],
    "Faces in the gallery": [(a_face_in_the_gallery, GALLERY)],
    "Your name": [(a_name_on_the_stage, REQUESTS)],
    "Stars": [(a_star, REQUESTS)],
    "Rounds": [(a_round, PICTURES)],
    "Scores": [(a_score, LEFT)],
    "Reports": [(a_report, REQUESTS)],
    "Settings and blocks": [(settings_and_blocks, LEFT)],
    "Who changed": [(an_audit_entry, AUDIT)],
    "That you are logged in": [(a_login, SESSION_AGE_S)],
    "Of channel points": [(a_redemption, REQUESTS)],
    "Which Discord channels": [(a_face_in_a_mirror, REQUESTS)],
}
ELSEWHERE = {
    "Pictures you upload": "test_nothing_private_on_disk.py",
    "Message text": "test_nothing_private_on_disk.py",
    "Twitch accounts": "store/test_twitch_accounts.py",
    "That you opted out": "test_what_people_decide_for_themselves_stays",
    "Whom and what the operator": "test_what_people_decide_for_themselves_stays",
}


@pytest.mark.parametrize(
    ("store", "keep_s"), [pytest.param(*case, id=f"{what}-{case[0].__name__}") for what in ROWS for case in ROWS[what]]
)
async def test_it_is_kept_for_so_long_and_not_longer(
    world: World, store: Callable[[World], Awaitable[None]], keep_s: float
) -> None:
    await store(world)
    before = await world.rows()
    assert before
    assert (await world.swept_at(START + keep_s - 1)).keys() >= before.keys() - {"guess_round"}
    assert await world.swept_at(START + keep_s + 1) == {}
    assert not [path for path in world.directory.rglob("*") if path.is_file()]


def test_every_row_of_the_statement_is_tested() -> None:
    said = [say(row.what) for row in kept(KEEP)]
    tested = [*ROWS, *ELSEWHERE]
    assert len(said) == len(tested)
    for what in said:
        assert [each for each in tested if what.startswith(each)] != [], what


async def test_what_people_decide_for_themselves_stays(world: World) -> None:
    await OptOuts(world.engine).set(Platform.DISCORD, "3", out=True)
    await world.policy.blocking.block_user(EVERYWHERE, Platform.DISCORD, "4", "operator")
    assert await world.swept_at(START + 10_000 * DAY_S) == {"opt_out": 1, "block": 1}
    await OptOuts(world.engine).set(Platform.DISCORD, "3", out=False)
    await world.policy.blocking.unblock(EVERYWHERE, BlockKind.USER, "discord:4", "operator")
    assert await world.swept_at(world.now + 2 * AUDIT) == {}


async def test_a_file_that_a_crash_left_without_an_entry_goes_too(world: World) -> None:
    stray = world.directory / "AV" / f"{FACE}.partial"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"RIFF")
    written_at = stray.stat().st_mtime
    await world.swept_at(written_at + GALLERY - 60)
    assert stray.exists()
    await world.swept_at(written_at + GALLERY + 60)
    assert not stray.exists()


async def test_a_server_that_came_back_keeps_its_data(world: World) -> None:
    await settings_and_blocks(world)
    await Servers(world.engine).joined([SCOPE], START + DAY_S)
    assert (await world.swept_at(START + LEFT + 1)).keys() == {"scope_setting", "block", "audit", "server"}


async def test_of_another_server_nothing_goes(world: World) -> None:
    await settings_and_blocks(world)
    await world.policy.set("another", None, "cooldown_s", 7, "3")
    assert await world.swept_at(START + LEFT + 1) == {"scope_setting": 1, "audit": 1}


async def test_tokens_of_finished_requests_go_after_a_quarter_of_an_hour_and_nothing_else_does(world: World) -> None:
    requests = RequestStore(world.engine)
    cases = [
        (HOUR_S, RequestState.ANSWERED, {"token": "secret", "channel_id": 5}, {"token": "", "channel_id": 5}),
        (60, RequestState.ANSWERED, {"token": "secret"}, {"token": "secret"}),
        (HOUR_S, RequestState.QUEUED, {"token": "secret"}, {"token": "secret"}),
        (HOUR_S, RequestState.ANSWERED, {"message_id": 7}, {"message_id": 7}),
    ]
    for number, (age_s, state, target, _) in enumerate(cases):
        asked = replace(request(state), id=f"{number:026}", accepted_at=START - age_s, reply_target=target)
        await requests.add(asked)
    for _ in range(2):  # the second time only what is new is looked at
        await world.sweeper.sweep()
    for number, (_, _, _, left) in enumerate(cases):
        swept = await requests.get(f"{number:026}")
        assert swept is not None
        assert dict(swept.reply_target) == left
