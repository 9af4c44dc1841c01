from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.emotes.compose import ComposedPictures, blended, laid_over, together
from bot.models import Emote, EmoteSource
from inference.protocol import MAX_FRAMES, MAX_SIDE_PX, Frame, Picture

RED, BLUE, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
SHARP = Emote(EmoteSource.UNICODE, "1f602", "joy")
RAIN = Emote(EmoteSource.SEVENTV, "rain", "RainTime")


def plain(colour: tuple[int, ...], size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.new("RGBA", size, colour)


def film(*colours: tuple[int, ...], size: tuple[int, int] = (16, 16), duration_ms: int = 100) -> Picture:
    lasting = duration_ms if len(colours) > 1 else 0
    return Picture(*size, tuple(Frame(plain(colour, size).tobytes(), lasting) for colour in colours))


def shown(picture: Picture, at: int, spot: tuple[int, int]) -> tuple[int, ...]:
    frame = Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[at].rgba)
    found = frame.getpixel(spot)
    assert isinstance(found, tuple)
    return found


def test_an_overlay_covers_what_it_draws_and_nothing_else() -> None:
    hat = plain(CLEAR)
    hat.paste(BLUE, (0, 0, 16, 4))
    worn = laid_over(plain(RED), hat)
    assert (worn.getpixel((8, 1)), worn.getpixel((8, 12))) == (BLUE, RED)


@pytest.mark.parametrize("size", [(16, 16), (48, 16), (16, 48), (1, 128), (128, 1), (3, 3)])
def test_an_overlay_of_any_shape_is_as_high_as_the_emote_and_in_its_middle(size: tuple[int, int]) -> None:
    worn = laid_over(plain(RED, (32, 20)), plain(BLUE, size))
    assert worn.size == (32, 20)
    left, top, right, bottom = worn.getchannel("B").getbbox() or (0, 0, 0, 0)
    assert (top, bottom) == (0, 20)
    assert abs((left + right) - 32) <= 1


def test_a_blend_has_the_upper_part_of_one_and_the_lower_part_of_the_other() -> None:
    face = blended(plain(RED), plain(BLUE, (40, 40)))
    assert face.size == (MAX_SIDE_PX, MAX_SIDE_PX)
    assert (face.getpixel((64, 8)), face.getpixel((64, 120))) == (RED, BLUE)
    middle = face.getpixel((64, 64))
    assert isinstance(middle, tuple)
    assert abs(middle[0] - middle[2]) < 16
    assert middle[3] == 255


def test_a_blend_with_something_invisible_is_no_error() -> None:
    assert blended(plain(RED), plain(CLEAR)).getpixel((64, 8)) == RED
    assert blended(plain(CLEAR), plain(CLEAR)).getbbox() is None


def test_half_transparent_edges_keep_their_colour() -> None:
    edge = blended(plain((255, 0, 0, 100)), plain(CLEAR)).getpixel((64, 64))
    assert isinstance(edge, tuple)
    assert edge[0] > 245


def test_still_on_still_is_still() -> None:
    picture = together(film(RED), film(BLUE), laid_over)
    assert [frame.duration_ms for frame in picture.frames] == [0]


def test_what_moves_over_what_stands_keeps_its_times() -> None:
    picture = together(film(RED), film(CLEAR, BLUE, duration_ms=70), laid_over)
    assert [frame.duration_ms for frame in picture.frames] == [70, 70]
    assert (shown(picture, 0, (8, 8)), shown(picture, 1, (8, 8))) == (RED, BLUE)


@given(st.integers(1, MAX_FRAMES), st.integers(1, MAX_FRAMES), st.integers(20, 900), st.integers(20, 900))
def test_the_longer_timeline_is_kept_within_sixty_frames(one: int, other: int, one_ms: int, other_ms: int) -> None:
    first = film(*[RED] * one, size=(2, 2), duration_ms=one_ms)
    second = film(*[BLUE] * other, size=(2, 2), duration_ms=other_ms)
    picture = together(first, second, laid_over)
    assert len(picture.frames) <= MAX_FRAMES
    *_, total_ms = accumulate(frame.duration_ms for frame in picture.frames)
    lasting = [frames * ms for frames, ms in ((one, one_ms), (other, other_ms)) if frames > 1]
    assert total_ms == max(lasting, default=0)


class Pixels:
    """Each emote is a square of its own colour."""

    def __init__(self) -> None:
        self.asked: list[Emote] = []

    async def fetch(self, emote: Emote) -> Picture:
        self.asked.append(emote)
        return film(BLUE if emote.id == RAIN.id else RED)


async def test_the_parts_of_an_emote_are_fetched_alone_and_put_together() -> None:
    fetcher = Pixels()
    pictures = ComposedPictures(fetcher)
    wet = Emote(SHARP.source, SHARP.id, "joy", overlays=(RAIN,))
    assert shown(await pictures.fetch(wet), 0, (8, 8)) == BLUE
    assert fetcher.asked == [SHARP.alone, RAIN.alone]


async def test_a_blend_comes_before_what_lies_on_it() -> None:
    both = Emote(SHARP.source, SHARP.id, "joy", blended=SHARP, overlays=(RAIN,))
    picture = await ComposedPictures(Pixels()).fetch(both)
    assert (picture.width_px, shown(picture, 0, (64, 8))) == (MAX_SIDE_PX, BLUE)


async def test_an_emote_by_itself_is_left_as_it_is() -> None:
    assert await ComposedPictures(Pixels()).fetch(SHARP) == film(RED)
