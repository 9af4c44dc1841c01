import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from PIL import Image

from inference.preprocess import (
    MATTE,
    Floats,
    cascade,
    fed_back,
    framed,
    framed_film,
    from_tensor,
    network_input,
    steadied,
    to_tensor,
)
from inference.protocol import FaceOptions, Frame, Picture
from tests.inference.drawing import RED, disc, picture_of
from tests.inference.films import rolling_ball

SIDES = st.integers(1, 128)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Any valid picture: blocks of any colour and transparency, stretched to any size."""
    blocks = draw(np_st.arrays(np.uint8, (draw(st.integers(1, 6)), draw(st.integers(1, 6)), 4)))
    size = (draw(SIDES), draw(SIDES))
    image = Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)
    return Picture(*size, (Frame(image.tobytes()),))


def drawn_input(picture: Picture, **options: object) -> Floats:
    return network_input(framed(picture), FaceOptions(**options))  # type: ignore[arg-type]


def detail(tensor: Floats) -> float:
    return float((np.diff(tensor, axis=2) ** 2).mean())


@given(
    pictures(),
    st.builds(FaceOptions, realism=st.floats(0, 1), seed=st.none() | st.integers(0, 2**32 - 1)),
)
def test_any_picture_becomes_a_finite_tensor_in_range(picture: Picture, options: FaceOptions) -> None:
    tensor = network_input(framed(picture), options)
    assert tensor.shape == (3, 16, 16)
    assert tensor.dtype == np.float32
    assert np.isfinite(tensor).all()
    assert tensor.min() >= -1
    assert tensor.max() <= 1


@given(pictures())
def test_any_picture_is_framed_in_a_square_that_holds_all_of_its_visible_pixels(picture: Picture) -> None:
    square = framed(picture)
    assert square.width == square.height <= max(picture.width_px, picture.height_px)
    before = np.frombuffer(picture.frames[0].rgba, np.uint8).reshape(-1, 4)
    assert (np.asarray(square)[..., 3] >= 16).sum() == (before[:, 3] >= 16).sum()


def test_transparent_borders_are_cut_away() -> None:
    assert framed(disc(side_px=64, margin_px=20)).size == (24, 24)


def test_a_faint_glow_does_not_count_as_part_of_the_picture() -> None:
    image = Image.new("RGBA", (40, 40), (255, 255, 255, 10))
    image.paste(RED, (10, 10, 30, 30))
    assert framed(picture_of(image)).size == (20, 20)


def test_a_wide_picture_is_centred_between_transparent_bars() -> None:
    square = framed(picture_of(Image.new("RGBA", (100, 20), RED)))
    assert square.size == (100, 100)
    assert square.getbbox() == (0, 40, 100, 60)


def test_an_invisible_picture_is_all_matte() -> None:
    tensor = drawn_input(picture_of(Image.new("RGBA", (9, 5), (200, 100, 50, 0))))
    assert np.allclose(tensor, to_tensor(np.full((1, 16, 16, 3), MATTE, np.uint8))[0])


def test_half_transparent_pixels_mix_with_the_matte() -> None:
    tensor = drawn_input(picture_of(Image.new("RGBA", (64, 64), (0, 0, 0, 128))))
    assert np.allclose(tensor, to_tensor(np.full((1, 16, 16, 3), MATTE, np.uint8) // 2)[0], atol=0.02)


def test_more_realism_leaves_less_of_the_picture() -> None:
    details = [detail(drawn_input(disc(), realism=realism)) for realism in (0, 0.05, 0.5, 1)]
    assert details == sorted(details, reverse=True)
    assert details[1] > 0.8 * details[0]  # the dial starts gently
    assert details[3] < 0.7 * details[0]


def test_a_seed_changes_the_input_and_always_in_the_same_way() -> None:
    plain, seeded, other = (drawn_input(disc(), seed=seed) for seed in (None, 7, 8))
    assert np.abs(seeded - plain).mean() > 0.01
    assert np.abs(seeded - other).mean() > 0.01
    assert np.array_equal(seeded, drawn_input(disc(), seed=7))


def test_a_seed_draws_the_same_numbers_on_every_machine() -> None:
    grey = picture_of(Image.new("RGBA", (16, 16), (128, 128, 128, 255)))
    noise = drawn_input(grey, seed=42) - drawn_input(grey)
    assert noise[0, 0, :4] == pytest.approx(SEED_42, abs=1e-4)


SEED_42 = [0.277257, 0.198935, -0.015747, -0.275260]


def test_a_face_fed_back_is_the_next_input() -> None:
    faces = np.random.default_rng(1).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    tensor = fed_back(faces)
    assert np.array_equal(from_tensor(tensor)[1], cascade(Image.fromarray(faces[1])))


def test_the_cascade_halves_three_times_with_bilinear_filtering() -> None:
    image = Image.effect_noise((128, 128), 80).convert("RGB")
    step = image
    for side_px in (64, 32, 16):
        step = step.resize((side_px, side_px), Image.Resampling.BILINEAR)
    assert np.array_equal(cascade(image), np.asarray(step))


def test_the_cascade_accepts_any_square_size() -> None:
    assert (cascade(Image.new("RGB", (50, 50), (10, 20, 30))) == (10, 20, 30)).all()


@pytest.mark.parametrize("image", [Image.new("RGB", (128, 64)), Image.new("RGBA", (128, 128))])
def test_the_cascade_refuses_what_is_not_square_rgb(image: Image.Image) -> None:
    with pytest.raises(ValueError, match="square RGB"):
        cascade(image)


@given(np_st.arrays(np.uint8, (2, 4, 4, 3)))
def test_pixels_survive_the_way_to_a_tensor_and_back(pixels: np.typing.NDArray[np.uint8]) -> None:
    assert np.array_equal(from_tensor(to_tensor(pixels)), pixels)


def test_values_out_of_range_are_clipped() -> None:
    wild = np.array([-9, -1, 0, 1, 9], np.float32).reshape(1, 1, 1, 5)
    assert from_tensor(wild).ravel().tolist() == [0, 0, 128, 255, 255]


def test_all_frames_are_cut_to_what_any_of_them_shows() -> None:
    film = framed_film(rolling_ball([50] * 5))
    assert len({square.size for square in film}) == 1
    lefts = [square.getbbox()[0] for square in film]  # type: ignore[index]
    assert lefts == sorted(set(lefts))  # it still rolls
    assert lefts[0] == 0


def test_a_still_picture_is_framed_as_if_there_were_no_animations() -> None:
    assert framed_film(disc(margin_px=20)) == [framed(disc(margin_px=20))]


def test_steadying_takes_out_what_flickers_and_leaves_what_stays() -> None:
    rng = np.random.default_rng(2)
    flicker = rng.normal(0, 0.2, (30, 3, 16, 16)).astype(np.float32)
    steady = steadied(flicker + 0.3, [33] * 30)
    assert steady.dtype == np.float32
    assert np.abs(np.diff(steady, axis=0)).mean() < 0.6 * np.abs(np.diff(flicker, axis=0)).mean()
    assert steady.mean() == pytest.approx(0.3, abs=0.01)


def test_frames_that_are_long_enough_to_be_seen_are_left_alone() -> None:
    two = np.stack([np.full((3, 16, 16), -1, np.float32), np.full((3, 16, 16), 1, np.float32)])
    assert np.abs(steadied(two, [500, 500]) - two).max() < 1e-6
    assert np.array_equal(steadied(two[:1], [20]), two[:1])


@given(st.lists(st.integers(20, 1000), min_size=1, max_size=20))
def test_steadied_input_stays_in_range(lasting: list[int]) -> None:
    wild = np.random.default_rng(1).choice(np.array([-1, 1], np.float32), (len(lasting), 3, 16, 16))
    assert np.abs(steadied(wild, lasting)).max() <= 1 + 1e-6
