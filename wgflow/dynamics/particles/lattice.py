"""Rank-1 lattices: equally weighted points of a cube whose sums miss no low Fourier mode.

A lattice i z / N mod 1, i = 0 ... N-1, sums exp(2 pi i h . x) to exactly 0 unless h is in the dual lattice, h . z = 0 mod
N, where it sums to N. The longer the shortest vector of the dual lattice, the more low modes are silent.
"""

from __future__ import annotations

from functools import cache
from math import ceil, floor, prod

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError

Floats = NDArray[np.float64]

MOST_DIMENSION = 4
MOST_POINTS = 10**9  # i z stays within 64-bit integers
# gamma_n^n, Hermite's constant: a lattice of N points has a dual vector no longer than sqrt(gamma_n) N^(1/n).
_HERMITE = {1: 1.0, 2: 4 / 3, 3: 2.0, 4: 4.0}
_SHIFTS = 256
_CANDIDATES = 400
_WORK = 4 * 10**7  # dual vectors looked at
_GOLDEN = (5**0.5 - 1) / 2


def lattice(count: int, dim: int, between: bool = False) -> Floats:
    """Returns the N points (i z + 1/2) / N mod 1 of a good rank-1 lattice in [0, 1)^n; in n = 1 the midpoints.

    between: the same lattice moved into its gaps, for a second species that shall not coincide with the first; what is
    silent stays silent. Returns (N, n). Raises InputError for n > 4.

    >>> lattice(2, 1)[:, 0].tolist(), lattice(2, 1, between=True)[:, 0].tolist()
    ([0.25, 0.75], [0.5, 0.0])
    """
    z, _ = generator(count, dim)
    i = np.arange(count, dtype=np.int64)
    points = np.stack([((i * each % count) + 0.5) / count for each in z], axis=1)
    return (points + _into_gap(points, count)) % 1.0 if between else points


def _into_gap(points: Floats, count: int) -> Floats:
    """Returns a shift away from all points: of many within a cell, the one whose nearest point is farthest."""
    dim = points.shape[1]
    cell = count ** (-1 / dim)
    if dim == 1:
        return np.array([cell / 2])
    offsets = points - points[0]
    offsets -= np.round(offsets)
    near = offsets[(np.abs(offsets) < 3 * cell).all(axis=1)]
    fractions = np.arange(1, _SHIFTS + 1)[:, None] * np.sqrt([2.0, 3.0, 5.0, 7.0][:dim]) % 1.0
    gaps = cell * fractions[:, None] - near[None]
    gaps -= np.round(gaps)
    return np.asarray(cell * fractions[(gaps * gaps).sum(axis=-1).min(axis=1).argmax()])


@cache
def generator(count: int, dim: int) -> tuple[tuple[int, ...], float]:
    """Returns Korobov's vector z = (1, g, g^2, ...) mod N of the best g among candidates, and its shortest dual vector's length.

    The best possible length is sqrt(gamma_n) N^(1/n), with Hermite's constant (1.07 sqrt(N) in n = 2, 1.12 N^(1/3) in n = 3).
    (Korobov 1959; figure of merit: Sloan and Joe 1994, Lattice Methods for Multiple Integration.)

    >>> generator(144, 2)[1] > 12  # longer than that of a square grid of as many points
    True
    """
    if dim not in _HERMITE:
        raise InputError(
            f"a quiet lattice is made in dimension 1 to {MOST_DIMENSION}, not {dim}; leave out quiet, or lower --dim."
        )
    if not 1 <= count <= MOST_POINTS:
        raise InputError(f"a quiet lattice has 1 to {MOST_POINTS} points, not {count}; change -N.")
    if dim == 1 or count == 1:
        return (1,) * dim, float(count)
    radius = ceil(_HERMITE[dim] ** (1 / (2 * dim)) * count ** (1 / dim))
    near, far = _box(max(1, radius // 3), dim - 1), _box(radius, dim - 1)
    best, best_z = 0, (1,) * dim
    for g in _candidates(count, min(_CANDIDATES, max(20, _WORK // prod(far.shape)))):
        z = tuple(pow(g, power, count) for power in range(dim))
        if _shortest(near, z, count) > best and (length := _shortest(far, z, count)) > best:
            best, best_z = length, z
    return best_z, best**0.5


def _candidates(count: int, most: int) -> list[int]:
    """All g where they are few, else golden sections of 1 ... N-1, which fill it evenly, and the neighbours of N's own."""
    if count <= 2 * most:
        return list(range(1, count))
    spread = {1 + floor((count - 1) * (j * _GOLDEN % 1.0)) for j in range(1, most + 1)}
    return sorted(
        spread | {round(count * _GOLDEN) + j for j in range(-most // 2, most // 2) if round(count * _GOLDEN) + j < count}
    )


def _box(radius: int, dim: int) -> NDArray[np.int64]:
    """Returns the nonzero integer vectors of [-radius, radius]^dim, one of each pair h, -h. Shape (dim, count)."""
    sides = [np.arange(0, radius + 1)] + [np.arange(-radius, radius + 1)] * (dim - 1)
    grid = np.stack(np.meshgrid(*sides, indexing="ij")).reshape(dim, -1).astype(np.int64)
    return grid[:, grid.any(axis=0)]


def _shortest(tails: NDArray[np.int64], z: tuple[int, ...], count: int) -> int:
    """Returns the smallest |h|^2 of dual vectors h = (h_1, tail): h_1 is the residue of -tail . z nearest to 0, or (N, 0)."""
    head = -sum(tail * each for tail, each in zip(tails, z[1:], strict=True)) % count
    head = np.minimum(head, count - head)
    return min(int((head * head + (tails * tails).sum(axis=0)).min()), count * count)
