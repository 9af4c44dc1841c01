"""Everything a hostile host can send, all the way through: session, downloader, decoder child, cache.

In each case the answer is a picture or an error that has words, the bot's own memory stays small, and the child's
memory and processor time within bounds; the clock on the wall says little on a busy machine, so its bound is wide.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import pytest

from bot.decode.decoder import Decoder
from bot.emotes.download import Downloader
from bot.emotes.picture import PictureFetcher, PictureSources
from bot.emotes.picture_files import PictureFiles
from bot.emotes.unicode import UnicodeCatalogue
from bot.emotes.uploads import Uploads
from bot.errors import DownloadFailed, DownloadTimedOut, FaceError, PictureTooLarge, UnsupportedPicture
from bot.models import Emote, EmoteSource
from bot.replies import words_for
from bot.texts import say
from config.settings import EmotesSettings
from inference.protocol import MAX_FRAMES, Picture
from tests.fakes import hostile_files, hostile_host, lottie, pictures
from tests.fakes.hostile_host import Answer, HostileHost

BOT_BYTES = 25_000_000
CHILD_BYTES = 150_000_000
CHILD_CPU_S = 10.0
WALL_S = 60.0
DOWNLOAD_S = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one case took."""

    bot_bytes: int
    child_bytes: int
    child_cpu_s: float
    wall_s: float


class Victim:
    """A bot's way from a link to pixels, on a host that is against it."""

    def __init__(self, fetcher: PictureFetcher, decoder: Decoder, host: HostileHost) -> None:
        self._fetcher = fetcher
        self._decoder = decoder
        self._host = host

    async def take(self, answer: Answer) -> tuple[Picture | FaceError, Cost]:
        """What comes of it, and what it cost."""
        self._host.answers["/emote.png"] = answer
        pids, began = self._decoder.stats.pids, time.monotonic()
        cpu_s = _cpu_s(pids)
        tracemalloc.start()
        try:
            outcome: Picture | FaceError = await self._fetcher.fetch(
                Emote(EmoteSource.LINK, f"{self._host.url}/emote.png")
            )
        except FaceError as error:
            outcome = error
        finally:
            _, peak_bytes = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        children = [psutil.Process(pid) for pid in self._decoder.stats.pids]
        child_bytes = max((child.memory_info().rss for child in children), default=0)
        return outcome, Cost(
            peak_bytes, child_bytes, _cpu_s(self._decoder.stats.pids) - cpu_s, time.monotonic() - began
        )

    async def all(self, files: Mapping[str, bytes]) -> dict[str, Picture | FaceError]:
        """The outcome of each file, its cost checked."""
        outcomes = {}
        for kind, content in files.items():
            outcomes[kind], cost = await self.take(hostile_host.whole(content))
            assert_bearable(kind, cost)
        assert self._decoder.stats.lost == 0
        return outcomes


def _cpu_s(pids: tuple[int, ...]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def assert_bearable(kind: str, cost: Cost) -> None:
    assert cost.bot_bytes < BOT_BYTES, (kind, cost)
    assert cost.child_bytes < CHILD_BYTES, (kind, cost)
    assert cost.child_cpu_s < CHILD_CPU_S, (kind, cost)
    assert cost.wall_s < WALL_S, (kind, cost)


def errors_in(outcomes: Mapping[str, Picture | FaceError]) -> dict[str, type]:
    assert all(say(words_for(outcome)) for outcome in outcomes.values() if isinstance(outcome, FaceError))
    return {kind: type(outcome) for kind, outcome in outcomes.items()}


@pytest.fixture
async def victim(
    session: aiohttp.ClientSession,
    settings: EmotesSettings,
    host: HostileHost,
    catalogue: UnicodeCatalogue,
    tmp_path: Path,
) -> AsyncIterator[Victim]:
    hasty = settings.model_copy(update={"download_timeout_s": DOWNLOAD_S})
    sources = PictureSources(
        Downloader(session, hasty, base_urls=[host.url]),
        Uploads(max_file_bytes=8_000_000),
        catalogue,
        {EmoteSource.LINK: lambda emote: (emote.id,)},
    )
    async with Decoder(settings, max_bytes=8_000_000) as decoder:
        yield Victim(PictureFetcher(decoder, sources, PictureFiles(tmp_path, 0)), decoder, host)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hostile_host.endless, PictureTooLarge),
        (hostile_host.gzip_bomb(100_000_000), PictureTooLarge),
        (hostile_host.lying(10**12, b"much"), PictureTooLarge),
        (hostile_host.slow_loris, DownloadTimedOut),
        (hostile_host.redirect("http://localhost:1/admin"), DownloadFailed),
        (hostile_host.redirect("http://169.254.169.254/latest/meta-data/"), DownloadFailed),
        (hostile_host.redirect("file:///etc/passwd"), DownloadFailed),
        (hostile_host.whole(pictures.RED_FILES["png"], "text/html"), DownloadFailed),
        (hostile_host.whole(pictures.RED_FILES["png"], "application/json"), DownloadFailed),
        (hostile_host.whole(lottie.STICKER, "application/json"), DownloadFailed),
        (hostile_host.whole(pictures.huge_png(8_000)), PictureTooLarge),
        (hostile_host.whole(pictures.huge_png(30_000)), PictureTooLarge),
        (hostile_host.whole(pictures.png_with_giant_text()), UnsupportedPicture),
        (hostile_host.whole(pictures.NO_PICTURES["eps"]), UnsupportedPicture),
    ],
    ids=[
        *("endless body", "gzip bomb", "a terabyte announced", "slow loris"),
        *("redirect to localhost", "redirect to the cloud's metadata", "redirect to a file"),
        *("a png called html", "a png called json", "a lottie under a png's name"),
        *("8000 px in 8 kB", "30,000 px", "giant text", "eps called png"),
    ],
)
async def test_it_is_refused_in_words_at_little_cost(victim: Victim, answer: Answer, error: type[FaceError]) -> None:
    outcome, cost = await victim.take(answer)
    assert type(outcome) is error
    assert say(words_for(outcome))
    assert_bearable(error.__name__, cost)


def test_the_large_picture_is_a_small_file() -> None:
    assert len(pictures.huge_png(8_000)) < 9_000


async def test_ten_thousand_frames_become_sixty(victim: Victim) -> None:
    outcome, cost = await victim.take(hostile_host.whole(pictures.gif_of_colours(10_000), "image/gif"))
    assert isinstance(outcome, Picture)
    assert len(outcome.frames) == MAX_FRAMES
    assert_bearable("ten thousand frames", cost)


async def test_what_only_claims_to_be_a_picture_is_refused(victim: Victim) -> None:
    assert set(errors_in(await victim.all(hostile_files.IMPOSTORS)).values()) == {UnsupportedPicture}


async def test_a_quarter_of_a_file_is_refused_whatever_its_format(victim: Victim) -> None:
    assert set(errors_in(await victim.all(hostile_files.truncated())).values()) == {UnsupportedPicture}


async def test_a_file_without_its_end_is_refused_or_shown_as_far_as_it_goes(victim: Victim) -> None:
    outcomes = errors_in(await victim.all(hostile_files.mostly_there()))
    assert set(outcomes.values()) <= {UnsupportedPicture, Picture}
    assert outcomes["most of animated gif"] is Picture


async def test_of_two_files_in_one_only_the_pixels_of_the_first_get_through(victim: Victim) -> None:
    for kind, outcome in (await victim.all(hostile_files.POLYGLOTS)).items():
        assert isinstance(outcome, Picture), kind
        assert (outcome.width_px, outcome.height_px, len(outcome.frames)) == (48, 32, 1)
        assert all(abs(a - b) < 12 for a, b in zip(outcome.frames[0].rgba[:3], pictures.RED, strict=True)), kind


async def test_lottie_that_is_none_is_refused_and_the_child_lives_on(victim: Victim) -> None:
    files = lottie.NO_LOTTIE | {"files of ours": lottie.with_file("/etc/hostname")}
    assert set(errors_in(await victim.all(files)).values()) == {UnsupportedPicture}
