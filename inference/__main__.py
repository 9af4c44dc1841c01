"""`python -m inference`: one subcommand a line, each loading only what it needs."""

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "worker": ("inference.worker_command", "draw faces for the bots on a NATS server"),
    "child": ("inference.child", "draw faces for a supervisor, which starts this program"),
    "prepare": ("inference.training.prepare_command", "make a folder of aligned faces from photos"),
    "prepare-art": ("inference.training.dial.prepare_art_command", "make a folder of drawn emoji from npm packages"),
    "train": ("inference.training.train_command", "train a generator"),
    "train-landmarks": (
        "inference.training.landmark_network.command",
        "train the judge of how much of a face there is",
    ),
    "evaluate": ("inference.training.evaluation.command", "measure reconstruction, and faces drawn from emotes"),
    "bench": ("inference.bench.command", "time the network as published against our serving path"),
    "export": ("inference.export_command", "turn a checkpoint into shipped weights"),
}
"""Name: module with `add_arguments(parser)` and `run(arguments) -> exit code`, and its one-line help."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m inference")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name in words[:1]:
            importlib.import_module(module).add_arguments(subparser)
    parsed = parser.parse_args(words)
    code: int = importlib.import_module(COMMANDS[parsed.command][0]).run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(main())
