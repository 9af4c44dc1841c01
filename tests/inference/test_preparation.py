import numpy as np
import pytest
import torch
from PIL import Image

from inference.feeds import Feed, rows
from inference.preparation import (
    PREPARATIONS,
    ClassicPreparation,
    DialPreparation,
    Preparation,
    cutoff_of,
    low_passed,
    noise,
    own_seed,
)
from inference.preprocess import MATTE, framed, framed_film, network_input, to_tensor
from inference.protocol import FaceOptions, Picture, Style
from inference.training.dial.low_pass import low_pass
from tests.inference.drawing import BLUE, RED, disc, picture_of
from tests.inference.films import rolling_ball

BOTH = pytest.mark.parametrize("preparation", [ClassicPreparation(), DialPreparation()])


def first(picture: Picture, style: Style = Style.REAL, **options: object) -> Feed:
    return DialPreparation().first([framed(picture)], [0], FaceOptions(style, **options))  # type: ignore[arg-type]


def test_every_style_has_a_preparation() -> None:
    assert PREPARATIONS.keys() == set(Style)


def test_the_low_pass_is_the_one_of_training() -> None:
    random = np.random.default_rng(3)
    images = random.uniform(-1, 1, (5, 3, 64, 64)).astype(np.float32)
    cutoff = np.array([6, 8.5, 12, 20, 32], np.float32)
    trained = low_pass(torch.from_numpy(images), torch.from_numpy(cutoff)).numpy()
    assert np.abs(low_passed(images, cutoff) - trained).max() < 1e-5


def test_realism_turns_the_cutoff_from_32_to_6() -> None:
    cutoffs = [cutoff_of(step / 20) for step in range(21)]
    assert cutoffs == sorted(cutoffs, reverse=True)
    assert (cutoffs[0], cutoffs[-1]) == pytest.approx((32, 6))
    assert cutoffs[10] == pytest.approx((32 * 6) ** 0.5)


def test_more_realism_leaves_less_of_the_picture() -> None:
    details = [np.abs(np.diff(first(disc(), realism=realism)["image"])).mean() for realism in (0, 0.25, 0.5, 1)]
    assert details == sorted(details, reverse=True)


@BOTH
def test_a_blank_feed_is_shaped_like_a_real_one(preparation: Preparation) -> None:
    real = preparation.first(framed_film(rolling_ball([50] * 3)), [50] * 3, FaceOptions())
    blank = preparation.blank(3)
    assert {name: array.shape for name, array in blank.items()} == {name: array.shape for name, array in real.items()}
    assert all(array.dtype == np.float32 for array in (*real.values(), *blank.values()))
    assert not blank["image"].any()


def test_classic_sees_what_it_always_saw() -> None:
    options = FaceOptions(realism=0.5, seed=7)
    [seen] = ClassicPreparation().first([framed(disc())], [0], options)["image"]
    assert np.array_equal(seen, network_input(framed(disc()), options))


def test_the_emote_lies_on_the_matte() -> None:
    empty = picture_of(Image.new("RGBA", (9, 9), (200, 100, 50, 0)))
    matte = to_tensor(np.full((1, 64, 64, 3), MATTE, np.uint8))
    assert np.abs(first(empty)["image"] - matte).max() < 1e-5


def test_without_a_seed_the_same_emote_has_the_same_noise_and_another_emote_another() -> None:
    again = {name: np.array_equal(array, first(disc())[name]) for name, array in first(disc()).items()}
    assert all(again.values())
    assert not np.array_equal(first(disc(RED))["latent"], first(disc(BLUE))["latent"])
    assert np.array_equal(first(disc(), realism=0.1)["latent"], first(disc(), realism=0.9)["latent"])


def test_what_is_invisible_does_not_change_the_seed() -> None:
    hidden, other = (Image.new("RGBA", (8, 8), (colour, 0, 0, 0)) for colour in (10, 200))
    assert own_seed(hidden, 3) == own_seed(other, 3)


def test_a_seed_gives_each_emote_noise_of_its_own() -> None:
    one, again, other = first(disc(RED), seed=7), first(disc(RED), seed=7), first(disc(BLUE), seed=7)
    assert np.array_equal(one["latent"], again["latent"])
    assert not np.array_equal(one["latent"], other["latent"])
    assert not np.array_equal(one["grain"], other["grain"])
    assert not np.array_equal(one["latent"], first(disc(RED), seed=8)["latent"])


def test_a_seed_draws_the_same_numbers_on_every_machine() -> None:
    latent, grain = noise(42, 256)
    assert latent[:4] == pytest.approx(LATENT_42, abs=1e-5)
    assert grain[0, 0, :2] == pytest.approx(GRAIN_42, abs=1e-5)
    assert np.array_equal(noise(42, 64)[0], latent)


LATENT_42 = [0.181705, -1.242639, -0.551553, 0.366480]
GRAIN_42 = [0.707177, 0.324562]


def test_all_frames_of_an_animation_share_noise_and_cutoff() -> None:
    feed = DialPreparation().first(framed_film(rolling_ball([50] * 4)), [50] * 4, FaceOptions(Style.CURSED))
    assert rows(feed) == 4
    for name in ("cutoff", "latent", "grain"):
        assert (feed[name] == feed[name][:1]).all()
    assert np.abs(np.diff(feed["image"], axis=0)).max() > 0.1


def test_a_flickering_emote_is_steadied() -> None:
    squares = [Image.new("RGBA", (20, 20), (shade, shade, shade, 255)) for shade in (90, 150) * 4]
    film = DialPreparation().first(squares, [30] * 8, FaceOptions(Style.REAL))["image"]
    assert np.abs(np.diff(film, axis=0)).max() < 0.5 * (150 - 90) / 127.5


def test_another_round_sees_the_face_through_the_same_low_pass_with_the_same_noise() -> None:
    feed = first(disc(), Style.CURSED)
    face = np.random.default_rng(1).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    again = DialPreparation().again(feed, face)
    small = np.asarray(Image.fromarray(face[0]).resize((64, 64), Image.Resampling.LANCZOS))
    assert np.array_equal(again["image"], low_passed(to_tensor(small[None]), feed["cutoff"]))
    for name in ("cutoff", "latent", "grain"):
        assert np.array_equal(again[name], feed[name])
