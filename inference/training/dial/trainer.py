"""One step after another of a run of the emote-native network."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from inference.networks.dial import INPUT_PX, LATENT, DialGenerator
from inference.training.critic import Critic, disguise
from inference.training.dial import losses
from inference.training.dial.drawn import Drawn
from inference.training.dial.examples import Batch, BatchMaker
from inference.training.dial.low_pass import low_pass, random_cutoffs
from inference.training.dial.recipe import DialPhase, DialRecipe, dial_phase_at
from inference.training.faces import Faces
from inference.training.losses import critic_adversarial, landmark_heatmaps, r1

CRITIC_RAMP_PICTURES = 7_000
R1_EVERY, R1_PICTURES, R1_WEIGHT = 16, 8, 0.5
SURE = 0.6
"""Where the critic is so sure of real faces (mean sign of its scores), what it sees is disguised more, else less
(Karras et al. 2020, https://arxiv.org/abs/2006.06676)."""
DISGUISE_PICTURES = 50_000
"""In so many pictures the disguised share can go from none to all."""
MOST_DISGUISED = 0.8


class TrainingDiverged(Exception):
    """A loss is no longer a finite number."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the generator is asked: low-passed inputs (N, 3, 64, 64), their cutoffs (N,) and the noise."""

    inputs: Tensor
    cutoff: Tensor
    latent: Tensor
    grain: Tensor


class DialTrainer:
    """A run in memory. What it does next depends only on its state, never on time."""

    def __init__(self, recipe: DialRecipe, faces: Faces, drawn: Drawn) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.pictures_seen = 0
        self._disguised = 0.0
        self._batches = BatchMaker(faces, drawn, recipe.drawn_share)
        self.generator = DialGenerator().to(memory_format=torch.channels_last)
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.critic = Critic().to(memory_format=torch.channels_last)
        self._generator_steps = torch.optim.Adam(self.generator.parameters(), betas=(0.0, 0.99))
        self._critic_steps = torch.optim.Adam(self.critic.parameters(), betas=(0.0, 0.99))

    @property
    def phase(self) -> DialPhase:
        """What the next step will be trained with."""
        return dial_phase_at(self.recipe, self.pictures_seen)

    def step(self) -> dict[str, float]:
        """Train on one batch; returns its losses by name."""
        phase = self.phase
        random = Generator().manual_seed(self.recipe.seed * 2**32 + self.pictures_seen)
        _set_rate(self._generator_steps, phase.learning_rate)
        _set_rate(self._critic_steps, phase.critic_learning_rate)
        batch = self._batches.draw(self.recipe.batch, phase.side_px, random)
        asked = ask(batch.inputs, phase.side_px, random)
        with _autocast():
            output = self.generator(asked.inputs, asked.cutoff, asked.latent, asked.grain)
        measured = self._step_generator(output.float(), batch, asked, random)
        measured |= self._step_critic(output.detach().float(), batch.faces, random)
        self.pictures_seen += self.recipe.batch
        self._update_average()
        numbers = {name: float(value) for name, value in measured.items()}
        if not all(map(torch.isfinite, measured.values())):
            raise TrainingDiverged(f"after {self.pictures_seen} pictures: {numbers}")
        return numbers

    def start_from(self, network: DialGenerator) -> None:
        """Begin with trained weights instead of random ones."""
        self.generator.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here, but for the recipe."""
        return {
            "pictures_seen": self.pictures_seen,
            "disguised": self._disguised,
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "critic": self.critic.state_dict(),
            "generator_steps": self._generator_steps.state_dict(),
            "critic_steps": self._critic_steps.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a trainer with the same recipe."""
        self.pictures_seen = state["pictures_seen"]
        self._disguised = state["disguised"]
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        self.critic.load_state_dict(state["critic"])
        self._generator_steps.load_state_dict(state["generator_steps"])
        self._critic_steps.load_state_dict(state["critic_steps"])

    def _step_generator(self, output: Tensor, batch: Batch, asked: Asked, random: Generator) -> dict[str, Tensor]:
        recipe, pairs = self.recipe, batch.pairs
        drawn, targets, cutoff = output[:pairs], batch.faces[:pairs], asked.cutoff[:pairs]
        heatmaps = landmark_heatmaps(batch.landmarks[:pairs], output.shape[-1])
        measured = {
            "kept": losses.kept(drawn, targets, cutoff),
            "full": losses.full(drawn, targets, cutoff),
            "features": losses.features(drawn, targets, heatmaps, cutoff),
        }
        total = (
            recipe.kept_weight * measured["kept"]
            + recipe.full_weight * measured["full"]
            + recipe.feature_weight * measured["features"]
        )
        if pairs < len(output):
            emotes, invented = asked.inputs[pairs:], output[pairs:]
            measured["unlike"] = losses.likeness_missed(invented, emotes, asked.cutoff[pairs:])
            measured["discoloured"] = losses.colour_missed(invented, emotes)
            total = total + recipe.likeness_weight * measured["unlike"] + recipe.colour_weight * measured["discoloured"]
        self.critic.requires_grad_(False)
        with _autocast():
            scores = self.critic(disguise(output, random, self._disguised))
        self.critic.requires_grad_(True)
        measured["adversarial"] = losses.adversarial(scores, asked.cutoff)
        total = total + recipe.adversarial_weight * self._ramp() * measured["adversarial"]
        _descend(self._generator_steps, total)
        measured["score_pairs"], measured["score_drawn"] = scores[:pairs].mean(), scores[pairs:].mean()
        return {name: value.detach() for name, value in measured.items()}

    def _step_critic(self, fake: Tensor, real: Tensor, random: Generator) -> dict[str, Tensor]:
        with _autocast():
            real_scores = self.critic(disguise(real, random, self._disguised))
            fake_scores = self.critic(disguise(fake, random, self._disguised))
        loss = critic_adversarial(real_scores, fake_scores)
        total = loss
        if self.pictures_seen // self.recipe.batch % R1_EVERY == 0:
            real = real[:R1_PICTURES].detach().requires_grad_(True)
            total = total + R1_EVERY * R1_WEIGHT * r1(self.critic(real), real)
        _descend(self._critic_steps, total)
        self._adapt(float(real_scores.detach().sign().mean()))
        return {
            "critic": loss.detach(),
            "score_real": real_scores.detach().mean(),
            "disguised": torch.tensor(self._disguised),
        }

    def _adapt(self, sureness: float) -> None:
        step = self.recipe.batch / DISGUISE_PICTURES
        wanted = self._disguised + (step if sureness > SURE else -step)
        self._disguised = min(max(wanted, 0.0), MOST_DISGUISED)

    def _ramp(self) -> float:
        return min(self.pictures_seen / CRITIC_RAMP_PICTURES, 1.0)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay: float = 0.5 ** (self.recipe.batch / self.recipe.ema_half_life)
        steps = self.pictures_seen // self.recipe.batch
        decay = min(decay, steps / (steps + 10))
        for averaged, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            averaged.lerp_(new, 1 - decay)


def ask(inputs: Tensor, side_px: int, random: Generator, cutoff: Tensor | None = None) -> Asked:
    """Low-pass (N, 3, 64, 64) inputs to random cutoffs, or those given, and draw the noise."""
    count = len(inputs)
    cutoff = random_cutoffs(count, random) if cutoff is None else cutoff
    return Asked(
        low_pass(inputs, cutoff).contiguous(memory_format=torch.channels_last),
        cutoff,
        torch.randn(count, LATENT, generator=random),
        torch.randn(count, 1, side_px, side_px, generator=random),
    )


def _autocast() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def _set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimiser.step()
