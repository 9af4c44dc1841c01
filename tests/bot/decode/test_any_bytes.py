"""Any bytes in: a picture or an error of ours out, in bounded time and memory, through the real child."""

import time
from contextlib import suppress

import psutil
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.decode.decoder import Decoder
from bot.errors import PictureTooLarge, UnsupportedPicture
from tests.fakes import pictures

MAX_SECONDS = 20  # the pool's own limit is 30; a small file never comes near either
MAX_RSS_BYTES = 200_000_000

FILES = [
    *pictures.RED_FILES.values(),
    pictures.turned(6),
    pictures.png_with_comment(),
    pictures.grey_16_bit(0x1234),
    pictures.palette_with_hole(),
    pictures.encoded(pictures.noise((40, 40)), "PNG"),
    pictures.encoded(pictures.noise((40, 40)), "WEBP"),
]
relaxed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)


async def picture_or_error(decoder: Decoder, content: bytes) -> None:
    """`Picture` checks its own sizes; whatever else comes out fails the test."""
    started_at = time.monotonic()
    with suppress(UnsupportedPicture, PictureTooLarge):
        await decoder.decode(content)
    assert time.monotonic() - started_at < MAX_SECONDS
    assert all(psutil.Process(pid).memory_info().rss < MAX_RSS_BYTES for pid in decoder.stats.pids)


@relaxed
@given(content=st.binary(max_size=2000))
async def test_random_bytes(decoder: Decoder, content: bytes) -> None:
    await picture_or_error(decoder, content)


@relaxed
@given(
    head=st.sampled_from([file[:length] for file in FILES for length in (4, 12, 33, 60)]), tail=st.binary(max_size=2000)
)
async def test_random_bytes_after_an_honest_start(decoder: Decoder, head: bytes, tail: bytes) -> None:
    await picture_or_error(decoder, head + tail)


@relaxed
@given(
    file=st.sampled_from(FILES),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=12),
    keep=st.one_of(st.just(1.0), st.floats(0, 1)),
)
@example(file=pictures.RED_FILES["jpeg"], flips=[(0.0, 1)], keep=1.0)
async def test_honest_files_with_flipped_bits_and_missing_ends(
    decoder: Decoder, file: bytes, flips: list[tuple[float, int]], keep: float
) -> None:
    damaged = bytearray(file)
    for place, bits in flips:
        damaged[int(place * len(damaged))] ^= bits
    await picture_or_error(decoder, bytes(damaged[: int(len(damaged) * keep)]))


@relaxed
@given(
    first=st.sampled_from(FILES),
    second=st.sampled_from(FILES),
    cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
async def test_two_files_spliced_into_one(
    decoder: Decoder, first: bytes, second: bytes, cuts: tuple[float, float]
) -> None:
    await picture_or_error(decoder, first[: int(cuts[0] * len(first))] + second[int(cuts[1] * len(second)) :])


@relaxed
@given(
    size=st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)),
    kind=st.tuples(st.sampled_from([1, 2, 4, 8, 16, 255]), st.sampled_from([0, 2, 3, 4, 6, 99])),
    pixels=st.binary(max_size=300),
)
async def test_png_headers_of_any_size_and_kind(
    decoder: Decoder, size: tuple[int, int], kind: tuple[int, int], pixels: bytes
) -> None:
    header = b"".join(n.to_bytes(4, "big") for n in size) + bytes([*kind, 0, 0, 0])
    await picture_or_error(decoder, pictures.png(header, pixels))
