"""PSNR, SSIM and MS-SSIM of 8-bit RGB pictures, as plain numpy."""

import numpy as np
import numpy.typing as npt

from inference.preprocess import Pixels

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363)
"""Of the five scales of Wang, Simoncelli and Bovik (2003) the first four: at the fifth, 128 px would be 8, less than
the window. They are used in proportion, so that they add up to 1."""
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2

Image64 = npt.NDArray[np.float64]


def psnr(output: Pixels, target: Pixels) -> float:
    """Peak signal-to-noise ratio in dB over all of two (H, W, 3) pictures; infinite for equal ones."""
    error = np.square(output.astype(np.float64) - target).mean()
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def ssim(output: Pixels, target: Pixels) -> float:
    """Structural similarity (Wang et al. 2004) of two (H, W, 3) pictures, mean of the three channels.

    A Gaussian window of 11 pixels, sigma 1.5, only where it fits wholly into the picture.
    """
    luminance, structure = _similarities(output.astype(np.float64), target.astype(np.float64))
    return float((luminance * structure).mean())


def ms_ssim(output: Pixels, target: Pixels) -> float:
    """Multi-scale structural similarity of two (H, W, 3) pictures of 88 px or more, mean of the three channels.

    Structure counts at every scale, luminance at the coarsest only; each scale is the mean of 2 × 2 pixels of the
    one before.
    """
    x, y = output.astype(np.float64), target.astype(np.float64)
    total = np.ones(x.shape[-1])
    for scale, weight in enumerate(np.array(MS_SSIM_WEIGHTS) / sum(MS_SSIM_WEIGHTS)):
        if scale:
            x, y = _halved(x), _halved(y)
        luminance, structure = _similarities(x, y)
        coarsest = scale == len(MS_SSIM_WEIGHTS) - 1
        similarity = (luminance * structure if coarsest else structure).mean((0, 1))
        total *= np.maximum(similarity, 0) ** weight  # a negative one has no real power
    return float(total.mean())


def _similarities(x: Image64, y: Image64) -> tuple[Image64, Image64]:
    """Luminance, and contrast with structure, each (H - 10, W - 10, 3)."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return luminance, structure


def _halved(image: Image64) -> Image64:
    height, width = image.shape[0] // 2, image.shape[1] // 2
    halved: Image64 = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2, -1).mean((1, 3))
    return halved


def _blurred(image: Image64) -> Image64:
    """(H, W, 3) -> (H - 10, W - 10, 3)."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    kernel = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    kernel /= kernel.sum()
    rows = np.lib.stride_tricks.sliding_window_view(image, SSIM_WINDOW, 0) @ kernel
    columns: Image64 = np.lib.stride_tricks.sliding_window_view(rows, SSIM_WINDOW, 1) @ kernel
    return columns
