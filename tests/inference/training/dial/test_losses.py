import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from inference.training.critic import Critic, disguise
from inference.training.dial import losses
from inference.training.dial.low_pass import low_pass

COARSE, FINE = torch.tensor([6.0, 6.0]), torch.tensor([32.0, 32.0])
Missed = Callable[[Tensor, Tensor, Tensor], Tensor]


def pictures(side_px: int = 64, seed: int = 1) -> Tensor:
    return torch.rand(2, 3, side_px, side_px, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def features(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    return losses.features(output, target, torch.ones(len(output), 1, *output.shape[2:]), cutoff)


def colour(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    return losses.colour_missed(output, target)


def brightness(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    return losses.brightness_missed(output, target)


def detail(output: Tensor, target: Tensor, cutoff: Tensor) -> Tensor:
    return losses.detail_missed(output, target)


EVERY = [losses.kept, losses.full, features, losses.likeness_missed, colour, brightness, detail]


@pytest.mark.parametrize("missed", EVERY)
@pytest.mark.parametrize("side_px", [64, 128])
def test_the_same_picture_costs_nothing(missed: Missed, side_px: int) -> None:
    for cutoff in (COARSE, FINE):
        assert missed(pictures(side_px), pictures(side_px), cutoff).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("missed", [each for each in EVERY if each is not detail])
def test_the_farther_away_the_more_it_costs(missed: Missed) -> None:
    target = low_pass(pictures(), COARSE) * 5
    other = low_pass(pictures(seed=2), COARSE) * 5
    costs = [missed(torch.lerp(target, other, share), target, FINE).item() for share in (0.3, 0.6, 1.0)]
    assert 0 <= costs[0] < costs[1] < costs[2]


def test_what_the_network_was_not_shown_is_free() -> None:
    """A chequered difference is gone at any cutoff, and a flat one stays at every cutoff."""
    places = torch.arange(64)
    chequered = ((places[:, None] + places) % 2 * 2.0 - 1) * 0.2
    for cutoff, most in ((COARSE, 1e-4), (FINE, 2e-2)):
        assert losses.kept(pictures() + chequered, pictures(), cutoff) < most
        assert losses.kept(pictures() + 0.2, pictures(), cutoff).item() == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("missed", [losses.full, features])
def test_full_detail_counts_with_the_square_of_the_cutoff(missed: Missed) -> None:
    fine, half = (missed(pictures() + 0.2, pictures(), cutoff).item() for cutoff in (FINE, FINE / 2))
    assert fine == pytest.approx(0.2)
    assert half == pytest.approx(0.05)


def test_features_count_where_the_heatmap_is() -> None:
    heatmaps, output = torch.zeros(2, 1, 64, 64), pictures()
    heatmaps[:, :, 10:20, 10:20] = 2
    output[:, :, 10:20, 10:20] += 0.5
    assert losses.features(output, pictures(), heatmaps, FINE).item() == pytest.approx(0.5)
    assert losses.features(output, pictures(), 1 - heatmaps.clamp(max=1), FINE).item() == 0


def test_likeness_does_not_mind_brightness_or_contrast() -> None:
    torch.testing.assert_close(losses.likeness(pictures() * 0.5 + 0.3, pictures()), torch.ones(2))
    torch.testing.assert_close(losses.likeness(-pictures(), pictures()), -torch.ones(2))
    assert losses.likeness(torch.zeros(2, 3, 64, 64), pictures()).tolist() == [0, 0]


def test_the_finer_the_cutoff_the_more_likeness_is_asked_for() -> None:
    flat = torch.zeros(2, 3, 64, 64)
    wanted = [losses.likeness_missed(flat, pictures(), cutoff).item() for cutoff in (COARSE, FINE)]
    assert wanted == pytest.approx([0.55, 0.95])


def test_colours_may_change_a_quarter_and_brightness_freely() -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(2, 3, 64, 64)
    grey = torch.zeros_like(red)
    assert losses.colour_missed(grey + 0.9, grey) < 1e-6
    assert losses.colour_missed(red * 0.3, grey) < 1e-6
    assert losses.colour_missed(red, grey) > 0.1


def test_the_critic_is_heard_most_where_a_person_must_be_invented() -> None:
    scores = torch.zeros(2)
    assert losses.adversarial(scores, COARSE).item() == pytest.approx(math.log(2))
    assert losses.adversarial(scores, FINE).item() == pytest.approx(0.3 * math.log(2))
    assert losses.adversarial(scores + 3, COARSE) < losses.adversarial(scores - 3, COARSE)


@pytest.mark.parametrize("side_px", [64, 128])
def test_what_is_on_a_device_stays_there(side_px: int) -> None:
    """The device `meta` computes nothing, but refuses to mix with the CPU."""
    device = torch.device("meta")
    output, target, cutoff = (tensor.to(device) for tensor in (pictures(side_px), pictures(side_px), FINE))
    heatmaps = torch.ones(2, 1, side_px, side_px, device=device)
    critic = Critic().to(device)
    results = [
        *(missed(output, target, cutoff) for missed in EVERY if missed is not features),
        losses.features(output, target, heatmaps, cutoff),
        losses.tone_missed(output, target),
        losses.adversarial(critic(disguise(output, torch.Generator())), cutoff),
    ]
    assert {result.device for result in results} == {device}


def test_two_people_of_one_emote_shall_differ_where_little_of_it_is_kept() -> None:
    alike = pictures()[:1].repeat(2, 1, 1, 1)
    apart = torch.stack([alike[0] * 0, alike[0] * 0 + 1])
    assert losses.twins_missed(alike, COARSE).item() == pytest.approx(losses.APART)
    assert losses.twins_missed(alike, FINE).item() == pytest.approx(0, abs=1e-6)
    assert losses.twins_missed(apart, COARSE).item() == 0


def test_twins_are_compared_in_pairs() -> None:
    one, other = pictures()
    twins = torch.stack([one, one, other, other])
    assert losses.twins_missed(twins, COARSE.repeat(2)).item() == pytest.approx(losses.APART)


def test_too_little_detail_and_too_much_cost_the_same() -> None:
    faces = pictures(256)
    blurred, sharp = (losses.detail_missed(faces * strength, faces).item() for strength in (0.5, 2.0))
    assert blurred == pytest.approx(sharp) == pytest.approx(math.log(4))


def test_detail_shall_be_where_faces_have_it() -> None:
    """As much in all, but on the wrong side."""
    left = torch.zeros(2, 3, 128, 128)
    left[..., 32:64] = pictures(128)[..., 32:64]
    assert losses.detail_missed(left.flip(3), left) > 3
    assert losses.detail_missed(left.roll(1, 0), left).item() == pytest.approx(0, abs=1e-5)


def test_detail_outside_the_middle_is_free() -> None:
    faces, flat_around = pictures(128), torch.zeros(2, 3, 128, 128)
    flat_around[..., 30:98, 30:98] = faces[..., 30:98, 30:98]
    assert losses.detail_missed(flat_around, faces) < 0.01


def test_skin_follows_the_emotes_lightness_and_stays_human() -> None:
    emotes = torch.tensor([-0.9, 0.9]).view(2, 1, 1, 1).expand(2, 3, 64, 64)
    human = emotes * 0.7 + 0.03
    assert losses.tone_missed(human, emotes).item() == pytest.approx(0, abs=1e-6)
    assert losses.tone_missed(human + 0.02, emotes).item() == pytest.approx(0, abs=1e-6)
    assert losses.tone_missed(human - 0.12, emotes).item() == pytest.approx(0.1, abs=1e-5)
    assert losses.tone_missed(emotes, emotes) > 0.1


def test_hair_and_a_mouth_do_not_count_as_skin() -> None:
    emotes = torch.full((2, 3, 64, 64), 0.6)
    bald = emotes * 0.7 + 0.03
    haired = bald.clone()
    haired[..., :24, :] = -1
    haired[..., 40:, 28:36] = 1
    assert losses.tone_missed(haired, emotes).item() == pytest.approx(0, abs=1e-6)


def test_two_tones_that_come_out_alike_cost_something_whatever_they_come_out_as() -> None:
    emotes = torch.tensor([0.3, 0.6]).view(2, 1, 1, 1).expand(2, 3, 64, 64)
    for lightness in (0.2, 0.3, 0.4):
        assert losses.tone_missed(torch.full((2, 3, 64, 64), lightness), emotes) > 0.03
