"""Memory, single flight, refreshing, and what happens to everybody while a source is in trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.emotes.breaker import FIRST_PAUSE_S, BreakerState
from bot.emotes.library import Surroundings
from bot.emotes.source_api import MAX_BODY_BYTES, MAX_PER_HOST, RETRY_S
from bot.emotes.unicode import UnicodeCatalogue
from bot.errors import UnknownEmote
from bot.models import EmoteSource
from tests.bot.emotes.shelves import Shelves, opened
from tests.fakes.emotes import shapes
from tests.fakes.emotes.sites import SITES, EmoteSites, Trouble
from tests.polling import until

GLOBAL = "bttv/cached/emotes/global"
REFRESH_S = 900
NOWHERE = Surroundings()


@pytest.fixture
async def sites() -> AsyncIterator[EmoteSites]:
    async with EmoteSites() as running:
        running.bttv["cached/emotes/global"] = [shapes.bttv_emote("LUL")]
        running.seventv["emote-sets/global"] = shapes.seventv_set(shapes.seventv_emote("EZ", running.seventv_cdn))
        yield running


@pytest.fixture
async def shelves(sites: EmoteSites, catalogue: UnicodeCatalogue) -> AsyncIterator[Shelves]:
    async with opened(sites, catalogue) as running:
        yield running


async def test_a_thousand_who_ask_at_once_make_one_request_to_each_address(shelves: Shelves, sites: EmoteSites) -> None:
    asked = await asyncio.gather(*(shelves.ids("LUL") for _ in range(1000)))
    assert set(asked) == {"bttv:LUL"}
    assert set(sites.asked.values()) == {1}
    assert len(sites.asked) == 8  # four global, four of the channel


async def test_who_gives_up_takes_nothing_from_those_who_wait(shelves: Shelves, sites: EmoteSites) -> None:
    sites.down("bttv", hold=True, status=200, body=b"[]")
    async with asyncio.TaskGroup() as group:
        impatient, patient = (group.create_task(shelves.ids("EZ", NOWHERE)) for _ in range(2))
        await until(lambda: bool(sites.asked[GLOBAL]))
        impatient.cancel()
        sites.trouble["bttv"].released.set()
        assert await patient == "seventv:EZ"
    assert sites.asked[GLOBAL] == 1


async def test_what_is_known_is_not_asked_for_again_until_it_is_old_and_then_in_the_background(
    shelves: Shelves, sites: EmoteSites
) -> None:
    await shelves.ids("LUL", NOWHERE)
    shelves.clock.now_s += REFRESH_S - 1
    await shelves.ids("LUL", NOWHERE)
    assert sites.asked[GLOBAL] == 1
    shelves.clock.now_s += 2
    sites.bttv["cached/emotes/global"].append(shapes.bttv_emote("KEKW"))
    with pytest.raises(UnknownEmote):  # from memory, as it was
        await shelves.ids("KEKW", NOWHERE)
    await until(lambda: shelves.counted[EmoteSource.BTTV, "read"] == 2)
    assert await shelves.ids("KEKW", NOWHERE) == "bttv:KEKW"


async def test_what_has_not_changed_travels_once(shelves: Shelves, sites: EmoteSites) -> None:
    await shelves.ids("LUL", NOWHERE)
    shelves.clock.now_s += REFRESH_S
    await shelves.ids("LUL", NOWHERE)
    await until(lambda: shelves.counted[EmoteSource.BTTV, "unchanged"] == 1)
    assert sites.unchanged == 4
    shelves.clock.now_s += REFRESH_S - 1
    assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"
    assert sites.asked[GLOBAL] == 2


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(500),
        Trouble(503),
        Trouble(429),
        Trouble(403),
        Trouble(302, headers={"Location": "http://localhost/"}),
        Trouble(200, b"<html>"),
        Trouble(200, b"{}"),
        Trouble(200, b'{"emotes": 7}'),
        Trouble(200, b"\xff\xfe"),
        Trouble(200, b"[" * 100_000),
        Trouble(200, b" " * (MAX_BODY_BYTES + 1)),
    ],
    ids=lambda trouble: f"{trouble.status} {trouble.body[:4]!r}",
)
async def test_a_source_in_trouble_is_missed_by_nobody_who_knows_it_from_before(
    shelves: Shelves, sites: EmoteSites, trouble: Trouble
) -> None:
    await shelves.ids("LUL", NOWHERE)
    sites.trouble["bttv"] = trouble
    shelves.clock.now_s += REFRESH_S
    assert await shelves.ids("LUL EZ", NOWHERE) == "bttv:LUL seventv:EZ"
    await until(lambda: shelves.counted[EmoteSource.BTTV, "failed"] == 1)
    assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"
    asked = sites.asked[GLOBAL]
    shelves.clock.now_s += RETRY_S - 1
    assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"
    assert sites.asked[GLOBAL] == asked


@pytest.mark.parametrize("site", SITES)
async def test_a_source_that_is_down_breaks_no_other_and_is_named(
    shelves: Shelves, sites: EmoteSites, site: str
) -> None:
    sites.bttv["cached/emotes/global"] = [shapes.bttv_emote("here-bttv")]
    sites.ffz["set/global"] = shapes.ffz_global(shapes.ffz_emote("here-ffz", 3))
    sites.seventv["emote-sets/global"] = shapes.seventv_set(shapes.seventv_emote("here-seventv", sites.seventv_cdn))
    sites.helix["chat/emotes/global"] = shapes.helix(shapes.twitch_emote("here-helix"))
    sites.down(site)
    for name in {f"here-{other}" for other in SITES} - {f"here-{site}"}:
        assert await shelves.ids(name, NOWHERE)
    with pytest.raises(UnknownEmote) as refused:
        await shelves.ids("zzqxv", NOWHERE)
    assert refused.value.down == ({"bttv": "BTTV", "ffz": "FFZ", "seventv": "7TV", "helix": "Twitch"}[site],)


async def test_a_source_that_hangs_costs_its_timeout_and_no_more(
    sites: EmoteSites, catalogue: UnicodeCatalogue
) -> None:
    sites.down("seventv", hold=True)
    async with opened(sites, catalogue, catalogue_timeout_s=3) as shelves:
        async with asyncio.timeout(30):
            assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"
        assert shelves.counted[EmoteSource.SEVENTV, "failed"] == 1


async def test_failures_in_a_row_open_the_breaker_and_a_trial_closes_it(shelves: Shelves, sites: EmoteSites) -> None:
    sites.down("bttv", status=500)
    for _ in range(20):
        with pytest.raises(UnknownEmote):
            await shelves.ids("LUL", NOWHERE)
    assert sites.asked[GLOBAL] == 3
    assert shelves.library.states()[EmoteSource.BTTV] is BreakerState.OPEN
    assert shelves.library.states()[EmoteSource.SEVENTV] is BreakerState.CLOSED
    shelves.clock.now_s += FIRST_PAUSE_S
    assert shelves.library.states()[EmoteSource.BTTV] is BreakerState.HALF_OPEN
    del sites.trouble["bttv"]
    assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"
    assert shelves.library.states()[EmoteSource.BTTV] is BreakerState.CLOSED


@pytest.mark.parametrize("status", [429, 503])
async def test_a_source_that_names_a_time_is_left_alone_until_then(
    shelves: Shelves, sites: EmoteSites, status: int
) -> None:
    sites.down("bttv", status=status, headers={"Retry-After": "100"})
    for _ in range(3):
        with pytest.raises(UnknownEmote):
            await shelves.ids("LUL", NOWHERE)
    assert sites.asked[GLOBAL] == 1
    del sites.trouble["bttv"]
    shelves.clock.now_s += 99
    with pytest.raises(UnknownEmote):
        await shelves.ids("LUL", NOWHERE)
    shelves.clock.now_s += 1
    assert await shelves.ids("LUL", NOWHERE) == "bttv:LUL"


@pytest.mark.parametrize("retry_after", ["soon", "Fri, 31 Dec 1999 23:59:59 GMT", "-5", "nan", "Fri, 99 Foo 1999"])
async def test_a_retry_after_that_says_nothing_is_a_plain_failure(
    shelves: Shelves, sites: EmoteSites, retry_after: str
) -> None:
    sites.down("bttv", status=429, headers={"Retry-After": retry_after})
    with pytest.raises(UnknownEmote):
        await shelves.ids("LUL", NOWHERE)
    assert shelves.library.states()[EmoteSource.BTTV] is BreakerState.CLOSED


async def test_only_so_many_requests_of_one_source_run_at_once(shelves: Shelves, sites: EmoteSites) -> None:
    sites.down("ffz", hold=True, status=200, body=b'{"default_sets":[],"sets":{}}')
    async with asyncio.TaskGroup() as group:
        for number in range(1, 3 * MAX_PER_HOST):
            group.create_task(shelves.library.own(Surroundings(twitch_id=str(number))))
        await until(lambda: sum(path.startswith("ffz/") for path in sites.asked.elements()) == MAX_PER_HOST)
        await until(lambda: sum(path.startswith("bttv/") for path in sites.asked.elements()) == 3 * MAX_PER_HOST - 1)
        assert sum(path.startswith("ffz/") for path in sites.asked.elements()) == MAX_PER_HOST
        sites.trouble["ffz"].released.set()


async def test_channels_share_what_they_share_and_old_ones_make_room(
    sites: EmoteSites, catalogue: UnicodeCatalogue
) -> None:
    many = shapes.bttv_channel(*(shapes.bttv_emote(f"emote{number}") for number in range(4000)))
    set_id = "01GE2ZS5B00006VH1JZ8EXAMPLE"
    sites.seventv[f"emote-sets/{set_id}"] = shapes.seventv_set(shapes.seventv_emote("Ours", sites.seventv_cdn))
    for number in range(10):
        sites.bttv[f"cached/users/twitch/{number}"] = many
        sites.seventv[f"users/twitch/{number}"] = shapes.seventv_user(str(number), set_id=set_id)
    async with opened(sites, catalogue, max_catalogued=20_000) as shelves:
        for number in (*range(10), 9, 0):
            assert await shelves.ids("emote1 Ours", Surroundings(twitch_id=str(number))) == "bttv:emote1 seventv:Ours"
    assert sites.asked[f"seventv/emote-sets/{set_id}"] == 1
    assert sites.asked["bttv/cached/users/twitch/9"] == 1
    assert sites.asked["bttv/cached/users/twitch/0"] == 2


async def test_twitch_that_gives_no_token_is_a_source_that_is_down(shelves: Shelves, sites: EmoteSites) -> None:
    sites.down("id", status=403)
    with pytest.raises(UnknownEmote) as refused:
        await shelves.ids("Kappa", NOWHERE)
    assert refused.value.down == ("Twitch",)
