"""The networks behind one call, whatever runs them. Nothing heavy is loaded before a generator is."""

import ctypes
import importlib
import importlib.util
import sys
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

    `auto` is torch on a GPU where it can, else OpenVINO.

    Raise WeightsMissing when there are no weights, ImportError when the runtime is not installed.
    """
    if ":" in settings.runtime:
        module, _, attribute = settings.runtime.partition(":")
        factory: Callable[[], Generator] = getattr(importlib.import_module(module), attribute)
        return factory()
    if settings.runtime == "torch" or (settings.runtime == "auto" and gpu_ready()):
        from inference.runtimes.torch import TorchGenerator, cap_gpu_memory

        if settings.gpu_memory_mb is not None:
            cap_gpu_memory(settings.gpu_memory_mb * 1_000_000)
        return TorchGenerator(shipped(entry).path, threads=settings.threads)
    from inference.runtimes.openvino import OpenVinoGenerator

    return OpenVinoGenerator(shipped(entry).path, threads=settings.threads, cache_dir=settings.cache_dir)


def gpu_ready() -> bool:
    """Whether torch is installed and has a GPU. It is only asked where a driver is: importing it takes seconds."""
    if importlib.util.find_spec("torch") is None or not _driver_installed():
        return False
    import torch

    return torch.cuda.is_available()


def _driver_installed() -> bool:
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
