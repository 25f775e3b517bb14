"""A Fourier series on a box that equals a smooth kernel for all differences of particles in a smaller box.

Differences of particles in a box of side D lie in [-D, D]^n. There the series of period L must equal e; beyond, e is
multiplied by a smooth step that falls from 1 at D to 0 at L - D (Potts, Steidl and Nieslony 2004, Numer. Math. 98, as
fast summation), with the profile of the Kaiser-Bessel window, whose spectrum ends soonest. Where e is negligible beyond R < D,
the period D + R needs no step. The coefficients come from a cosine transform of samples; nothing but e(r) is needed.
Every series is compared with e at sample points before it is used, and refined until it has the tolerance.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, pi, sqrt

import numpy as np
from scipy import fft, special

from wgflow.arithmetic.complex_floating import EPS
from wgflow.arithmetic.floating import Floats
from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.lattice_modes import mirrored, most_radius, squared_radii
from wgflow.dynamics.sums.lattice_sum import LatticeSum, seconds
from wgflow.dynamics.sums.radial_sample import Radial, Sizes, sizes
from wgflow.record import record

LONGEST_SECTION = 1 << 17
SAMPLES = 2000
ROUNDS = 10
FOR_TRANSFORMS = 0.3  # share of the tolerance
_GAUSS = 80


class OutOfReach(InputError):
    """These sums do not keep the accuracy here: the kernel is not smooth enough for its box."""


@record
class Box:
    """Period L, and where the step begins and ends; ``offset`` is subtracted from e."""

    period: float
    start: float
    stop: float
    offset: float


@record
class Series:
    """sum of c_m exp(i h m.z) + offset = e(z) for z in [-D, D]^n."""

    lattice: LatticeSum
    offset: float


@lru_cache(maxsize=4)
def series(radial: Radial, extent: float, tolerance: float) -> Series:
    """Returns the series for differences up to ``extent`` along each axis; raises OutOfReach where none is found.

    The errors of gradient and value are at most tolerance / 2 times `sizes`, in the mean over differences and at their
    largest. The last few series are kept.
    """
    size = sizes(radial, extent)
    if not (0 < size.most_gradient < np.inf and size.most_potential < np.inf):
        raise OutOfReach(f"{radial.kernel} is singular or constant; type --method direct.")
    box, radius = _best_box(radial, extent, tolerance, size)
    for attempt in range(ROUNDS):  # each with more modes and more accurate transforms: either may be what is missing
        if radius > most_radius(radial.dim):
            break
        found = _series(radial, box, radius, tolerance, size, FOR_TRANSFORMS / 4**attempt)
        if _error(found, radial, extent, size) <= tolerance / 2:
            return found
        radius = int(radius * 1.2) + 1
    raise OutOfReach(_refusal(radial, tolerance))


def expected_seconds(radial: Radial, extent: float, tolerance: float, points: int, sources: int) -> float:
    """Returns about the seconds of one gradient on one core, before any series is made; raises OutOfReach."""
    _, radius = _best_box(radial, extent, tolerance, sizes(radial, extent))
    return seconds(radial.dim, (2 * radius + 1) ** radial.dim, tolerance / 100, points, sources)


def _refusal(radial: Radial, tolerance: float) -> str:
    return (
        f"accuracy {tolerance:g} takes too many Fourier modes of {radial.kernel} for these particles; "
        "type a larger --accuracy, a --softening, or --method direct."
    )


def step(t: Floats, sharpness: float) -> Floats:
    """Returns a function that falls smoothly from 1 at t = 0 to 0 at t = 1: the integral of I_0(b sqrt(1 - u^2)), -1 < u < 1.

    >>> step(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 30.0).round(12).tolist()
    [1.0, 1.0, 0.5, 0.0, 0.0]
    """
    node, weight = np.polynomial.legendre.leggauss(_GAUSS)
    right = 1 - 2 * np.clip(t, 0.0, 1.0)  # the mirror image: from -1 to this point
    below = np.minimum(right, -right)  # half of the way: small values keep their digits
    u = -1 + (1 + below[..., None]) * (1 + node) / 2
    root = np.sqrt(np.maximum(1 - u**2, 0.0))
    part = (1 + below) / 2 * np.sum(weight * special.i0e(sharpness * root) * np.exp(sharpness * (root - 1)), axis=-1)
    u = (node - 1) / 2
    root = np.sqrt(1 - u**2)
    whole = np.sum(weight * special.i0e(sharpness * root) * np.exp(sharpness * (root - 1)))
    return np.where(right < 0, part / whole, 1 - part / whole)


def _axis(box: Box, half: int, tolerance: float) -> Floats:
    """Returns the step at the sample positions 0..L along an axis, 2 half + 1 of them."""
    t = np.linspace(0.0, box.period, 2 * half + 1)
    if box.stop <= box.start:
        return np.ones_like(t)
    return step((t - box.start) / (box.stop - box.start), _sharpness(tolerance))


def _folded(samples: Floats) -> Floats:
    """Adds the image from beyond L/2: from positions 0..L along each axis to 0..L/2."""
    for axis in range(samples.ndim):
        half = samples.shape[axis] // 2
        samples = samples.take(range(half + 1), axis) + np.flip(samples, axis).take(range(half + 1), axis)
    return samples


def _sharpness(tolerance: float) -> float:
    return log(1 / tolerance) + 10


def _best_box(radial: Radial, extent: float, tolerance: float, size: Sizes) -> tuple[Box, int]:
    """Returns the box whose section along an axis needs the fewest modes, and their number."""
    found = [
        (needed, box) for box in _boxes(radial, extent, tolerance, size) if (needed := _needed(radial, box, tolerance, size))
    ]
    if not found:
        raise OutOfReach(_refusal(radial, tolerance))
    needed, box = min(found, key=lambda each: each[0])
    return box, needed


def _boxes(radial: Radial, extent: float, tolerance: float, size: Sizes) -> list[Box]:
    boxes = []
    for width in (0.25, 0.5, 1.0, 2.0, 4.0):
        offset = float(radial.value(np.array([((1 + width / 2) * extent) ** 2]))[0])  # in the middle of the step little is left
        boxes.append(Box((2 + width) * extent, extent, (1 + width) * extent, offset))
    negligible = _negligible(radial, extent, tolerance, size)
    if negligible < 3 * extent:
        boxes.insert(0, Box(extent + negligible, 0.0, 0.0, 0.0))
    return boxes


def _negligible(radial: Radial, extent: float, tolerance: float, size: Sizes) -> float:
    """Returns the distance beyond which e and its gradient are below the tolerance, images included."""
    r = extent * np.concatenate((np.linspace(0, 1, 2001), np.geomspace(1, 1e4, 2001)[1:]))
    value, share = radial.value(r**2), tolerance / (8 * 3**radial.dim)
    steep = np.abs(np.diff(value)) / np.diff(r)
    large = (np.abs(value[1:]) > share * size.potential) | (steep > share * size.gradient)
    above = np.flatnonzero(large)
    return float(r[above[-1] + 2]) if len(above) and above[-1] + 2 < len(r) else float(r[-1]) if len(above) else 0.0


def _needed(radial: Radial, box: Box, tolerance: float, size: Sizes) -> int:
    """Returns the K that the section of the function along an axis needs, 0 where it is too large."""
    half = 256
    while half <= min(8 * most_radius(radial.dim), LONGEST_SECTION):
        t = np.linspace(0.0, box.period, 2 * half + 1)
        samples = _folded((radial.value(t**2) - box.offset) * _axis(box, half, tolerance))
        noise = 4 * EPS * np.max(np.abs(samples))
        amplitude = np.maximum(np.abs(fft.dct(samples, type=1)) / half - noise, 0.0)
        k = 2 * pi / box.period * np.arange(half + 1)
        left_out = np.cumsum((amplitude * np.stack((k, np.ones_like(k))))[:, ::-1], axis=1)[:, ::-1]
        limits = tolerance / 4 * np.array([[size.most_gradient], [size.most_potential]])
        enough = np.flatnonzero(np.all(left_out <= limits, axis=0))
        if len(enough) and enough[0] <= half // 2:
            return int(min(enough[0], half)) if enough[0] <= most_radius(radial.dim) else 0
        half *= 4
    return 0


def _series(radial: Radial, box: Box, radius: int, tolerance: float, size: Sizes, share: float = FOR_TRANSFORMS) -> Series:
    """Returns the series with modes up to the radius, from half as many samples again as modes.

    share: of the tolerance, for the transforms.
    """
    half, n = fft.next_fast_len(radius + radius // 2 + 2), radial.dim
    factor = _axis(box, half, tolerance)
    squares, unit = squared_radii(2 * half, n), (box.period / 2 / half) ** 2
    if squares.size > n * 4 * half**2:  # more points than distances
        samples = radial.value(np.arange(n * 4.0 * half**2 + 1) * unit)[squares] - box.offset
    else:
        samples = radial.value(squares * unit) - box.offset
    for axis in range(n):
        samples = samples * factor.reshape([-1 if a == axis else 1 for a in range(n)])
    part = fft.dctn(_folded(samples), type=1) / (2.0 * half) ** n
    kept = mirrored(part[(slice(radius + 1),) * n])
    return Series(LatticeSum(kept, box.period, _precision(kept, box.period, share * tolerance, size)), box.offset)


def _precision(values: Floats, period: float, tolerance: float, size: Sizes) -> float:
    """Returns what each transform must keep: its errors are spread over the modes like noise."""
    squares = mirrored(squared_radii(values.shape[0] // 2, values.ndim))
    gradient = sqrt(float(np.sum(values**2 * squares))) * 2 * pi / period
    potential = sqrt(float(np.sum(values**2)))
    return tolerance * min(size.gradient / gradient, size.potential / potential)


def _error(found: Series, radial: Radial, extent: float, size: Sizes) -> float:
    """Returns the largest relative error at sample differences: of means, and of maxima."""
    z = _differences(extent, radial.dim)
    spread = slice(0, SAMPLES)  # uniform in the box; the rest is close to 0
    ones = np.ones(found.lattice.coefficients.shape, dtype=complex)
    r2 = np.sum(z**2, axis=1)
    wrong = np.linalg.norm(found.lattice.gradient(z, ones) - radial.gradient(z), axis=1)
    off = np.abs(found.lattice.potential(z, ones) + found.offset - radial.value(r2))
    parts = (
        (np.mean(wrong[spread]), size.gradient),
        (np.mean(off[spread]), size.potential),
        (np.max(wrong), size.most_gradient),
        (np.max(off), size.most_potential),
    )
    return float(max(np.nan_to_num(each / unit, nan=np.inf) for each, unit in parts))


def _differences(extent: float, dim: int) -> Floats:
    """Uniform ones in the box, ones close to 0 at all scales, and the axes: the same at every call."""
    rng = np.random.default_rng(20230702)
    uniform = rng.uniform(-extent, extent, (SAMPLES, dim))
    close = rng.uniform(-extent, extent, (SAMPLES // 2, dim)) * 10 ** rng.uniform(-4, 0, (SAMPLES // 2, 1))
    axes = np.zeros((SAMPLES // 4, dim))
    axes[:, 0] = np.linspace(-extent, extent, SAMPLES // 4)
    return np.concatenate((uniform, close, axes))
