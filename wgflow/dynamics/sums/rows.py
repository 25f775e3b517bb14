"""Direct sums of gradients in few dimensions: a block of points stays in registers while the sources pass by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from wgflow.dynamics.sums.lanes import add_block_to, difference, load_block, plus_multiple, squared_length, zero
from wgflow.dynamics.sums.slope import slope

PASS = 512  # sources added up in the working precision before they join the float64 total: bounds the rounding of long sums


@njit(cache=True, nogil=True, error_model="numpy")
def add_sources(
    shape: Any, parameters: Any, table: Any, points: Any, b: int, sources: Any, weights: Any, span: Any, axes: Any, sums: Any
) -> None:
    """Adds sum_j w_j (d e/d r^2) (x - s_j) to block ``b`` for the sources in ``span``; shapes as in `gradient_rows`."""
    x = load_block(points, b, axes)
    for start in range(span[0], span[1], PASS):
        total = zero(x)
        for j in range(start, min(start + PASS, span[1])):
            away = difference(x, sources, j)
            factor = slope(shape, squared_length(away), parameters, table) * weights[j]
            total = plus_multiple(total, factor, away)
        add_block_to(sums, b, total)


@njit(cache=True, nogil=True, error_model="numpy")
def gradient_rows(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, axes: Any, sums: Any
) -> None:
    """Adds sum_j w_j (d e/d r^2)(|x_i - s_j|^2) (x_i - s_j) to ``sums``; ``axes`` is a tuple of length n.

    Everything else as in `wgflow.dynamics.sums.tiles.gradient_tiles`.
    """
    for b in range(points.shape[0]):
        add_sources(shape, parameters, table, points, b, sources, weights, spans[b], axes, sums)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def parallel_gradient_rows(
    shape: Any, parameters: Any, table: Any, points: Any, sources: Any, weights: Any, spans: Any, axes: Any, sums: Any
) -> None:
    """The same, blocks shared among threads."""
    for block in prange(points.shape[0]):
        b = np.int64(block)  # prange counts in another type, for which everything would be compiled again
        add_sources(shape, parameters, table, points, b, sources, weights, spans[b], axes, sums)
