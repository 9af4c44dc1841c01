import pytest
import torch

from inference.training.critic import Critic, disguise, looked_at


def faces(count: int, side_px: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, side_px, side_px, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("side_px", [64, 128])
@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_every_face_gets_a_score(count: int, side_px: int) -> None:
    torch.manual_seed(0)
    scores = Critic()(faces(count, side_px))
    assert scores.shape == (count,)
    assert scores.isfinite().all()


def test_a_group_of_equal_faces_is_told_from_a_varied_one() -> None:
    torch.manual_seed(0)
    critic = Critic()
    varied = critic(faces(4))[0]
    alone = critic(faces(4)[:1].expand(4, -1, -1, -1))[0]
    assert varied != alone


def test_a_critic_that_grows_thinks_as_before_and_can_learn_from_what_is_finer() -> None:
    torch.manual_seed(0)
    critic = Critic()
    scores = critic(faces(4, 128))
    torch.testing.assert_close(scores, critic(torch.nn.functional.avg_pool2d(faces(4, 128), 2)))
    scores.sum().backward()
    assert critic.fine_gain.grad is not None
    assert critic.fine_gain.grad.abs() > 0


@pytest.mark.parametrize("side_px", [64, 128])
def test_a_critic_can_learn_to_tell_light_from_dark(side_px: int) -> None:
    torch.manual_seed(0)
    critic = Critic()
    steps = torch.optim.Adam(critic.parameters(), 1.5e-3, (0.0, 0.99))
    light, dark = faces(2, side_px) * 0.2 + 0.5, faces(2, side_px) * 0.2 - 0.5
    for _ in range(4):
        loss = torch.nn.functional.softplus(-critic(light)).mean() + torch.nn.functional.softplus(critic(dark)).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
    assert critic(light).min() > critic(dark).max()


def test_a_disguise_changes_the_face_and_lets_gradients_through() -> None:
    pictures = faces(2).requires_grad_(True)
    disguised = disguise(pictures, torch.Generator().manual_seed(2))
    assert disguised.shape == pictures.shape
    assert not torch.equal(disguised, pictures)
    disguised.sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.abs().sum() > 0


def test_a_disguise_is_a_function_of_its_stream() -> None:
    first, again = (disguise(faces(2), torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)


def test_only_a_share_is_disguised() -> None:
    pictures = faces(200, 16)
    untouched = [
        (disguise(pictures, torch.Generator().manual_seed(4), share) == pictures)
        .flatten(1)
        .all(1)
        .float()
        .mean()
        .item()
        for share in (0.0, 0.3, 1.0)
    ]
    assert untouched[0] == 1
    assert untouched[1] == pytest.approx(0.7, abs=0.1)
    assert untouched[2] == 0


def test_a_critic_looks_at_128_px_of_larger_faces_and_at_all_of_smaller_ones() -> None:
    faces = torch.rand(2, 3, 256, 256)
    assert looked_at(faces).shape == (2, 3, 128, 128)
    torch.testing.assert_close(looked_at(faces)[0, 0, 0, 0], faces[0, 0, :2, :2].mean())
    assert torch.equal(looked_at(faces[..., :64, :64]), faces[..., :64, :64])
