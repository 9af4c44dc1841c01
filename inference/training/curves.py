"""Curves of what a run has logged."""

import json
from pathlib import Path

import matplotlib.figure


def save_curves(path: Path, history: Path) -> None:
    """A PNG of every number in the history, a file of JSON lines with `pictures` on each."""
    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    names = sorted({name for line in lines for name in line} - {"pictures"})
    figure = matplotlib.figure.Figure(figsize=(9, 2.2 * len(names)), layout="constrained")
    for position, name in enumerate(names, start=1):
        axes = figure.add_subplot(len(names), 1, position)
        points = [(line["pictures"], line[name]) for line in lines if name in line]
        axes.plot([x for x, _ in points], [y for _, y in points], linewidth=1)
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    figure.supxlabel("pictures seen")
    figure.savefig(path, dpi=90)
