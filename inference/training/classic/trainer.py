"""One training step after another: networks, optimisers and moving average of a run."""

import dataclasses
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from inference.checkpoint import CheckpointInfo, load_classic, save_checkpoint
from inference.networks.classic import FULLY_GROWN, ClassicGenerator, Stage
from inference.training import losses
from inference.training.augment import network_inputs, reduced
from inference.training.classic.batchnorm import CALIBRATION_BATCH, normalisations, recalibrate
from inference.training.classic.examples import ExampleMaker, Examples
from inference.training.classic.recipe import ClassicRecipe, Phase, phase_at
from inference.training.critic import Critic, disguise
from inference.training.faces import Faces
from inference.training.steps import Part, channels_last, descend, finite, follow, restore, set_rate, states, stream

CRITIC_RAMP_PICTURES = 5_000
R1_EVERY = 16


class ClassicTrainer:
    """A run in memory. What it does next depends only on its state, never on time."""

    def __init__(self, recipe: ClassicRecipe, faces: Faces, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.pictures_seen = 0
        self._examples = ExampleMaker(faces, recipe.emote_share)
        self._statistics_frozen = False
        self.generator = channels_last(ClassicGenerator(recipe.width).to(device))
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.critic = channels_last(Critic().to(device))
        self._generator_steps = torch.optim.Adam(self.generator.parameters(), betas=(0.9, 0.99))
        self._critic_steps = torch.optim.Adam(self.critic.parameters(), recipe.critic_learning_rate, (0.0, 0.99))

    @property
    def phase(self) -> Phase:
        """What the next step will be trained with."""
        return phase_at(self.recipe, self.pictures_seen)

    @property
    def size(self) -> str:
        """How large the pictures are, and how far that size has been faded in."""
        return f"{self.phase.stage.output_px} px x {self.phase.stage.blend:.2f}"

    def step(self) -> dict[str, float]:
        """Train on one batch; returns its losses by name."""
        phase, random = self.phase, stream(self.recipe.seed, self.pictures_seen)
        self._set_mode(phase)
        examples = self._examples.draw(self.recipe.batch, random).to(self.device)
        self._feed_back(examples.inputs, phase.stage, random)
        with self._autocast():
            output = self.generator(examples.inputs, phase.stage)
        measured = self._step_generator(output.float(), examples, phase, random)
        if phase.adversarial_weight:
            measured |= self._step_critic(output.detach().float(), examples.targets, random)
        self.pictures_seen += self.recipe.batch
        steps, half_life = self.pictures_seen // self.recipe.batch, self.recipe.ema_half_life / self.recipe.batch
        follow(self.average, self.generator, steps, half_life)
        return finite(measured, self.pictures_seen)

    def settle(self) -> None:
        """Measure the batch statistics that belong to the averaged weights."""
        with self._autocast():
            recalibrate(self.average, self._calibration_batches(), self.phase.stage)

    def save_average(self, path: Path) -> None:
        """Write the averaged generator, with the recipe, as a checkpoint that `export` takes."""
        recipe = dataclasses.asdict(self.recipe)
        info = CheckpointInfo(self.recipe.width, self.phase.stage, self.pictures_seen, recipe)
        save_checkpoint(path, self.average, info)

    def start_from(self, path: Path) -> None:
        """Begin with a checkpoint's weights, of the same width, instead of random ones."""
        network = load_classic(path).generator
        self.generator.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here, but for the recipe."""
        return {
            "pictures_seen": self.pictures_seen,
            "statistics_frozen": self._statistics_frozen,
            **states(self._parts),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a trainer with the same recipe."""
        self.pictures_seen, self._statistics_frozen = state["pictures_seen"], state["statistics_frozen"]
        restore(self._parts, state)

    @property
    def _parts(self) -> Mapping[str, Part]:
        return {
            "generator": self.generator,
            "average": self.average,
            "critic": self.critic,
            "generator_steps": self._generator_steps,
            "critic_steps": self._critic_steps,
        }

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def _set_mode(self, phase: Phase) -> None:
        if phase.frozen_statistics and not self._statistics_frozen:
            with self._autocast():
                recalibrate(self.generator, self._calibration_batches(), phase.stage)
            self._statistics_frozen = True
        self.generator.train()
        if phase.frozen_statistics:
            for layer in normalisations(self.generator):
                layer.eval()
        set_rate(self._generator_steps, phase.learning_rate)

    @torch.no_grad()
    def _feed_back(self, inputs: Tensor, stage: Stage, random: Generator) -> None:
        """Late in a run, replace some of (N, 3, 16, 16) by what the network makes of them."""
        chosen = torch.rand(len(inputs), generator=random) < self.recipe.fed_back_share
        if stage != FULLY_GROWN or not chosen.any():
            return
        layers = normalisations(self.generator)
        modes = [layer.training for layer in layers]
        for layer in layers:
            layer.eval()
        with self._autocast():
            faces = self.generator(inputs[chosen])
        for layer, training in zip(layers, modes, strict=True):
            layer.train(training)
        inputs[chosen] = network_inputs(faces.float().clamp(-1, 1))

    def _step_generator(self, output: Tensor, examples: Examples, phase: Phase, random: Generator) -> dict[str, Tensor]:
        side_px = phase.stage.output_px
        target = reduced(examples.targets, side_px)
        heatmaps = losses.landmark_heatmaps(examples.landmarks, side_px)
        measured = {
            "l1": losses.l1(output, target),
            "landmark_l1": losses.landmark_l1(output, target, heatmaps),
        }
        total = measured["l1"] + self.recipe.landmark_weight * measured["landmark_l1"]
        if phase.adversarial_weight:
            self.critic.requires_grad_(False)
            with self._autocast():
                scores = self.critic(disguise(output, random))
            self.critic.requires_grad_(True)
            measured["adversarial"] = losses.generator_adversarial(scores)
            total = total + phase.adversarial_weight * self._ramp() * measured["adversarial"]
        descend(self._generator_steps, total)
        return {name: value.detach() for name, value in measured.items()}

    def _step_critic(self, fake: Tensor, real: Tensor, random: Generator) -> dict[str, Tensor]:
        with self._autocast():
            real_scores = self.critic(disguise(real, random))
            fake_scores = self.critic(disguise(fake, random))
        loss = losses.critic_adversarial(real_scores, fake_scores)
        total = loss
        if self.pictures_seen // self.recipe.batch % R1_EVERY == 0:
            real = real[: self.recipe.batch // 2].detach().requires_grad_(True)
            total = total + R1_EVERY * losses.r1(self.critic(real), real)
        descend(self._critic_steps, total)
        return {"critic": loss.detach()}

    def _ramp(self) -> float:
        joined_at = self.recipe.adversarial_from * self.recipe.pictures
        return min(max((self.pictures_seen - joined_at) / CRITIC_RAMP_PICTURES, 0.0), 1.0)

    def _calibration_batches(self) -> Iterator[Tensor]:
        """Inputs like those trained on, from a stream that training does not draw from."""
        for number in range(0, self.recipe.calibration_inputs, CALIBRATION_BATCH):
            random = stream(self.recipe.seed, 2**31 + number)
            yield self._examples.draw(CALIBRATION_BATCH, random).to(self.device).inputs
