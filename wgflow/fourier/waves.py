"""The spherical wave in R^n at real and complex distance: what a radial function is integrated against.

    F(k) = (2 pi)^{n/2} k^-n integral of e(z/k) w(z) dz,   w(z) = z^{n/2} J_{n/2-1}(z)

(Stein and Weiss 1971, theorem IV.3.3). J is the real part of the Hankel function H^(1), which decays like exp(-Im z)
in the upper half plane and is a Macdonald function on the imaginary axis (DLMF 10.27.8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


def mean_wave(n: int, z: Any) -> Any:
    """Returns the mean of exp(-i x.y) over the sphere |x| = 1 at |y| = z: 0F1(; n/2; -z^2/4), at most 1.

    >>> [float(round(mean_wave(n, 1.0), 6)) for n in (1, 2, 3)]
    [0.540302, 0.765198, 0.841471]
    """
    if n == 1:
        return np.cos(z)
    if n == 2:
        return special.j0(z)
    if n == 3:
        return np.sinc(z / np.pi)
    order = n / 2 - 1
    with np.errstate(all="ignore"):
        size = special.gammaln(n / 2) + order * np.log(2 / z)
        wave = np.exp(size) * (special.j1(z) if n == 4 else special.jv(order, z))
    small = z * z / 4
    series = 1 - small / (n / 2) * (1 - small / (n + 2))
    return np.where(small < 1e-5 * n, series, np.where(np.isfinite(wave), wave, 1.0))


def mean_wave_envelope(n: int, z: Any) -> Any:
    """Returns the size about which `mean_wave` oscillates, at most 1."""
    if n == 1:
        return np.ones_like(z)
    with np.errstate(all="ignore"):
        size = special.gammaln(n / 2) + (n / 2 - 1) * np.log(2 / z) + 0.5 * np.log(2 / (np.pi * z))
    return np.exp(np.minimum(size, 0.0))


def sphere(n: int) -> float:
    """Returns log of the area of the unit sphere in R^n."""
    return float(np.log(2.0) + n / 2 * np.log(np.pi) - special.gammaln(n / 2))


def outgoing(n: int, z: Any, lift: Any) -> Any:
    """Returns z^{n/2} H^(1)_{n/2-1}(z) exp(lift) for Re z >= 0, Im z >= 0, z not 0; ``lift`` about Im z keeps it in range."""
    if n == 1:
        return np.sqrt(2 / np.pi) * np.exp(1j * z + lift)
    if n == 3:
        return -1j * np.sqrt(2 / np.pi) * z * np.exp(1j * z + lift)
    with np.errstate(all="ignore"):
        return np.exp(n / 2 * np.log(z) + 1j * z + lift) * special.hankel1e(n / 2 - 1, z)


def evanescent(n: int, t: Any) -> Any:
    """Returns t^{n/2} K_{n/2-1}(t) for t > 0.

    >>> round(float(evanescent(3, 1.0)), 6)
    0.461069
    """
    if n == 1:
        return np.sqrt(np.pi / 2) * np.exp(-t)
    order = n / 2 - 1
    with np.errstate(all="ignore"):
        value = np.exp(n / 2 * np.log(t) - t) * special.kve(order, t)
    if order == 0:
        return value
    limit = t * np.exp((order - 1) * np.log(2.0) + special.gammaln(order))  # where K leaves the doubles
    return np.where((t < 1e-9) | ~np.isfinite(value), limit, value)
