"""What is cut off, what is kept, and what stands behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bot.emotes.compose import Inspect, unseen
from bot.emotes.framing import Crop, FramedPictures, Framing, Matte, dominant_colour, framed, interesting_square
from bot.models import Emote, EmoteSource
from inference.protocol import Frame, Picture
from tests.fakes.pictures import BLUE, GREEN, RED, noise

PAD = Framing("pad", "grey")


def picture_of(*images: Image.Image) -> Picture:
    return Picture(*images[0].size, tuple(Frame(image.tobytes(), 50) for image in images))


def one(image: Image.Image, framing: Framing = PAD) -> Image.Image:
    picture = framed(picture_of(image), framing)
    return Image.frombytes("RGBA", (picture.width_px, picture.height_px), picture.frames[0].rgba)


def blob(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """Red where the box is, transparent around."""
    image = Image.new("RGBA", size)
    image.paste((*RED, 255), box)
    return image


def test_a_transparent_border_is_cut_away() -> None:
    image = one(blob((128, 128), (10, 60, 70, 100)))
    assert image.size == (60, 40)
    assert image.getpixel((0, 0)) == (*RED, 255)


def test_the_border_is_what_no_frame_reaches_into() -> None:
    frames = [blob((64, 64), (0, 0, 8, 8)), blob((64, 64), (24, 24, 32, 32))]
    picture = framed(picture_of(*frames), PAD)
    assert (picture.width_px, picture.height_px) == (32, 32)
    assert [frame.duration_ms for frame in picture.frames] == [50, 50]


def test_a_shadow_at_the_border_is_no_reason_to_keep_it() -> None:
    image = blob((64, 64), (16, 16, 48, 48))
    image.putpixel((0, 0), (0, 0, 0, 10))
    assert one(image).size == (32, 32)


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (128, 128), (128, 20), (3, 128)])
@pytest.mark.parametrize("crop", ["pad", "square"])
@pytest.mark.parametrize("matte", ["grey", "white", "dark", "dominant"])
def test_nothing_to_see_is_still_a_picture(size: tuple[int, int], crop: Crop, matte: Matte) -> None:
    image = one(Image.new("RGBA", size), Framing(crop, matte))
    assert 1 <= min(image.size) <= max(image.size) <= 128


@pytest.mark.parametrize("at", [0, 35, 96])
def test_the_interesting_square_of_a_wide_picture_is_where_its_detail_is(at: int) -> None:
    image = Image.new("RGBA", (128, 32), (*GREEN, 255))
    image.paste(noise((32, 32)).convert("RGB"), (at, 0))
    assert one(image, Framing("square", "grey")).size == (32, 32)
    left, top, right, bottom = interesting_square([image])
    assert abs(left - at) <= 3
    assert (top, right - left, bottom) == (0, 32, 32)


def test_the_interesting_square_of_a_tall_picture_is_found_over_all_frames() -> None:
    frames = [Image.new("RGBA", (32, 128), (*GREEN, 255)) for _ in range(3)]
    frames[2].paste(noise((32, 32)).convert("RGB"), (0, 90))
    left, top, right, bottom = interesting_square(frames)
    assert (left, right, bottom - top) == (0, 32, 32)
    assert abs(top - 90) <= 3


def test_where_all_is_alike_the_middle_is_taken() -> None:
    assert interesting_square([Image.new("RGBA", (100, 40), (*BLUE, 255))]) == (30, 0, 70, 40)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**16))
def test_the_interesting_square_is_the_largest_that_fits(width: int, height: int, seed: int) -> None:
    left, top, right, bottom = interesting_square([noise((width, height), seed)])
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert right - left == bottom - top == min(width, height)


@pytest.mark.parametrize(("matte", "colour"), [("white", (255, 255, 255)), ("dark", (49, 51, 56)), ("dominant", RED)])
def test_a_matte_fills_what_is_transparent_and_the_square(matte: Matte, colour: tuple[int, int, int]) -> None:
    image = blob((90, 60), (0, 0, 90, 60))
    ImageDraw.Draw(image).rectangle((30, 20, 40, 30), fill=(0, 0, 0, 0))
    shown = one(image, Framing("pad", matte))
    assert shown.size == (90, 90)
    assert shown.getchannel("A").getextrema() == (255, 255)
    assert shown.getpixel((0, 0)) == shown.getpixel((35, 40)) == (*colour, 255)
    assert shown.getpixel((60, 45)) == (*RED, 255)


def test_the_grey_matte_is_left_to_the_inference_side() -> None:
    image = blob((64, 64), (0, 0, 64, 64))
    ImageDraw.Draw(image).rectangle((20, 20, 30, 30), fill=(0, 0, 0, 0))
    assert one(image).getpixel((25, 25)) == (0, 0, 0, 0)


def test_the_dominant_colour_is_the_most_frequent_and_no_mixture() -> None:
    image = blob((64, 64), (0, 0, 40, 64))
    image.paste((*BLUE, 255), (40, 0, 64, 64))
    assert dominant_colour(image) == RED


def test_what_is_transparent_has_no_say_in_the_dominant_colour() -> None:
    image = Image.new("RGBA", (64, 64), (*GREEN, 0))
    image.paste((*BLUE, 255), (0, 0, 20, 20))
    assert dominant_colour(image) == BLUE


async def test_as_it_is_shipped_pictures_pass_untouched_and_otherwise_framed() -> None:
    picture = picture_of(blob((64, 64), (8, 8, 40, 24)))

    class Fetcher:
        async def fetch(self, emote: Emote, inspect: Inspect = unseen) -> Picture:
            return picture

    emote = Emote(EmoteSource.BTTV, "1")
    assert await FramedPictures(Fetcher(), PAD).fetch(emote) is picture
    framed_picture = await FramedPictures(Fetcher(), Framing("square", "white")).fetch(emote)
    assert (framed_picture.width_px, framed_picture.height_px) == (16, 16)


def test_what_is_not_very_wide_is_kept_whole() -> None:
    wide, wider = (Picture(width, 20, (Frame(b"\x80\x40\x20\xff" * width * 20),)) for width in (30, 31))
    assert framed(wide, Framing("square", "grey")).width_px == 30
    assert framed(wider, Framing("square", "grey")).width_px == 20
