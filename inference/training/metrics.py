"""PSNR and SSIM of 8-bit RGB pictures, as plain numpy."""

import numpy as np
import numpy.typing as npt

from inference.preprocess import Pixels

SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
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
    x, y = output.astype(np.float64), target.astype(np.float64)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return float((luminance * structure).mean())


def _blurred(image: Image64) -> Image64:
    """(H, W, 3) -> (H - 10, W - 10, 3)."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    kernel = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    kernel /= kernel.sum()
    rows = np.lib.stride_tricks.sliding_window_view(image, SSIM_WINDOW, 0) @ kernel
    columns: Image64 = np.lib.stride_tricks.sliding_window_view(rows, SSIM_WINDOW, 1) @ kernel
    return columns
