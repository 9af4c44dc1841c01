"""`python -m inference prepare`."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from inference.training.landmarks import ModelsMissing, load_landmarker
from inference.training.prepare import photos_in, write_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the photos are and where the faces go."""
    parser.add_argument("photos", type=Path, help="folder of photos, searched through and through")
    parser.add_argument("target", type=Path, help="new folder of aligned faces, for `train --data`")


def run(arguments: argparse.Namespace) -> int:
    """Align, with a progress bar, and say what was skipped."""
    photos = photos_in(arguments.photos)
    if not photos:
        sys.stderr.write(f"prepare: no photos (JPEG, PNG, WebP) under {arguments.photos}\n")
        return 1
    if arguments.target.exists():
        sys.stderr.write(f"prepare: {arguments.target} exists already\n")
        return 1
    try:
        landmarker = load_landmarker()
    except ModelsMissing as error:
        sys.stderr.write(f"prepare: {error}\n")
        return 1
    outcomes = Counter[str]()
    for photo, skipped in tqdm(write_folder(photos, arguments.target, landmarker), total=len(photos), unit="photo"):
        outcomes[skipped or "aligned"] += 1
        if skipped:
            tqdm.write(f"{photo}: {skipped}", file=sys.stderr)
    sys.stdout.write("".join(f"{count:6d} {outcome}\n" for outcome, count in outcomes.most_common()))
    return 0 if outcomes["aligned"] else 1
