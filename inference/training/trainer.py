"""One training step after another: networks, optimisers and moving average of a run."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from torch import Generator, Tensor, nn

from inference.networks.classic import FULLY_GROWN, ClassicGenerator, Stage
from inference.training import losses
from inference.training.augment import network_inputs, reduced
from inference.training.batchnorm import CALIBRATION_BATCH, normalisations, recalibrate
from inference.training.critic import Critic, disguise
from inference.training.examples import ExampleMaker, Examples
from inference.training.faces import Faces
from inference.training.recipe import Phase, Recipe, phase_at

CRITIC_RAMP_PICTURES = 5_000
R1_EVERY = 16


class TrainingDiverged(Exception):
    """A loss is no longer a finite number."""


class Trainer:
    """A run in memory. What it does next depends only on its state, never on time."""

    def __init__(self, recipe: Recipe, faces: Faces, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.pictures_seen = 0
        self._examples = ExampleMaker(faces, recipe.emote_share)
        self._statistics_frozen = False
        self.generator = ClassicGenerator(recipe.width).to(device)
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.critic = Critic().to(device)
        for network in (self.generator, self.average, self.critic):
            _channels_last(network)
        self._generator_steps = torch.optim.Adam(self.generator.parameters(), betas=(0.9, 0.99))
        self._critic_steps = torch.optim.Adam(self.critic.parameters(), recipe.critic_learning_rate, (0.0, 0.99))

    @property
    def phase(self) -> Phase:
        """What the next step will be trained with."""
        return phase_at(self.recipe, self.pictures_seen)

    def step(self) -> dict[str, float]:
        """Train on one batch; returns its losses by name."""
        phase, random = self.phase, self._random(self.pictures_seen)
        self._set_mode(phase)
        examples = self._examples.draw(self.recipe.batch, random).to(self.device)
        self._feed_back(examples.inputs, phase.stage, random)
        with self._autocast():
            output = self.generator(examples.inputs, phase.stage)
        measured = self._step_generator(output.float(), examples, phase, random)
        if phase.adversarial_weight:
            measured |= self._step_critic(output.detach().float(), examples.targets, random)
        self.pictures_seen += self.recipe.batch
        self._update_average()
        numbers = {name: float(value) for name, value in measured.items()}
        if not all(map(torch.isfinite, measured.values())):
            raise TrainingDiverged(f"after {self.pictures_seen} pictures: {numbers}")
        return numbers

    def calibrate_average(self) -> None:
        """Measure the batch statistics that belong to the averaged weights."""
        with self._autocast():
            recalibrate(self.average, self._calibration_batches(), self.phase.stage)

    def start_from(self, network: ClassicGenerator) -> None:
        """Begin with trained weights of the same width instead of random ones."""
        self.generator.load_state_dict(network.state_dict())
        self.average.load_state_dict(network.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Everything a later process needs to go on exactly here, but for the recipe."""
        return {
            "pictures_seen": self.pictures_seen,
            "statistics_frozen": self._statistics_frozen,
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "critic": self.critic.state_dict(),
            "generator_steps": self._generator_steps.state_dict(),
            "critic_steps": self._critic_steps.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict` of a trainer with the same recipe."""
        self.pictures_seen = state["pictures_seen"]
        self._statistics_frozen = state["statistics_frozen"]
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        self.critic.load_state_dict(state["critic"])
        self._generator_steps.load_state_dict(state["generator_steps"])
        self._critic_steps.load_state_dict(state["critic_steps"])

    def _random(self, number: int) -> Generator:
        """A stream of its own for every batch, so that a resumed run draws what an unbroken one would."""
        return Generator().manual_seed(self.recipe.seed * 2**32 + number)

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
        for group in self._generator_steps.param_groups:
            group["lr"] = phase.learning_rate

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
        _descend(self._generator_steps, total)
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
        _descend(self._critic_steps, total)
        return {"critic": loss.detach()}

    def _ramp(self) -> float:
        joined_at = self.recipe.adversarial_from * self.recipe.pictures
        return min(max((self.pictures_seen - joined_at) / CRITIC_RAMP_PICTURES, 0.0), 1.0)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay: float = 0.5 ** (self.recipe.batch / self.recipe.ema_half_life)
        steps = self.pictures_seen // self.recipe.batch
        decay = min(decay, steps / (steps + 10))
        for kept, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)

    def _calibration_batches(self) -> Iterator[Tensor]:
        """Inputs like those trained on, from a stream that training does not draw from."""
        for number in range(0, self.recipe.calibration_inputs, CALIBRATION_BATCH):
            random = self._random(2**31 + number)
            yield self._examples.draw(CALIBRATION_BATCH, random).to(self.device).inputs


def _channels_last(network: nn.Module) -> None:
    """Lay the weights of convolutions out as oneDNN and cuDNN like them best."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimiser.step()
