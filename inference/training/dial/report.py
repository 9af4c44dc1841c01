"""What a run of the emote-native network shows of itself: emoji along the dial, and disguised faces held out."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from inference.preparation import DIAL_INPUT_PX
from inference.preprocess import Pixels, framed, from_tensor, matted, to_tensor
from inference.training.augment import random_views
from inference.training.dial import losses
from inference.training.dial.disguise import disguised
from inference.training.dial.examples import FACES
from inference.training.dial.trainer import DialTrainer, ask
from inference.training.emote_sets import emoji_picture
from inference.training.faces import Faces, held_out
from inference.training.sheet import EMOJI, contact_sheet, spread

EMOJI_CUTOFFS = (6.0, 9.0, 14.0, 30.0)
FACE_CUTOFFS = (8.0, 24.0)
VIEWS_SEED, NOISE_SEED = 1, 5


class DialReport:
    """Shows what the averaged weights of a trainer draw, always from the same inputs and noise."""

    def __init__(self, trainer: DialTrainer, faces: Faces) -> None:
        self._trainer = trainer
        self._emoji = torch.from_numpy(to_tensor(np.stack([_shown(each) for each in EMOJI])))
        held = held_out(len(faces))[1]
        random = Generator().manual_seed(VIEWS_SEED)
        views = random_views(faces, held[spread(len(held), len(EMOJI))], FACES, random)
        self._targets, self._disguised = disguised(views, random)

    def __call__(self, sheet: Path) -> dict[str, float]:
        """Save a contact sheet: emoji, what is made of them from coarse to fine, faces, disguised, and drawn again.

        Returns how far what the network was shown of the held-out faces is from what it drew, by cutoff.
        """
        rows = [self._emoji, *(self._drawn(self._emoji, cutoff) for cutoff in EMOJI_CUTOFFS)]
        faces = {cutoff: self._drawn(self._disguised, cutoff) for cutoff in FACE_CUTOFFS}
        contact_sheet([_pixels(row) for row in (*rows, self._targets, self._disguised, *faces.values())]).save(sheet)
        return {f"development_kept_{cutoff:.0f}": self._missed(drawn, cutoff) for cutoff, drawn in faces.items()}

    @torch.no_grad()
    def _drawn(self, inputs: Tensor, cutoff: float) -> Tensor:
        trainer = self._trainer
        cutoffs = torch.full((len(inputs),), cutoff)
        asked = ask(inputs.to(trainer.device), trainer.phase.side_px, Generator().manual_seed(NOISE_SEED), cutoffs)
        return trainer.average(asked.inputs, asked.cutoff, asked.latent, asked.grain).cpu()  # type: ignore[no-any-return]

    def _missed(self, drawn: Tensor, cutoff: float) -> float:
        return float(losses.kept(drawn, self._targets, torch.full((len(drawn),), cutoff)))


def _shown(text: str) -> Pixels:
    """(64, 64, 3): an emoji on the matte that the network sees it on."""
    picture = matted(framed(emoji_picture(text)))
    return np.asarray(picture.resize((DIAL_INPUT_PX, DIAL_INPUT_PX), Image.Resampling.LANCZOS))


def _pixels(pictures: Tensor) -> Pixels:
    return from_tensor(pictures.numpy())
