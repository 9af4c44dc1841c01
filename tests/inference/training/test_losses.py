import pytest
import torch

from inference.training import losses


def middle_landmarks() -> torch.Tensor:
    """All landmarks in the middle of the picture."""
    return torch.full((1, 25, 2), 0.5)


def test_l1_is_the_mean_absolute_difference() -> None:
    assert losses.l1(torch.tensor([1.0, -1.0]), torch.tensor([0.0, 1.0])).item() == 1.5


def test_heatmaps_peak_at_the_landmarks_and_fade_within_a_tenth_of_the_side() -> None:
    heat = losses.landmark_heatmaps(middle_landmarks(), 65)[0, 0]
    assert heat[32, 32].item() == pytest.approx(2)
    assert heat[32, 32 + 7] < 0.02 * heat[32, 32]
    torch.testing.assert_close(heat, heat.T)


def test_eyes_and_mouth_count_twice_as_much_as_the_chin() -> None:
    landmarks = torch.full((1, 25, 2), -5.0)
    landmarks[0, 7] = torch.tensor([0.25, 0.5])  # chin
    landmarks[0, 0] = torch.tensor([0.75, 0.5])  # left iris
    heat = losses.landmark_heatmaps(landmarks, 64)[0, 0]
    assert (heat[:, 32:].max() / heat[:, :32].max()).item() == pytest.approx(2, rel=1e-3)


def test_x_is_across_and_y_is_down() -> None:
    landmarks = torch.full((1, 25, 2), -5.0)
    landmarks[0, 2] = torch.tensor([0.9, 0.1])
    heat = losses.landmark_heatmaps(landmarks, 20)[0, 0]
    assert divmod(int(heat.argmax()), 20) in {(1, 17), (1, 18), (2, 17), (2, 18)}


def test_overlapping_landmarks_do_not_add_up() -> None:
    assert losses.landmark_heatmaps(middle_landmarks(), 64).max() <= 2


def test_a_mistake_at_a_landmark_costs_more_than_one_elsewhere() -> None:
    heatmaps = losses.landmark_heatmaps(middle_landmarks(), 32)
    target = torch.zeros(1, 3, 32, 32)
    at_landmark, elsewhere = target.clone(), target.clone()
    at_landmark[:, :, 15:17, 15:17] = 1
    elsewhere[:, :, 0:2, 0:2] = 1
    costs = [losses.landmark_l1(output, target, heatmaps).item() for output in (at_landmark, elsewhere)]
    assert costs[0] > 100 * costs[1]


def test_a_uniform_mistake_costs_itself_whatever_the_heatmap() -> None:
    heatmaps = losses.landmark_heatmaps(middle_landmarks(), 32)
    target = torch.zeros(1, 3, 32, 32)
    assert losses.landmark_l1(target + 0.3, target, heatmaps).item() == pytest.approx(0.3)


def test_faces_without_visible_landmarks_cost_nothing_extra() -> None:
    nowhere = losses.landmark_heatmaps(torch.full((1, 25, 2), -5.0), 32)
    assert losses.landmark_l1(torch.ones(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), nowhere).item() == 0


def test_the_generator_wants_high_scores_and_the_critic_tells_apart() -> None:
    high, low = torch.tensor([5.0]), torch.tensor([-5.0])
    assert losses.generator_adversarial(high) < 0.01 < 5 < losses.generator_adversarial(low)
    assert losses.critic_adversarial(high, low) < 0.02 < 10 < losses.critic_adversarial(low, high)


def test_a_fooled_critic_still_gives_the_generator_a_gradient() -> None:
    scores = torch.tensor([-20.0], requires_grad=True)
    losses.generator_adversarial(scores).backward()
    assert scores.grad is not None
    assert scores.grad.item() == pytest.approx(-1)


def test_r1_is_half_the_squared_slope() -> None:
    pictures = torch.zeros(2, 3, 4, 4, requires_grad=True)
    scores = 3 * pictures[:, 0, 0, 0]
    assert losses.r1(scores, pictures).item() == pytest.approx(4.5)


def test_r1_can_be_trained_on() -> None:
    weight = torch.tensor(3.0, requires_grad=True)
    pictures = torch.zeros(2, 3, 4, 4, requires_grad=True)
    losses.r1(weight * pictures[:, 0, 0, 0], pictures).backward()
    assert weight.grad is not None
    assert weight.grad.item() == pytest.approx(3)
