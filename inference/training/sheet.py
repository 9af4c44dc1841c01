"""Contact sheets: pictures side by side, to be judged by eye."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from inference.preprocess import TOP_PX, Floats, Pixels, framed, network_input
from inference.protocol import FaceOptions
from inference.training.emote_sets import emoji_picture

EMOJI = "😂😎😡🤔😱🥰🍕🐸🤡💩🐵🎃"


def contact_sheet(rows: Sequence[Pixels | Sequence[Pixels]]) -> Image.Image:
    """Rows of (P, P, 3) uint8 pictures, each brought to 128 px, enlarged without smoothing, as one picture."""
    sheet = Image.new("RGB", (max(map(len, rows)) * TOP_PX, len(rows) * TOP_PX))
    for y, row in enumerate(rows):
        for x, pixels in enumerate(row):
            filtered = Image.Resampling.NEAREST if len(pixels) < TOP_PX else Image.Resampling.LANCZOS
            shown = Image.fromarray(pixels).resize((TOP_PX, TOP_PX), filtered)
            sheet.paste(shown, (x * TOP_PX, y * TOP_PX))
    return sheet


def emoji_inputs(realism: float) -> Floats:
    """(12, 3, 16, 16) in [-1, 1]: some emoji as serving shows them to the network."""
    return np.stack([network_input(framed(emoji_picture(each)), FaceOptions(realism=realism)) for each in EMOJI])


def spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` indices, evenly spread over `count`."""
    return [int(index) for index in np.linspace(0, count - 1, min(wanted, count)).round()]
