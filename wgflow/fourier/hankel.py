"""Numerical transforms of any kernel, with an error estimate for each wavenumber.

The integral over r runs along whichever path loses least: the real axis (kernels that decay, moderate k R); the real axis
up to a few wavelengths and then straight up, where the wave decays like exp(-k Im z) and not by cancellation, which is
also what the generalized transform means; or, for the far tail, up the imaginary axis and along a line Im z = a, which
takes the factor exp(-k a) out of the integral (Trefethen and Weideman 2014, SIAM Rev. 56; Huybrechs and Vandewalle 2006,
SIAM J. Numer. Anal. 44). Paths are moved only where the kernel is analytic (`wgflow.fourier.continuation`).

The error estimate is the difference of two quadratures on two different paths, plus a bound of what rounding does to the
finer one (running error analysis of e, and of the waves), plus what was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np

from wgflow.arithmetic.complex_floating import EPS
from wgflow.arithmetic.floating import Floats, as_floats
from wgflow.arithmetic.number import InputError, integer
from wgflow.fourier.contour import COARSE, FINE, PHASE, Path, Piece, TooManyPanels, adapted, beside, integrate, line_size
from wgflow.fourier.profile import Profile, profiles
from wgflow.fourier.waves import sphere
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.text import parse

_START = 4.0  # the turn upward, in wavelengths / 2 pi
_PANELS = 1500  # on a path along or beside the real axis, of the cheaper kind
_MORE_PANELS = 10_000
_GOOD = 1e-13
_SMALLEST = 5e-324
_UNDERFLOW = -720.0  # in logarithms: nothing is gained by smaller integrands
Answer = tuple[Any, Any]  # value, error


def hankel(kernel: object, k: Any, dim: object = 2) -> tuple[Floats, Floats]:
    """Returns (F(e)(k), an estimate of its error) in R^dim by quadrature, both of the shape of k.

    kernel: text or Kernel, named or written out in r.  k: wavenumbers > 0.  F is the integral of e(|x|) exp(-i xi.x) dx at
    |xi| = k; where e is not integrable, the generalized transform. The estimate holds for all of F: |value| <= error says
    that F is below the noise, and an infinite error that no method applies there. It presumes that e has no feature much
    narrower than a hundredth of its distance from r = 0, which sampling cannot exclude. Raises InputError where e is not
    integrable at r = 0, or not a function of this dimension.

    >>> value, error = hankel("exp(-r**4)", [0.0 + 1e-3, 1.0, 100.0], dim=1)
    >>> [round(float(v), 6) for v in value[:2]], bool(abs(value[2]) < 1e-40), bool(error[1] < 1e-13)
    ([1.812805, 1.52471], True, True)
    """
    n = integer(dim, "dim", 1, MAX_DIMENSION)
    wavenumbers = as_floats(k)
    if not np.all((wavenumbers > 0) & (wavenumbers < inf)):
        raise InputError("wavenumbers must be positive and finite; type for example --k 0.1,1,10.")
    e = parse(kernel)
    e.check_dimension(n)
    total, error = np.zeros(wavenumbers.size), np.zeros(wavenumbers.size)
    for profile in profiles(e, n):
        value, doubt = transform_of(profile, n, wavenumbers.ravel() * profile.length)
        total += profile.weight * value
        error += abs(profile.weight) * doubt + (4 + n) * EPS * np.abs(total)
    return total.reshape(wavenumbers.shape), (error + _SMALLEST).reshape(wavenumbers.shape)


def transform_of(profile: Profile, n: int, k: Any) -> Answer:
    """Returns (value, error) of length^n F(phi)(k), phi at unit length, for one term."""
    if profile.singularity >= n:
        raise InputError(
            f"e(r) grows like r**-{profile.singularity:g} toward r = 0 and has no transform in dimension {n}; "
            f"type --dim {int(profile.singularity) + 1} or another kernel."
        )
    if profile.grows_too_fast:
        raise InputError("e(r) grows faster than every power of r and has no transform; type a kernel such as exp(-r**4).")
    value, error = np.zeros(len(k)), np.full(len(k), inf)
    order = np.argsort(k)
    with np.errstate(all="ignore"):
        finer = 4 if profile.is_even and profile.strip(n) == inf else 1  # the best line rises with k
        for group in _octaves(k[order], profile.extent(n), finer):
            value[order[group]], error[order[group]] = _best(profile, n, k[order[group]])
    return value, error


def _octaves(k: Any, extent: float, finer: int) -> Iterator[slice]:
    """Yields slices of sorted wavenumbers within a factor of 2 (or 2^{1/finer} in the tail); below PHASE/extent all of
    them meet the same path."""
    index = np.floor(np.log2(k))
    if extent < inf:
        index = np.maximum(index, np.floor(np.log2(PHASE / extent)))
        index = np.where(k * extent > 8 * PHASE, np.floor(finer * np.log2(k)) / finer, index)
    edges = np.flatnonzero(np.diff(index, prepend=-inf, append=inf))
    for start, end in pairwise(edges):
        yield slice(start, end)


def _best(profile: Profile, n: int, k: Any) -> Answer:
    """Returns the answer with the least error of all paths that are tried, until one is good."""
    value, error = np.zeros(len(k)), np.full(len(k), inf)
    for build, last_resort in _candidates(profile, n, float(k[0]), float(k[-1])):
        if last_resort and np.all(error <= 1e-14 * np.exp(sphere(n) + n * np.log(profile.length)) * profile.mass(n)):
            break
        found, doubt = _on_path(profile, n, k, build)
        better = doubt < error
        value, error = np.where(better, found, value), np.where(better, doubt, error)
        if np.all(error <= np.maximum(_GOOD * np.abs(value), _noise(profile, n, k))):
            break
    return value, error


def _noise(profile: Profile, n: int, k: Any) -> Any:
    """Returns what paths that start at r = 0 along the real axis cannot resolve."""
    size = np.log(np.abs(profile.at(_START / k + 0j)[0])) + n / 2 * np.log(2 * np.pi) - n * np.log(k / profile.length)
    return np.where(np.isfinite(size), 1e-4 * EPS * np.exp(size), 0.0)


Build = Callable[[float], Path | None]  # of a factor near 1 that moves the path a little


def _candidates(profile: Profile, n: int, least: float, most: float) -> Iterator[tuple[Build, bool]]:
    """Yields (path, whether it is a last resort), the cheapest and most accurate first."""
    extent, strip, top = profile.extent(n), profile.strip(n), (n + 60) / least
    short = extent * most <= 8 * (PHASE + n)
    if short:
        yield (lambda moved: _standing(profile, extent)), False
        if most > 2 * least:  # a group of small wavenumbers
            return
    turns = list(_turns(profile, least))
    upward = turns[0][0] if turns and turns[0][1] == 1j else inf
    if profile.singularity < min(2, n) and least * min(strip, 1e3 * profile.scale) > 3:
        height, vanishing = _height(profile, n, least, most, strip)
        if vanishing and (extent < inf or upward < inf):  # the bound of the integral on the line is all there is to say
            yield (lambda moved: Path((), height, 0.0, 1j * height)), False
            return
        yield (lambda moved: _lifted(profile, n, _beside(height, moved, most), top, most, upward)), False
    if turns and max(_START / least, turns[0][0]) * most <= PHASE * _PANELS:
        turn, direction = max(_START / least, turns[0][0]), turns[0][1]
        yield (lambda moved: _turned(profile, turn * moved, top, least, direction)), False
    elif top * 1.1 <= strip and profile.end * least > 2 * _START:
        yield (lambda moved: _turned(profile, _START / least * moved, top * moved, least, 1j, True)), False
    if not short and extent * most <= PHASE * _MORE_PANELS:
        yield (lambda moved: _standing(profile, extent)), True


def _turns(profile: Profile, least: float) -> Iterator[tuple[float, complex]]:
    """Yields (R, direction) of rays R + s direction along which the wave decays and that e can be moved to from the axis."""
    for angle in (np.pi / 2, np.pi / 6) if profile.end == inf else ():
        start = profile.sector(angle)
        if start < inf and _is_quiet(profile, max(start, _START / least), least, angle):
            yield start, 1j if angle == np.pi / 2 else complex(np.exp(1j * angle))
            return


def _beside(height: float, moved: float, most: float) -> float:
    """A line a little lower: by a fraction of a wavelength."""
    return height - min(0.2 * height, 4 * (moved - 1) / most)


def _is_quiet(profile: Profile, turn: float, least: float, angle: float) -> bool:
    """Whether e grows on far arcs around ``turn`` slower than the wave decays there."""
    angles = np.linspace(0.02, angle, 40)
    radii = np.geomspace(30, 3e4, 13)[:, None] / least
    size = np.log(np.abs(profile.at(turn + radii * np.exp(1j * angles))[0]))
    size -= np.log(np.abs(profile.at(np.asarray([turn + 0j]))[0]))
    return bool(np.all(size[~np.isnan(size)] <= (60 + least * radii * np.sin(angles) / 2)[~np.isnan(size)]))


def _along(profile: Profile, length: float) -> Any:
    """Panels from 0 to ``length``, halved toward 0 down to the distance on which e varies."""
    return np.concatenate(([0.0], length * np.exp2(np.arange(-max(0, int(np.log2(8 * length / profile.scale))), 1))))


def _standing(profile: Profile, extent: float) -> Path:
    return Path((Piece("standing", 0, 1, _along(profile, extent)),), extent)


def _turned(profile: Profile, turn: float, top: float, least: float, direction: complex, cut: bool = False) -> Path:
    """Along the real axis to ``turn``, then up; ``cut``: what follows beyond the top is left out."""
    up = np.concatenate(([0.0], np.geomspace(PHASE / 2 / least, top / direction.imag, 5)))
    pieces = [Piece("standing", 0, 1, _along(profile, turn)), Piece("outgoing", turn, direction, up)]
    if profile.end < inf:
        pieces.append(Piece("outgoing", profile.end, 1j, up, -1))
        cut = False  # the two ends close the contour at the top
    return Path(tuple(pieces), turn, 0.0, complex(turn, top) if cut else None)


def _height(profile: Profile, n: int, least: float, most: float, strip: float) -> tuple[float, bool]:
    """Returns the height a of a line Im z = a, where |e(x + ia)| exp(-k a) is least, and whether that leaves the doubles."""
    if profile.end < inf or not profile.is_even:
        return float(min(0.97 * strip, (n + 60) / least)), False
    options = strip * (1 - 2.0 ** -np.arange(1, 12)) if strip < inf else profile.scale * np.exp2(np.arange(-8, 80) / 4)
    x = np.concatenate(([0.0], np.geomspace(1e-3, 30, 200)))
    z = x * np.maximum(profile.scale, options[:, None]) + 1j * options[:, None]
    size = np.log(np.abs(profile.at(z)[0])) + (n - 1) / 2 * np.log(np.abs(z))
    size = np.where(np.isnan(size), inf, size).max(axis=1)
    loss = size - least * options + n * np.log(profile.length)
    best = int(np.argmin(np.maximum(loss, _UNDERFLOW)))
    return float(options[best]), bool(loss[best] < _UNDERFLOW)


def _lifted(profile: Profile, n: int, height: float, top: float, most: float, upward: float) -> Path | None:
    """Up to i height (where e is not even), along Im z = height, then up again or to where e is negligible."""
    pieces = [] if profile.is_even else [Piece("evanescent", 0, 1j, np.array([0.0, height]))]
    up = np.concatenate(([0.0], np.geomspace(top / 40, top, 5)))
    if profile.end < inf:
        pieces.append(Piece("outgoing", profile.end, 1j, up, -1))
        return Path(tuple(pieces), max(height, profile.end))
    if not profile.is_even and height * most >= n + 50:
        return Path(tuple(pieces), height, 0.0, 1j * height)
    right = max(upward, profile.scale / 2) if upward < inf else _right_end(profile, n, height)
    if right * most > PHASE * 4 * _PANELS:
        return None
    pieces.append(Piece("outgoing", 1j * height, 1, _along(profile, right)))
    if upward < inf:
        pieces.append(Piece("outgoing", right + 1j * height, 1j, up))
    return Path(tuple(pieces), height, height if profile.is_even else 0.0)


def _right_end(profile: Profile, n: int, height: float) -> float:
    """Returns the x beyond which |e(x + i height)| is negligible."""
    x = profile.scale * np.exp2(np.arange(-60, 400) / 8)
    size = np.log(np.abs(profile.at(x + 1j * height)[0])) + n * np.log(np.hypot(x, height))
    size = np.where(np.isnan(size), -inf, size)
    above = np.flatnonzero(size > size.max() - 50)
    return float(x[min(above[-1] + 1, len(x) - 1)]) if len(above) else inf


def _on_path(profile: Profile, n: int, k: Any, build: Build) -> Answer:
    """Returns (value, error) on a path, judged by a coarser quadrature on a path beside it."""
    first, second = build(1.0), build(1.13)
    least, most = float(k[0]), float(k[-1])
    try:
        if first is None or second is None:
            raise TooManyPanels
        path = adapted(profile, n, first, least, most)
    except TooManyPanels:
        return np.zeros(len(k)), np.full(len(k), inf)
    other = beside(path, first, second)
    fine, rounding, last = integrate(profile, n, path, k, FINE)
    coarse = integrate(profile, n, other, k, COARSE)[0]
    logs = n * np.log(path.unit) - k * path.lift
    ratio = np.exp(n * np.log(other.unit) - k * other.lift - logs)
    logs += n * np.log(profile.length)
    error = np.abs(fine - coarse * ratio) + rounding + last + line_size(profile, n, path, k)
    error += (
        EPS * n * (4 + abs(np.log(path.unit * profile.length)) + np.abs(np.log(k * path.unit))) * np.abs(fine)
    )  # of the prefactors
    value = np.sign(fine) * np.exp(np.log(np.abs(fine)) + logs)
    doubt = np.exp(np.log(error) + logs)
    good = np.isfinite(value) & ~np.isnan(doubt)
    return np.where(good, value, 0.0), np.where(good, doubt, inf)
