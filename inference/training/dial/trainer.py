"""One step after another of a run of the emote-native network."""

import dataclasses
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from inference.checkpoint import DialInfo, load_dial, save_checkpoint
from inference.networks.dial import DialGenerator
from inference.preparation import LATENT
from inference.training.critic import Critic, disguise, looked_at
from inference.training.dial import losses
from inference.training.dial.ahead import Ahead
from inference.training.dial.drawn import Drawn
from inference.training.dial.examples import Batch, BatchMaker
from inference.training.dial.low_pass import low_pass, random_cutoffs
from inference.training.dial.recipe import DialRecipe, Phase, phase_at
from inference.training.faces import Faces
from inference.training.losses import critic_adversarial, landmark_heatmaps, r1
from inference.training.projected import ProjectedOpponent, sets_in
from inference.training.steps import (
    Part,
    channels_last,
    descend,
    finite,
    follow,
    one_thread,
    restore,
    set_rate,
    states,
    stream,
)

R1_EVERY, R1_PICTURES, R1_WEIGHT = 16, 8, 0.15
SURE = 0.6
"""Where the critic is so sure of real faces (mean sign of its scores), what it sees is disguised more, else less
(Karras et al. 2020, https://arxiv.org/abs/2006.06676)."""
DISGUISE_PICTURES = 50_000
"""In so many pictures the disguised share can go from none to all."""
MOST_DISGUISED = 0.8


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What the generator is asked: low-passed inputs (N, 3, 64, 64), their cutoffs (N,) and the noise."""

    inputs: Tensor
    cutoff: Tensor
    latent: Tensor
    grain: Tensor


class DialTrainer:
    """A run in memory. What it does next depends only on its state, never on time."""

    def __init__(self, recipe: DialRecipe, faces: Faces, drawn: Drawn, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.pictures_seen = 0
        self._disguised = 0.0
        self._batches = BatchMaker(faces, drawn, recipe.drawn_share)
        self._ahead = Ahead(self._draw) if device.type == "cuda" else None
        self.generator = channels_last(DialGenerator().to(device))
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.critic = channels_last(Critic().to(device))
        self.projected = ProjectedOpponent(device)
        self._generator_steps = torch.optim.Adam(self.generator.parameters(), betas=(0.0, 0.99))
        self._critic_steps = torch.optim.Adam(self.critic.parameters(), betas=(0.0, 0.99))

    @property
    def phase(self) -> Phase:
        """What the next step will be trained with."""
        return phase_at(self.recipe, self.pictures_seen)

    @property
    def size(self) -> str:
        """How large the pictures are by now."""
        return f"{self.phase.side_px} px"

    def step(self) -> dict[str, float]:
        """Train on one batch; returns its losses by name."""
        phase, now, following = self.phase, self.pictures_seen, self.pictures_seen + self.recipe.batch
        set_rate(self._generator_steps, phase.learning_rate)
        set_rate(self._critic_steps, phase.critic_learning_rate)
        batch, random = self._next_batch(now, following)
        cutoff = random_cutoffs(self.recipe.batch, random)
        cutoff[batch.pairs + 1 :: 2] = cutoff[batch.pairs :: 2]
        asked = ask(batch.inputs, phase.side_px, random, cutoff)
        with self._autocast():
            output = self.generator(asked.inputs, asked.cutoff, asked.latent, asked.grain)
        real = looked_at(batch.faces)
        measured = self._step_generator(output.float(), real, batch, asked, random)
        fake = looked_at(output.detach().float())
        for _ in range(self.recipe.critic_steps):
            measured |= self._step_critic(fake, real, random)
        self.pictures_seen = following
        half_life = self.recipe.ema_half_life / self.recipe.batch
        follow(self.average, self.generator, self.pictures_seen // self.recipe.batch, half_life)
        return finite(measured, self.pictures_seen) | {"disguised": self._disguised}

    def settle(self) -> None:
        """Nothing: the network has no statistics of its own."""

    def save_average(self, path: Path) -> None:
        """Write the averaged generator, with the recipe, as a checkpoint that `export` takes."""
        save_checkpoint(path, self.average, DialInfo(self.pictures_seen, dataclasses.asdict(self.recipe)))

    def start_from(self, path: Path) -> None:
        """Begin with the weights of a checkpoint or of the served file instead of random ones."""
        network = load_dial(path).generator
        self.generator.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here, but for the recipe."""
        return {"pictures_seen": self.pictures_seen, "disguised": self._disguised, **states(self._parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a trainer with the same recipe; one of a single critic gets a second."""
        self.pictures_seen, self._disguised = state["pictures_seen"], state["disguised"]
        new = self.projected.parts.keys() - state.keys()
        restore({name: part for name, part in self._parts.items() if name not in new}, state)

    @property
    def _parts(self) -> Mapping[str, Part]:
        return {
            "generator": self.generator,
            "average": self.average,
            "critic": self.critic,
            "generator_steps": self._generator_steps,
            "critic_steps": self._critic_steps,
            **self.projected.parts,
        }

    def _step_generator(
        self, output: Tensor, real: Tensor, batch: Batch, asked: Asked, random: Generator
    ) -> dict[str, Tensor]:
        recipe, pairs = self.recipe, batch.pairs
        drawn, targets, cutoff = output[:pairs], batch.faces[:pairs], asked.cutoff[:pairs]
        heatmaps, seen = landmark_heatmaps(batch.landmarks[:pairs], output.shape[-1]), looked_at(output)
        measured = {
            "kept": losses.kept(drawn, targets, cutoff),
            "full": losses.full(drawn, targets, cutoff),
            "features": losses.features(drawn, targets, heatmaps, cutoff),
            "detail": losses.detail_missed(seen, real),
        }
        total = (
            recipe.kept_weight * measured["kept"]
            + recipe.full_weight * measured["full"]
            + recipe.feature_weight * measured["features"]
            + recipe.detail_weight * measured["detail"]
        )
        if pairs < len(output):
            emotes, invented, cutoff = asked.inputs[pairs:], output[pairs:], asked.cutoff[pairs:]
            measured["unlike"] = losses.likeness_missed(invented, emotes, cutoff)
            measured["discoloured"] = losses.colour_missed(invented, emotes)
            measured["dimmed"] = losses.brightness_missed(invented, emotes)
            measured["tone"] = losses.tone_missed(invented, emotes)
            measured["twins"] = losses.twins_missed(invented, cutoff)
            total = (
                total
                + recipe.likeness_weight * measured["unlike"]
                + recipe.colour_weight * measured["discoloured"]
                + recipe.brightness_weight * measured["dimmed"]
                + recipe.tone_weight * measured["tone"]
                + recipe.twins_weight * measured["twins"]
            )
        self.critic.requires_grad_(False)
        with self._autocast():
            scores = self.critic(disguise(seen, random, self._disguised))
        self.critic.requires_grad_(True)
        measured["adversarial"] = losses.adversarial(scores[:, None], asked.cutoff)
        total = total + recipe.adversarial_weight * self._ramp() * measured["adversarial"]
        projected, found = self.projected.scores(seen, random)
        measured["projected"] = losses.adversarial(projected, asked.cutoff)
        total = total + recipe.projected_weight * sets_in(self.pictures_seen) * measured["projected"]
        descend(self._generator_steps, total)
        measured["projected_critic"] = self.projected.step(found, real, random, self._penalised)
        measured["score_pairs"] = scores[:pairs].mean()
        if pairs < len(output):
            measured["score_drawn"] = scores[pairs:].mean()
        return {name: value.detach() for name, value in measured.items()}

    def _step_critic(self, fake: Tensor, real: Tensor, random: Generator) -> dict[str, Tensor]:
        with self._autocast():
            real_scores = self.critic(disguise(real, random, self._disguised))
            fake_scores = self.critic(disguise(fake, random, self._disguised))
        loss = critic_adversarial(real_scores, fake_scores)
        total = loss
        if self._penalised:
            real = real[:R1_PICTURES].detach().requires_grad_(True)
            total = total + R1_EVERY * R1_WEIGHT * r1(self.critic(real), real)
        descend(self._critic_steps, total)
        self._adapt(float(real_scores.detach().sign().mean()))
        return {"critic": loss.detach(), "score_real": real_scores.detach().mean()}

    def _adapt(self, sureness: float) -> None:
        step = self.recipe.batch / DISGUISE_PICTURES
        wanted = self._disguised + (step if sureness > SURE else -step)
        self._disguised = min(max(wanted, 0.0), MOST_DISGUISED)

    @property
    def _penalised(self) -> bool:
        return self.pictures_seen // self.recipe.batch % R1_EVERY == 0

    def _ramp(self) -> float:
        return min(self.pictures_seen / self.recipe.critic_ramp, 1.0) if self.recipe.critic_ramp else 1.0

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def _next_batch(self, now: int, following: int) -> tuple[Batch, Generator]:
        if self._ahead:
            batch, random = self._ahead.take(now, following)
        else:
            with one_thread():
                batch, random = self._draw(now)
        return batch.to(self.device), random

    def _draw(self, number: int) -> tuple[Batch, Generator]:
        """The batch after so many pictures, and the randomness that its step goes on with."""
        random = stream(self.recipe.seed, number)
        batch = self._batches.draw(self.recipe.batch, phase_at(self.recipe, number).side_px, random)
        return batch.pinned() if self._ahead else batch, random


def ask(inputs: Tensor, side_px: int, random: Generator, cutoff: Tensor) -> Asked:
    """Low-pass (N, 3, 64, 64) inputs to their cutoffs, (N,), and draw the noise, all on the inputs' device."""
    count, device = len(inputs), inputs.device
    cutoff = cutoff.to(device)
    return Asked(
        low_pass(inputs, cutoff).contiguous(memory_format=torch.channels_last),
        cutoff,
        torch.randn(count, LATENT, generator=random).to(device),
        torch.randn(count, 1, side_px, side_px, generator=random).to(device),
    )
