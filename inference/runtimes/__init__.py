"""The networks behind one call, whatever runs them. Nothing heavy is loaded before a generator is."""

import importlib
from collections.abc import Callable
from typing import Protocol

from config.settings import InferenceSettings
from inference.feeds import Feed, Floats
from inference.protocol import Style
from inference.weights import shipped


class Generator(Protocol):
    """A network that draws faces. It is called from one thread at a time."""

    def __call__(self, feed: Feed, /) -> Floats:
        """What `inference.preparation` makes for N pictures -> (N, 3, P, P) float32, about [-1, 1], not clamped.

        P is the `output_px` of the weights. Raise ValueError for the feed of another network.
        """
        ...


def load_generator(settings: InferenceSettings, entry: str = Style.CLASSIC) -> Generator:
    """Load a network into the configured runtime; `entry` is a style, or another name in the weights manifest.

    Raise WeightsMissing when there are no weights, ImportError when the runtime is not installed.
    """
    if ":" in settings.runtime:
        module, _, attribute = settings.runtime.partition(":")
        factory: Callable[[], Generator] = getattr(importlib.import_module(module), attribute)
        return factory()
    if settings.runtime == "torch":
        from inference.runtimes.torch import TorchGenerator

        return TorchGenerator(shipped(entry).path, threads=settings.threads)
    from inference.runtimes.openvino import OpenVinoGenerator

    return OpenVinoGenerator(shipped(entry).path, threads=settings.threads)
