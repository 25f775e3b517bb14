"""Fourier modes of batches of features, and wavevectors to look at them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

LOWEST, HIGHEST = 0.25, 4.0  # wavenumbers times the scale of the cloud


def feature_modes(features: Tensor, wavevectors: Tensor) -> Complexes:
    """Returns the modes of a batch with equal weights: m_j = mean over i of exp(-i xi_j . x_i).

    features: (B, n) on any device, float64 or less, which the phases and sums are not.  wavevectors: (K, n) float64 on the
    same device.  Returns (K,) complex128 in NumPy. Raises InputError for an empty batch and where shapes do not fit.

    >>> feature_modes(torch.zeros(3, 1), torch.ones(2, 1, dtype=torch.float64)).real.tolist()
    [1.0, 1.0]
    """
    if features.ndim != 2 or not len(features) or features.shape[1] != wavevectors.shape[1]:
        raise InputError(
            f"features have the shape {tuple(features.shape)}; give (B, {wavevectors.shape[1]}), B >= 1, for these wavevectors."
        )
    phases = features.detach().to(wavevectors.dtype) @ wavevectors.T
    mean = torch.stack([torch.cos(phases).mean(dim=0), -torch.sin(phases).mean(dim=0)])
    real, imaginary = mean.cpu().numpy()
    return np.asarray(real + 1j * imaginary)


def mode_variance(modes: Complexes, count: int) -> Floats:
    """Returns the variance of each mode of ``count`` independent samples: (1 - |m|^2) / (count - 1), unbiased; 1 for one sample.

    It is E |m - E m|^2, of the real and the imaginary part together.

    >>> mode_variance(np.array([0.6 + 0.8j, 0.0]), 11).round(9).tolist()
    [0.0, 0.1]
    """
    if count < 2:
        return np.ones(len(modes))
    return np.asarray(np.maximum(1 - np.abs(modes) ** 2, 0) / (count - 1))


def cloud_scale(features: Tensor) -> float:
    """Returns the root mean square of the coordinates' standard deviations; 1 for a cloud without extent.

    features: (B, n).
    """
    spread = features.detach().double().var(dim=0, correction=0).mean().sqrt().item()
    return spread if 1e-150 < spread < 1e150 else 1.0


def default_wavevectors(dim: int, scale: float, count: int = 16, seed: int = 0) -> Floats:
    """Returns wavevectors for a cloud of features of standard deviation ``scale`` along each axis.

    Their lengths run in even steps of the logarithm from 1/4 to 4 over the scale: at the low end the cloud is a quarter of a
    radian wide, at the high end the modes of a Gaussian cloud have fallen to exp(-8). Directions are random, of the
    stream of the seed; in one dimension all are positive. Returns (count, dim).

    >>> default_wavevectors(1, 2.0, 3).tolist()
    [[0.125], [0.5], [2.0]]
    """
    lengths = np.geomspace(LOWEST, HIGHEST, count) / scale
    directions = stream(seed, "probe/wavevectors").standard_normal((count, dim)) if dim > 1 else np.ones((count, 1))
    return np.asarray(lengths[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True))
