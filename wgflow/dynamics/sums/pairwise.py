"""Direct sums: every pair of a point and a source, at the speed of the machine, in any dimension and for any kernel."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.slope import CompiledKernel, compiled_kernel
from wgflow.dynamics.sums.sum_method import Floats, SumMethod
from wgflow.kernels.kernel import Kernel

MOST_ROWS_DIM = 3  # up to here a block's coordinates and sums stay in registers
SERIAL_WORK = 5e5  # cycles, roughly: up to here threads gain less than starting them may cost
FEW_BLOCKS = 32  # below this many blocks of points the sources are divided among threads too
LEAST_SHARE = 2048  # sources


class Direct(SumMethod):
    """Sums over all pairs: exact up to rounding, work P S n.

    Differences x - s are formed directly, so that close pairs and far clusters lose nothing. The error of a gradient, as a
    fraction of the largest sum_j |w_j grad e(x_i - s_j)|, is about 1e-15; with ``single`` it is about 1e-6 plus the relative
    change of the kernel when positions are rounded to 24 bits of the cloud's radius, and lengths must stay within 1e-15 and
    1e+15 of one another. Long sums are made in parts, in an order that depends on the sizes alone: results are the same, bit
    for bit, for any number of threads. A softening d replaces r^2 by r^2 + d^2. Positions that are not finite, or whose squares
    are not (beyond 1e150), can give NaN, at which time loops stop.

    >>> from wgflow.kernels.text import parse
    >>> points, sources = np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0]])
    >>> Direct(parse("energy"), 2).gradient(points, sources, np.ones(1)).round(12) + 0.0
    array([[ 0. ,  0. ],
           [-0.6, -0.8]])
    """

    def __init__(self, kernel: Kernel, dim: int, softening: float = 0.0, single: bool = False) -> None:
        kernel.check_dimension(dim)
        self.kernel, self.dim, self.softening, self.single = kernel, dim, softening, single
        self.dtype = np.dtype(np.float32 if single else np.float64)

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns g_i = sum_j w_j grad e(x_i - s_j), (P, n); shapes as in `SumMethod`.

        Raises InputError for arrays of other shapes, and for a kernel that has a jump.
        """
        from wgflow.dynamics.sums import rows, tiles

        kernel, pairs = self._slopes, Pairs(self, points, sources, weights)
        if pairs.is_empty:
            return np.zeros((pairs.points, self.dim))
        sums = np.zeros(pairs.blocks.shape)
        if self.dim <= MOST_ROWS_DIM:
            add = rows.gradient_rows if pairs.is_small else rows.parallel_gradient_rows
            add(*kernel, *pairs.arguments, (0,) * self.dim, sums)
        else:
            add = tiles.gradient_tiles if pairs.is_small else tiles.parallel_gradient_tiles
            add(*kernel, *pairs.arguments, sums)
        return 2.0 * pairs.joined(sums)  # grad e(x) = 2 (d e/d r^2) x

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns u_i = sum_j w_j e(x_i - s_j), (P,); shapes as in `SumMethod`."""
        from wgflow.dynamics.sums import tiles

        kernel, pairs = self._values, Pairs(self, points, sources, weights)
        if pairs.is_empty:
            return np.zeros(pairs.points)
        sums = np.zeros((len(pairs.blocks), 1, pairs.blocks.shape[2]))
        add = tiles.potential_tiles if pairs.is_small else tiles.parallel_potential_tiles
        add(*kernel, *pairs.arguments, sums)
        return pairs.joined(sums)[:, 0]

    def describe(self) -> str:
        """Returns one line: what is summed and how accurately."""
        kind = "float32 pairs, float64 totals, about 1e-6" if self.single else "float64, about 1e-15"
        soft = f"; softening {self.softening:g}" if self.softening else ""
        return f"direct sums over all pairs: {kind} of the sum of absolute values{soft}"

    @cached_property
    def _slopes(self) -> tuple[object, ...]:
        return _arguments(compiled_kernel(self.kernel, self.formula_dim, self.softening))

    @cached_property
    def _values(self) -> tuple[object, ...]:
        return _arguments(compiled_kernel(self.kernel, self.formula_dim, self.softening, gradient=False))

    @property
    def formula_dim(self) -> int:
        """The dimension that formulas are compiled for: where they are the same in all, one serves all that are not small."""
        families = [term.family for term in self.kernel.terms]
        least = max([MOST_ROWS_DIM + 1, *(family.least_dimension() for family in families)])
        return min(self.dim, least) if all(family.is_one_function() for family in families) else self.dim


def _arguments(compiled: CompiledKernel) -> tuple[object, ...]:
    return compiled.shape, compiled.parameters, compiled.table


class Pairs:
    """One sum, laid out for the compiled loops: points in blocks of W, and for each block its span of the sources."""

    def __init__(self, direct: Direct, points: Floats, sources: Floats, weights: Floats) -> None:
        points, sources, weights = (np.asarray(array) for array in (points, sources, weights))
        _check(direct.dim, points, sources, weights)
        self.points, self.is_empty = len(points), not (points.size and sources.size)
        if self.is_empty:
            return
        centre = sources.mean(axis=0) if direct.single else 0.0  # float32 keeps 24 bits of what is left
        blocks = in_blocks(points - centre, direct.dtype)
        self.shares = _shares(len(blocks), len(sources))
        self.blocks = np.tile(blocks, (self.shares, 1, 1))
        edges = np.linspace(0, len(sources), self.shares + 1).astype(np.int64)
        spans = np.repeat(np.stack([edges[:-1], edges[1:]], axis=1), len(blocks), axis=0)
        s, w = (np.ascontiguousarray(array, direct.dtype) for array in (sources - centre, weights))
        self.arguments = (self.blocks, s, w, spans)
        self.is_small = self.points * len(sources) * (2 + direct.dim / 4) <= SERIAL_WORK

    def joined(self, sums: Floats) -> Floats:
        """Returns sums (shares * blocks, m, W) as one row a point, (P, m); shares are added in order."""
        total = sums.reshape(self.shares, -1, *sums.shape[1:]).sum(axis=0) if self.shares > 1 else sums
        return total.transpose(0, 2, 1).reshape(-1, sums.shape[1])[: self.points]


def _check(dim: int, points: Floats, sources: Floats, weights: Floats) -> None:
    for name, array in (("points", points), ("sources", sources)):
        if array.ndim != 2 or array.shape[1] != dim:
            raise InputError(f"{name} have shape {array.shape}; give an array of shape (number, {dim}).")
    if weights.shape != (len(sources),):
        raise InputError(f"weights have shape {weights.shape}; give one for each of the {len(sources)} sources.")


def _shares(blocks: int, sources: int) -> int:
    """Returns into how many parts the sources are divided: by the sizes alone, never by the number of threads."""
    return max(1, min(FEW_BLOCKS // blocks, sources // LEAST_SHARE))


def in_blocks(points: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Returns points (P, n) as blocks (B, n, W), the last one filled up with its last point."""
    from numba import from_dtype

    from wgflow.dynamics.sums.lanes import lane_count

    width = lane_count(from_dtype(dtype))
    count = -(-len(points) // width)
    padded = np.concatenate([points, np.repeat(points[-1:], count * width - len(points), axis=0)])
    return np.ascontiguousarray(padded.reshape(count, width, -1).transpose(0, 2, 1), dtype)
