import asyncio
import socket
import tracemalloc
from contextlib import suppress

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.emotes.download import MAX_PER_HOST, Downloader, GuardedResolver, guarded_connector
from bot.errors import DownloadFailed, DownloadTimedOut, FaceError, PictureTooLarge
from config.settings import EmotesSettings
from tests.fakes import hostile_host
from tests.fakes.hostile_host import HostileHost


class Names(AbstractResolver):
    """DNS in a dictionary; the last of several answers stays."""

    def __init__(self, **addresses: list[str]) -> None:
        self._addresses = {name.replace("_", "."): answers for name, answers in addresses.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answers = self._addresses[host]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for address in answer.split()
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def downloader(session: aiohttp.ClientSession, settings: EmotesSettings, host: HostileHost) -> Downloader:
    return Downloader(session, settings, base_urls=[host.url])


async def test_a_picture_arrives_whole(downloader: Downloader, host: HostileHost) -> None:
    body = bytes(range(256)) * 4000
    host.answers["/a.png"] = hostile_host.whole(body)
    assert await downloader.fetch(f"{host.url}/a.png") == body


async def test_a_picture_without_a_type_or_zipped_is_read(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/untyped"] = hostile_host.untyped(b"picture")
    host.answers["/zipped"] = hostile_host.zipped(b"picture" * 1000)
    assert await downloader.fetch(f"{host.url}/untyped") == b"picture"
    assert await downloader.fetch(f"{host.url}/zipped") == b"picture" * 1000


async def test_exactly_the_limit_is_allowed_and_a_byte_more_is_not(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/most"] = hostile_host.whole(bytes(2_000_000))
    host.answers["/more"] = hostile_host.whole(bytes(2_000_001))
    assert len(await downloader.fetch(f"{host.url}/most")) == 2_000_000
    with pytest.raises(PictureTooLarge, match="2 MB"):
        await downloader.fetch(f"{host.url}/more")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (hostile_host.status(404), DownloadFailed),
        (hostile_host.status(500), DownloadFailed),
        (hostile_host.status(204), DownloadFailed),
        (hostile_host.whole(b"<html></html>", "text/html; charset=utf-8"), DownloadFailed),
        (hostile_host.whole(b"{}", "application/json"), DownloadFailed),
        (hostile_host.lying(1000, b"short"), DownloadFailed),
        (hostile_host.lying(10**12, b"much"), PictureTooLarge),
        (hostile_host.lying(-5, b"less than nothing"), DownloadFailed),
        (hostile_host.damaged_gzip(), DownloadFailed),
        (hostile_host.not_http(), DownloadFailed),
        (hostile_host.nothing(), DownloadFailed),
        (hostile_host.endless, PictureTooLarge),
    ],
)
async def test_a_misbehaving_host_is_an_error_of_ours(
    downloader: Downloader, host: HostileHost, answer: hostile_host.Answer, error: type[FaceError]
) -> None:
    host.answers["/a.png"] = answer
    with pytest.raises(error):
        await downloader.fetch(f"{host.url}/a.png")


async def test_bytes_beyond_the_announced_length_are_never_the_picture(
    downloader: Downloader, host: HostileHost
) -> None:
    host.answers["/a.png"] = hostile_host.lying(3, b"png and more")
    with suppress(DownloadFailed):  # as it happens when all bytes arrive together
        assert await downloader.fetch(f"{host.url}/a.png") == b"png"


async def test_a_gzip_bomb_is_noticed_before_it_fills_the_memory(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/a.png"] = hostile_host.gzip_bomb(500_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(PictureTooLarge, match="2 MB"):
            await downloader.fetch(f"{host.url}/a.png")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20_000_000


async def test_a_redirect_is_not_followed(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/a.png"] = hostile_host.redirect(f"http://localhost:{host.port}/secret")
    host.answers["/secret"] = hostile_host.whole(b"secret")
    with pytest.raises(DownloadFailed):
        await downloader.fetch(f"{host.url}/a.png")
    assert "/secret" not in host.asked


@pytest.mark.parametrize("answer", [hostile_host.slow_loris, HostileHost.hold])
async def test_a_slow_host_times_out_however_it_drips(
    session: aiohttp.ClientSession, settings: EmotesSettings, host: HostileHost, answer: object
) -> None:
    host.answers["/a.png"] = host.hold if answer is HostileHost.hold else hostile_host.slow_loris
    hasty = settings.model_copy(update={"download_timeout_s": 0.3})
    downloader = Downloader(session, hasty, base_urls=[host.url])
    with pytest.raises(DownloadTimedOut):
        await downloader.fetch(f"{host.url}/a.png")


async def test_a_host_that_is_down_is_an_error_of_ours(
    session: aiohttp.ClientSession, settings: EmotesSettings
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(DownloadFailed):
            await Downloader(session, settings, base_urls=[url]).fetch(f"{url}/a.png")


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example/a.png",
        "https://cdn.example:444/emojis/a.png",
        "https://cdn.example.evil/emojis/a.png",
        "https://evil/emojis/a.png",
        "https://cdn.example@evil/emojis/a.png",
        "https://cdn.example/other/a.png",
        "https://cdn.example/emojis/../other/a.png",
        "https://cdn.example/emojis%2F..%2Fother",
        "https://cdn.example/emojisnot/a.png",
        "https://me:pw@cdn.example/emojis/a.png",
        "//cdn.example/emojis/a.png",
        "/emojis/a.png",
        "file:///etc/passwd",
        "",
    ],
)
async def test_only_what_lies_below_a_configured_address_is_fetched(settings: EmotesSettings, url: str) -> None:
    async with aiohttp.ClientSession(connector=guarded_connector(Names())) as session:
        downloader = Downloader(session, settings, base_urls=["https://cdn.example/emojis"])
        with pytest.raises(DownloadFailed):
            await downloader.fetch(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:127.0.0.1",
    ],
)
async def test_an_outside_name_that_leads_inside_is_not_connected_to(address: str) -> None:
    with pytest.raises(OSError, match="no public address"):
        await GuardedResolver(Names(cdn_example=[address])).resolve("cdn.example", 443)


async def test_public_addresses_of_a_name_are_kept_and_inside_ones_dropped() -> None:
    found = await GuardedResolver(Names(cdn_example=["10.0.0.1 1.1.1.1 2606:4700::1111"])).resolve("cdn.example", 443)
    assert [result["host"] for result in found] == ["1.1.1.1", "2606:4700::1111"]


async def test_localhost_may_be_this_machine() -> None:
    assert await GuardedResolver(Names(localhost=["127.0.0.1"])).resolve("localhost", 80)


async def test_a_name_that_leads_to_this_machine_reaches_nobody(settings: EmotesSettings, host: HostileHost) -> None:
    base = f"https://cdn.example:{host.port}"
    async with aiohttp.ClientSession(connector=guarded_connector(Names(cdn_example=["127.0.0.1"]))) as session:
        with pytest.raises(DownloadFailed):
            await Downloader(session, settings, base_urls=[base]).fetch(f"{base}/a.png")
    assert host.most_open == 0


async def test_only_so_many_downloads_of_one_host_run_at_once(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/a.png"] = host.hold
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(downloader.fetch(f"{host.url}/a.png")) for _ in range(3 * MAX_PER_HOST)]
        async with asyncio.timeout(30):
            while host.asked["/a.png"] < MAX_PER_HOST:  # the host counts
                await asyncio.sleep(0.01)
        host.released.set()
    assert [task.result() for task in tasks] == [b"png"] * 3 * MAX_PER_HOST
    assert host.most_open <= MAX_PER_HOST


async def test_waiting_for_a_turn_counts_as_time_too(
    session: aiohttp.ClientSession, settings: EmotesSettings, host: HostileHost
) -> None:
    host.answers["/a.png"] = host.hold
    downloader = Downloader(session, settings.model_copy(update={"download_timeout_s": 0.5}), base_urls=[host.url])
    downloads = [downloader.fetch(f"{host.url}/a.png") for _ in range(2 * MAX_PER_HOST)]
    outcomes = await asyncio.gather(*downloads, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {DownloadTimedOut}


async def test_a_caller_that_gives_up_is_not_told_of_a_timeout(downloader: Downloader, host: HostileHost) -> None:
    host.answers["/a.png"] = host.hold
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.2):
            await downloader.fetch(f"{host.url}/a.png")
    assert caught.type is TimeoutError
