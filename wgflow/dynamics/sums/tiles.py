"""Direct sums in any dimension, in tiles: squared distances, then the kernel, then gradients or potentials.

A tile is one block of W points against a few sources, small enough for the nearest cache. Each phase reads every coordinate
of the tile once and uses it for several sources (or several coordinates) at once, as products of matrices do. The
differences x - s themselves are squared, never |x|^2 + |s|^2 - 2 x.s, which loses close pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from wgflow.dynamics.sums.lanes import add_to, load, spread, store
from wgflow.dynamics.sums.slope import profile_value, slope

TILE = 64  # sources in a tile; their sums are made in the working precision, then added to a float64 total


@njit(cache=True, nogil=True, error_model="numpy")
def put_squared_distances(points: Any, b: int, sources: Any, start: int, stop: int, tile: Any) -> None:
    """Writes |x - s_j|^2 for block ``b`` and sources start to stop: row j - start of ``tile`` (TILE, W)."""
    n, width = points.shape[1], points.shape[2]
    for j in range(start, stop - 3, 4):
        q0 = q1 = q2 = q3 = spread(points.dtype.type(0.0))
        for d in range(n):
            x = load(points, (b * n + d) * width)
            d0, d1, d2, d3 = x - sources[j, d], x - sources[j + 1, d], x - sources[j + 2, d], x - sources[j + 3, d]
            q0, q1, q2, q3 = q0 + d0 * d0, q1 + d1 * d1, q2 + d2 * d2, q3 + d3 * d3
        row = (j - start) * width
        store(tile, row, q0)
        store(tile, row + width, q1)
        store(tile, row + 2 * width, q2)
        store(tile, row + 3 * width, q3)
    for j in range(stop - (stop - start) % 4, stop):
        q0 = spread(points.dtype.type(0.0))
        for d in range(n):
            d0 = load(points, (b * n + d) * width) - sources[j, d]
            q0 = q0 + d0 * d0
        store(tile, (j - start) * width, q0)


@njit(cache=True, nogil=True, error_model="numpy")
def add_differences(points: Any, b: int, sources: Any, start: int, stop: int, tile: Any, sums: Any) -> None:
    """Adds sum_j tile_j (x - s_j) to ``sums`` for block ``b``, four coordinates at a time."""
    n, width = points.shape[1], points.shape[2]
    for d in range(0, n - 3, 4):
        at = (b * n + d) * width
        x0, x1, x2, x3 = load(points, at), load(points, at + width), load(points, at + 2 * width), load(points, at + 3 * width)
        g0 = g1 = g2 = g3 = spread(points.dtype.type(0.0))
        for j in range(start, stop):
            f = load(tile, (j - start) * width)
            g0, g1 = g0 + f * (x0 - sources[j, d]), g1 + f * (x1 - sources[j, d + 1])
            g2, g3 = g2 + f * (x2 - sources[j, d + 2]), g3 + f * (x3 - sources[j, d + 3])
        add_to(sums, at, g0)
        add_to(sums, at + width, g1)
        add_to(sums, at + 2 * width, g2)
        add_to(sums, at + 3 * width, g3)
    for d in range(n - n % 4, n):
        at = (b * n + d) * width
        x0 = load(points, at)
        g0 = spread(points.dtype.type(0.0))
        for j in range(start, stop):
            g0 = g0 + load(tile, (j - start) * width) * (x0 - sources[j, d])
        add_to(sums, at, g0)


@njit(cache=True, nogil=True, error_model="numpy")
def add_gradients(
    shape: Any, parameters: Any, table: Any, points: Any, b: int, sources: Any, weights: Any, span: Any, sums: Any
) -> None:
    """Adds the gradients of the sources in ``span`` to block ``b``; shapes as in `gradient_tiles`."""
    width = points.shape[2]
    tile = np.empty((TILE, width), points.dtype)
    for start in range(span[0], span[1], TILE):
        stop = min(start + TILE, span[1])
        put_squared_distances(points, b, sources, start, stop, tile)
        for j in range(stop - start):
            store(tile, j * width, slope(shape, load(tile, j * width), parameters, table) * weights[start + j])
        add_differences(points, b, sources, start, stop, tile, sums)


@njit(cache=True, nogil=True, error_model="numpy")
def gradient_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, sums: Any
) -> None:
    """Adds sum_j w_j (d e/d r^2)(|x_i - s_j|^2) (x_i - s_j) to ``sums``.

    shape, parameters, table: of a compiled kernel.  points: (B, n, W), blocks of W points.  sources: (S, n).  weights: (S,).
    spans: (B, 2), which sources each block meets.  sums: (B, n, W), float64.
    """
    for b in range(points.shape[0]):
        add_gradients(shape, parameters, table, points, b, sources, weights, spans[b], sums)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def parallel_gradient_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, sums: Any
) -> None:
    """The same, blocks shared among threads."""
    for block in prange(points.shape[0]):
        b = np.int64(block)  # prange counts in another type, for which everything would be compiled again
        add_gradients(shape, parameters, table, points, b, sources, weights, spans[b], sums)


@njit(cache=True, nogil=True, error_model="numpy")
def add_potentials(
    shape: Any, parameters: Any, table: Any, points: Any, b: int, sources: Any, weights: Any, span: Any, sums: Any
) -> None:
    """Adds the potentials of the sources in ``span`` to block ``b``; shapes as in `potential_tiles`."""
    width = points.shape[2]
    tile = np.empty((TILE, width), points.dtype)
    for start in range(span[0], span[1], TILE):
        stop = min(start + TILE, span[1])
        put_squared_distances(points, b, sources, start, stop, tile)
        total = spread(points.dtype.type(0.0))
        for j in range(stop - start):
            total = total + profile_value(shape, load(tile, j * width), parameters, table) * weights[start + j]
        add_to(sums, b * width, total)


@njit(cache=True, nogil=True, error_model="numpy")
def potential_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, sums: Any
) -> None:
    """Adds sum_j w_j e(x_i - s_j) to ``sums`` (B, 1, W), float64.

    Everything else as in `gradient_tiles`.
    """
    for b in range(points.shape[0]):
        add_potentials(shape, parameters, table, points, b, sources, weights, spans[b], sums)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def parallel_potential_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, sums: Any
) -> None:
    """The same, blocks shared among threads."""
    for block in prange(points.shape[0]):
        b = np.int64(block)  # prange counts in another type, for which everything would be compiled again
        add_potentials(shape, parameters, table, points, b, sources, weights, spans[b], sums)
