"""`python -m inference prepare-art`."""

import argparse
import sys
from pathlib import Path

from inference.training.dial.art import PACKS, ArtError, copy_art


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the packages are and where their pictures go."""
    parser.add_argument("packs", type=Path, nargs="+", metavar="PACK", help=f"unpacked {' or '.join(PACKS)}")
    parser.add_argument("--out", type=Path, required=True, help="new folder of drawn emoji, for `train --art`")


def run(arguments: argparse.Namespace) -> int:
    """Copy, and say how many."""
    if arguments.out.exists():
        sys.stderr.write(f"prepare-art: {arguments.out} exists already\n")
        return 1
    try:
        copied = copy_art(arguments.packs, arguments.out)
    except ArtError as error:
        sys.stderr.write(f"prepare-art: {error}\n")
        return 1
    sys.stdout.write("".join(f"{count:6d} {kind}\n" for kind, count in copied.items()))
    return 0
