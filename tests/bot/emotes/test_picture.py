"""The whole way from an emote to pixels: real host, real decoder."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.decode.decoder import Decoder
from bot.emotes import stickers
from bot.emotes.download import Downloader
from bot.emotes.library import PictureUrls, picture_urls
from bot.emotes.picture import PictureFetcher, PictureSources
from bot.emotes.picture_files import PictureFiles
from bot.emotes.unicode import UnicodeCatalogue
from bot.emotes.uploads import Uploads
from bot.errors import DownloadFailed, UnsupportedPicture, UploadGone
from bot.models import Emote, EmoteSource
from config.settings import EmotesSettings, load_settings
from inference.protocol import Picture
from tests.fakes import hostile_host, lottie, pictures
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.hostile_host import HostileHost

KAPPA = Emote(EmoteSource.DISCORD, "123456789012345678")
DANCE = Emote(EmoteSource.DISCORD, "223456789012345678", animated=True)
PATH = f"/emojis/{KAPPA.id}.png"
TWITCH_PATH = "/emoticons/v2/25/static/dark/3.0"


def urls_on(cdn_url: str, media_url: str | None = None) -> PictureUrls:
    """Everything is on one host, but for Discord's media."""
    settings, cdn = load_settings(), {"cdn_url": cdn_url}
    emotes = {name: getattr(settings.emotes, name).model_copy(update=cdn) for name in ("bttv", "ffz", "seventv")}
    sections = {
        "emotes": settings.emotes.model_copy(update=emotes),
        "twitch": settings.twitch.model_copy(update=cdn),
        "discord": settings.discord.model_copy(update=cdn | {"media_url": media_url or cdn_url}),
    }
    return picture_urls(settings.model_copy(update=sections))


class Bench:
    """A fetcher with its surroundings, on a host that first of all has the emoji's picture."""

    def __init__(
        self,
        decoder: Decoder,
        downloader: Downloader,
        host: HostileHost,
        unicode: UnicodeCatalogue,
        *,
        settings: EmotesSettings,
        folder: Path,
    ) -> None:
        self._decoder = decoder
        self._downloader = downloader
        self._unicode = unicode
        self.settings = settings
        self.host = host
        self.now = time.time()
        self.files = PictureFiles(folder, 1_000_000, clock=lambda: self.now)
        self.uploads = Uploads(max_file_bytes=8_000_000)
        self.fetcher = self.build()
        host.answers[PATH] = hostile_host.whole(pictures.RED_FILES["png"])

    def on(self, fake: FakeDiscord, session: aiohttp.ClientSession) -> PictureFetcher:
        """A fetcher for another Discord."""
        downloader = Downloader(session, self.settings, base_urls=[fake.cdn_url, fake.media_url])
        return self._fetcher(downloader, urls_on(fake.cdn_url, fake.media_url))

    def build(self, cache_bytes: int = 1_000_000) -> PictureFetcher:
        return self._fetcher(self._downloader, urls_on(self.host.url), cache_bytes)

    def _fetcher(self, downloader: Downloader, urls: PictureUrls, cache_bytes: int = 1_000_000) -> PictureFetcher:
        sources = PictureSources(downloader, self.uploads, self._unicode, urls)
        return PictureFetcher(self._decoder, sources, self.files, cache_bytes=cache_bytes, clock=lambda: self.now)


@pytest.fixture
async def bench(
    session: aiohttp.ClientSession,
    settings: EmotesSettings,
    host: HostileHost,
    catalogue: UnicodeCatalogue,
    tmp_path: Path,
) -> AsyncIterator[Bench]:
    downloader = Downloader(session, settings, base_urls=[host.url])
    async with Decoder(settings, max_bytes=8_000_000) as decoder:
        yield Bench(decoder, downloader, host, catalogue, settings=settings, folder=tmp_path)


async def until_asked(host: HostileHost, times: int = 1) -> None:
    async with asyncio.timeout(30):
        while host.asked[PATH] < times:  # the host counts
            await asyncio.sleep(0.01)


async def test_a_unicode_emoji_comes_from_the_package(bench: Bench) -> None:
    joy = await bench.fetcher.fetch(Emote(EmoteSource.UNICODE, "1f602", "face with tears of joy"))
    pizza = await bench.fetcher.fetch(Emote(EmoteSource.UNICODE, "1f355"))
    assert (joy.width_px, joy.height_px) == (72, 72)
    assert joy != pizza
    assert not bench.host.asked


@pytest.mark.parametrize("stem", ["../../secret", "1f602/../1f602", "", "ffff"])
async def test_an_id_that_the_graphics_do_not_have_is_an_error_of_ours(bench: Bench, stem: str) -> None:
    with pytest.raises(DownloadFailed):
        await bench.fetcher.fetch(Emote(EmoteSource.UNICODE, stem))


async def test_a_custom_emoji_is_downloaded_once(bench: Bench) -> None:
    first = await bench.fetcher.fetch(KAPPA)
    second = await bench.fetcher.fetch(Emote(EmoteSource.DISCORD, KAPPA.id, "another name"))
    assert (first.width_px, first.height_px) == (48, 32)
    assert first is second
    assert bench.host.asked == {PATH: 1}


async def test_an_animated_emoji_comes_with_all_of_its_frames_and_its_still_is_another_picture(bench: Bench) -> None:
    async with FakeDiscord() as fake, aiohttp.ClientSession() as session:
        emote = replace(DANCE, id=str(fake.files.add_emoji(pictures.RED_FILES["animated webp"])))
        fetcher = bench.on(fake, session)
        dancing, standing = await fetcher.fetch(emote), await fetcher.fetch(replace(emote, animated=False))
    assert [frame.duration_ms for frame in dancing.frames] == [80, 80, 80]
    assert [frame.duration_ms for frame in standing.frames] == [0]


@pytest.mark.parametrize(
    ("format_type", "content", "frames"),
    [
        (1, pictures.RED_FILES["png"], 1),
        (2, pictures.RED_FILES["animated png"], 3),
        (3, lottie.STICKER, 60),
        (4, pictures.RED_FILES["animated gif"], 3),
    ],
    ids=["png", "apng", "lottie", "gif"],
)
async def test_a_sticker_of_any_kind_comes_with_all_of_its_frames(
    bench: Bench, format_type: int, content: bytes, frames: int
) -> None:
    async with FakeDiscord() as fake, aiohttp.ClientSession() as session:
        emote = stickers.sticker(fake.files.add_sticker(content, format_type).id, format_type)
        assert emote is not None
        assert len((await bench.on(fake, session).fetch(emote)).frames) == frames


async def test_what_is_called_a_lottie_sticker_and_is_an_error_text_is_unsupported(bench: Bench) -> None:
    bench.host.answers["/stickers/749054660769218631.json"] = hostile_host.whole(b'{"code": 0}', "application/json")
    with pytest.raises(UnsupportedPicture):
        await bench.fetcher.fetch(Emote(EmoteSource.STICKER, "749054660769218631.json"))


@pytest.mark.parametrize("sticker_id", ["", "../emojis/1.png", "749054660769218631.svg", "749054660769218631.png?x"])
async def test_an_id_that_is_no_stickers_is_not_asked_for(bench: Bench, sticker_id: str) -> None:
    with pytest.raises(DownloadFailed):
        await bench.fetcher.fetch(Emote(EmoteSource.STICKER, sticker_id))
    assert not bench.host.asked


async def test_a_size_that_is_missing_is_asked_for_in_the_next(bench: Bench) -> None:
    bench.host.answers["/emote/25/2x.webp"] = hostile_host.whole(pictures.RED_FILES["webp"])
    assert (await bench.fetcher.fetch(Emote(EmoteSource.BTTV, "25"))).width_px == 48
    assert bench.host.asked == {"/emote/25/3x.webp": 1, "/emote/25/2x.webp": 1}


async def test_a_picture_survives_a_restart_on_disk(bench: Bench) -> None:
    first = await bench.fetcher.fetch(KAPPA)
    restarted = bench.build()
    await restarted.open()
    assert await restarted.fetch(KAPPA) == first
    assert bench.host.asked == {PATH: 1}


async def test_a_twitch_picture_is_fetched_anew_after_a_day_and_leaves_the_disk(bench: Bench) -> None:
    emote = Emote(EmoteSource.TWITCH, "25")
    bench.host.answers[TWITCH_PATH] = hostile_host.whole(pictures.RED_FILES["png"])
    await bench.fetcher.fetch(emote)
    bench.now += 24 * 3600 - 1
    await bench.fetcher.fetch(emote)
    assert (bench.host.asked[TWITCH_PATH], await bench.fetcher.sweep()) == (1, 0)
    bench.now += 1
    assert await bench.fetcher.sweep() == 1
    await bench.fetcher.fetch(emote)
    assert bench.host.asked[TWITCH_PATH] == 2


async def test_peoples_own_pictures_are_never_kept(bench: Bench) -> None:
    bench.host.answers["/avatars/1/a.png"] = hostile_host.whole(pictures.RED_FILES["png"])
    for _ in range(2):
        await bench.fetcher.fetch(Emote(EmoteSource.AVATAR, f"{bench.host.url}/avatars/1/a.png", shown_user_id="1"))
        await bench.fetcher.fetch(bench.uploads.add(pictures.RED_FILES["png"]))
    assert bench.host.asked["/avatars/1/a.png"] == 2
    assert bench.files.size_bytes == 0


async def test_an_upload_is_read_until_it_is_gone(bench: Bench) -> None:
    emote = bench.uploads.add(pictures.RED_FILES["animated gif"])
    assert (await bench.fetcher.fetch(emote)).width_px == 48
    with pytest.raises(UploadGone):
        await bench.fetcher.fetch(Emote(EmoteSource.UPLOAD, "gone"))


@pytest.mark.parametrize("kind", ["html", "svg", "eps", "pdf"])
async def test_what_only_claims_to_be_a_png_is_unsupported(bench: Bench, kind: str) -> None:
    bench.host.answers[PATH] = hostile_host.whole(pictures.NO_PICTURES[kind])
    with pytest.raises(UnsupportedPicture):
        await bench.fetcher.fetch(KAPPA)


async def test_many_askers_at_once_cause_one_download(bench: Bench) -> None:
    bench.host.answers[PATH] = _held(bench.host, pictures.RED_FILES["png"])
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bench.fetcher.fetch(KAPPA)) for _ in range(20)]
        await until_asked(bench.host)
        bench.host.released.set()
    assert len({id(task.result()) for task in tasks}) == 1
    assert bench.host.asked == {PATH: 1}


async def test_many_askers_at_once_share_a_failure_and_later_ones_try_again(bench: Bench) -> None:
    bench.host.answers[PATH] = _held(bench.host, b"not a picture")
    waiting = asyncio.gather(*(bench.fetcher.fetch(KAPPA) for _ in range(20)), return_exceptions=True)
    await until_asked(bench.host)
    bench.host.released.set()
    assert {type(outcome) for outcome in await waiting} == {UnsupportedPicture}
    assert bench.host.asked == {PATH: 1}
    bench.host.answers[PATH] = hostile_host.whole(pictures.RED_FILES["png"])
    assert (await bench.fetcher.fetch(KAPPA)).width_px == 48


async def test_when_the_first_asker_gives_up_the_others_still_get_the_picture(bench: Bench) -> None:
    bench.host.answers[PATH] = _held(bench.host, pictures.RED_FILES["png"])
    async with asyncio.TaskGroup() as group:
        first, *others = [group.create_task(bench.fetcher.fetch(KAPPA)) for _ in range(3)]
        await until_asked(bench.host)
        first.cancel()
        await until_asked(bench.host, times=2)
        bench.host.released.set()
    assert first.cancelled()
    assert all(isinstance(task.result(), Picture) for task in others)
    assert bench.host.asked == {PATH: 2}


async def test_the_least_recently_used_picture_makes_room(bench: Bench, tmp_path: Path) -> None:
    fetcher = bench.build(cache_bytes=2 * 48 * 32 * 4)
    emotes = [Emote(EmoteSource.DISCORD, str(10**17 + number)) for number in range(3)]
    for emote in emotes:
        bench.host.answers[f"/emojis/{emote.id}.png"] = hostile_host.whole(pictures.RED_FILES["png"])
    for number in (0, 1, 0, 2, 0, 1):
        await fetcher.fetch(emotes[number])
        shutil.rmtree(tmp_path, ignore_errors=True)  # so that memory is all there is
    assert [bench.host.asked[f"/emojis/{emote.id}.png"] for emote in emotes] == [1, 2, 1]


def _held(host: HostileHost, body: bytes) -> hostile_host.Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        await host.released.wait()
        await hostile_host.whole(body)(writer)

    return answer
