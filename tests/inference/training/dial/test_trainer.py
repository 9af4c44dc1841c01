from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from inference.networks.dial import resized
from inference.training.dial.recipe import DialRecipe
from inference.training.dial.trainer import DialTrainer, ask
from inference.training.steps import TrainingDiverged

MakeTrainer = Callable[..., DialTrainer]


def weights(trainer: DialTrainer) -> list[torch.Tensor]:
    networks = (trainer.generator, trainer.average, trainer.critic, trainer.projected.critic)
    return [tensor.clone() for network in networks for tensor in network.state_dict().values()]


def equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def test_a_step_trains_all_networks(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(critic_steps=2)
    before = [network.to_rgb[0].out.weight.clone() for network in (trainer.generator, trainer.average)]
    critic = trainer.critic.score.weight.clone()
    projected = [parameter.clone() for parameter in trainer.projected.critic.parameters()]
    measured = trainer.step()
    assert trainer.pictures_seen == 4
    assert {
        "kept",
        "full",
        "features",
        "unlike",
        "discoloured",
        "tone",
        "detail",
        "adversarial",
        "critic",
        "projected",
        "projected_critic",
    } <= measured.keys()
    assert not torch.equal(before[0], trainer.generator.to_rgb[0].out.weight)
    assert not torch.equal(before[1], trainer.average.to_rgb[0].out.weight)
    assert not torch.equal(critic, trainer.critic.score.weight)
    assert not equal(projected, list(trainer.projected.critic.parameters()))


def test_a_run_that_was_cut_ends_where_an_unbroken_one_does(trainer_of: MakeTrainer) -> None:
    """Cut at 64 px, gone on with at 128."""
    unbroken, first, second = (trainer_of(pictures=8, coarse_share=0.5) for _ in range(3))
    sizes = []
    for _ in range(2):
        sizes.append(unbroken.size)
        unbroken.step()
    first.step()
    torch.manual_seed(123)
    second.load_state_dict(first.state_dict())
    second.step()
    assert (sizes, second.pictures_seen) == (["64 px", "128 px"], 8)
    assert equal(weights(unbroken), weights(second))


def test_growing_to_128_px_changes_nothing_at_first(trainer_of: MakeTrainer) -> None:
    """Neither what the generator draws nor what the critic thinks of it; grain halves to the same grain."""
    trainer = trainer_of(pictures=100, coarse_share=0.5)
    trainer.step()
    random = torch.Generator().manual_seed(1)
    asked = ask(torch.rand(2, 3, 64, 64, generator=random) * 2 - 1, 128, random, torch.tensor([8.0, 20.0]))
    with torch.no_grad():
        grown = trainer.generator(asked.inputs, asked.cutoff, asked.latent, asked.grain)
        coarse = functional.avg_pool2d(asked.grain, 2) * 2
        before = trainer.generator(asked.inputs, asked.cutoff, asked.latent, coarse)
        assert before.std() > 0.001
        torch.testing.assert_close(grown, resized(before, 2))
        torch.testing.assert_close(trainer.critic(grown), trainer.critic(functional.avg_pool2d(grown, 2)))


def test_the_head_of_256_px_is_trained_at_the_end(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(pictures=8, coarse_share=0.0, fine_share=0.5)
    heads = []
    for _ in range(2):
        trainer.step()
        heads.append(trainer.generator.fine.out.weight.detach().clone())
    assert trainer.size == "256 px"
    assert not heads[0].any()
    assert heads[1].any()


def test_a_critic_that_has_learnt_is_heard_at_once(trainer_of: MakeTrainer) -> None:
    """Where nothing else counts, only then does the first step change anything."""
    silent = {name: 0.0 for name in DialRecipe.__dataclass_fields__ if name.endswith("_weight")}
    for ramp, changes in ((7_000, False), (0, True)):
        trainer = trainer_of(**silent | {"adversarial_weight": 1.0}, critic_ramp=ramp)
        before = trainer.generator.to_rgb[0].out.weight.detach().clone()
        trainer.step()
        assert torch.equal(before, trainer.generator.to_rgb[0].out.weight) != changes


def test_the_seed_decides_the_run(trainer_of: MakeTrainer) -> None:
    """And nothing but the seed; the critic joins slowly, so at first its weight makes no difference."""
    one, again, other = trainer_of(seed=1), trainer_of(seed=1, adversarial_weight=1000.0), trainer_of(seed=2)
    measured = one.step()
    assert measured == again.step()
    assert measured != other.step()
    assert equal(weights(one), weights(again))


def test_training_without_emoji_works_too(trainer_of: MakeTrainer) -> None:
    assert "unlike" not in trainer_of(drawn_share=0.0).step()


def test_a_critic_that_is_too_sure_sees_less_clearly(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of()
    torch.nn.init.constant_(trainer.critic.score.bias, 1000.0)
    measured = trainer.step()
    assert measured["disguised"] == trainer.state_dict()["disguised"] == pytest.approx(4 / 50_000)


def test_a_run_can_start_from_trained_weights(trainer_of: MakeTrainer, tmp_path: Path) -> None:
    trained, trainer = trainer_of(seed=1), trainer_of(seed=2)
    trained.save_average(tmp_path / "start.safetensors")
    trainer.start_from(tmp_path / "start.safetensors")
    for copy in (trainer.generator, trainer.average):
        assert equal(list(copy.state_dict().values()), list(trained.average.state_dict().values()))


def test_a_run_that_diverges_says_so(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of()
    torch.nn.init.constant_(trainer.generator.to_rgb[0].out.bias, float("nan"))
    with pytest.raises(TrainingDiverged, match="after 4 pictures"):
        trainer.step()


def test_questions_are_low_passed_to_the_cutoff_given() -> None:
    random = torch.Generator().manual_seed(1)
    inputs = torch.rand(2, 3, 64, 64, generator=random)
    asked = ask(inputs, 128, random, torch.tensor([6.0, 32.0]))
    assert asked.cutoff.tolist() == [6, 32]
    assert asked.latent.shape == (2, 64)
    assert asked.grain.shape == (2, 1, 128, 128)
    assert asked.inputs[0].std() < 0.25 * inputs.std() < asked.inputs[1].std()


def test_a_resume_file_holds_what_it_always_held(trainer_of: MakeTrainer) -> None:
    """Runs that began under an earlier version go on."""
    state = trainer_of().state_dict()
    networks, optimisers = ("generator", "average", "critic"), ("generator_steps", "critic_steps")
    assert list(state) == ["pictures_seen", "disguised", *networks, *optimisers, "projected", "projected_steps"]


def test_a_run_that_began_with_one_critic_goes_on_with_two(trainer_of: MakeTrainer) -> None:
    begun, trainer = trainer_of(seed=1), trainer_of(seed=2)
    begun.step()
    trainer.load_state_dict({name: kept for name, kept in begun.state_dict().items() if "projected" not in name})
    assert trainer.pictures_seen == 4
    assert equal(list(trainer.generator.state_dict().values()), list(begun.generator.state_dict().values()))
    assert "projected" in trainer.step()


def test_a_run_without_a_critic_does_not_go_on(trainer_of: MakeTrainer) -> None:
    state = trainer_of().state_dict()
    del state["critic"]
    with pytest.raises(KeyError, match="critic"):
        trainer_of().load_state_dict(state)


def test_twins_are_shown_the_same_with_other_noise(trainer_of: MakeTrainer) -> None:
    trainer = trainer_of(batch=4, drawn_share=0.5)
    seen: list[tuple[torch.Tensor, ...]] = []
    trainer.generator.register_forward_pre_hook(lambda network, given: seen.append(given))
    trainer.step()
    image, cutoff, latent, grain = seen[0]
    assert torch.equal(cutoff[2], cutoff[3])
    assert torch.allclose(image[2], image[3])
    assert not torch.equal(latent[2], latent[3])
    assert not torch.equal(grain[2], grain[3])
