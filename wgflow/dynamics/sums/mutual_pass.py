"""One pass over all pairs of one or two clouds, serial or by threads, with the same result to the last bit.

Groups of tiles meet in rounds like teams in a tournament: in a round every group has one opponent, so threads add to sums of
different points and need no copies. The rounds depend on the sizes alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange

from wgflow.dynamics.sums.mutual_tiles import add_tiles
from wgflow.dynamics.sums.tournament import BLOCKS


@njit(cache=True, nogil=True, error_model="numpy")
def put_cloud(cloud: Any, centre: Any, first: int, points: Any, rows: Any) -> float:
    """Writes a cloud (N, n) less ``centre`` from row ``first`` on, as rows and as blocks; the last point fills up the last tile.

    Returns the largest coordinate as written, or infinity where one is not finite.
    """
    n, width = points.shape[1], points.shape[2]
    most = 0.0
    for i in range(len(cloud)):
        for d in range(n):
            x = cloud[i, d] - centre[d]
            most = max(most, abs(x)) if np.isfinite(x) else np.inf
            rows[first + i, d] = x
    for i in range(-(-len(cloud) // (BLOCKS * width)) * BLOCKS * width):
        b, lane, there = (first + i) // width, (first + i) % width, first + min(i, len(cloud) - 1)
        for d in range(n):
            points[b, d, lane] = rows[there, d]
    return most


@njit(cache=True, nogil=True, error_model="numpy")
def add_pair_of_groups(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    groups: Any, game: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds all pairs of two groups of tiles, or of one group with itself. game: (one, other, channel), one = -1 for no game."""
    one, other, channel = game
    if one < 0:
        return
    width = points.shape[2]
    room = np.zeros((max(2 * BLOCKS + 2, 3 + len(axes)), BLOCKS * width, width), points.dtype)
    moves = (groups[one, 2] > 0, groups[other, 2] > 0)
    for b in range(groups[other, 0], groups[other, 1]):
        last = b + 1 if one == other else groups[one, 1]
        add_tiles(
            shape, parameters, table, points, rows, valid, axes, groups[one, 0], last, b, moves, room,
            values[channel], gradients[channel],
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def mutual_pass(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    groups: Any, rounds: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds every pair that ``rounds`` (R, games, 3) name to values (2, blocks, W) and gradients (2, blocks, n, W), by channel.

    groups: (groups, 3), the first tile, the one after the last, and whether gradients are asked for. Else as in `add_tiles`.
    """
    for r in range(rounds.shape[0]):
        for m in range(rounds.shape[1]):
            game = (rounds[r, m, 0], rounds[r, m, 1], rounds[r, m, 2])
            add_pair_of_groups(shape, parameters, table, points, rows, valid, axes, groups, game, values, gradients)


@njit(cache=True, nogil=True, parallel=True, error_model="numpy")
def parallel_mutual_pass(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    groups: Any, rounds: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """The same, the games of a round shared among threads."""
    for r in range(rounds.shape[0]):
        for m in prange(rounds.shape[1]):
            game = (rounds[r, m, 0], rounds[r, m, 1], rounds[r, m, 2])
            add_pair_of_groups(shape, parameters, table, points, rows, valid, axes, groups, game, values, gradients)


@njit(cache=True, nogil=True, error_model="numpy")
def total_of(values: Any, first: int, count: int) -> float:
    """Returns the sum of the values (blocks, W) of ``count`` points from row ``first`` on."""
    width = values.shape[1]
    total = 0.0
    for i in range(first, first + count):
        total += values[i // width, i % width]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def put_combined(gradients: Any, first: int, own: float, other: float, out: Any) -> None:
    """Writes own * g_i of the first channel + other * g_i of the second, for the points from row ``first`` on, to out (N, n)."""
    width = gradients.shape[3]
    for i in range(out.shape[0]):
        b, lane = (first + i) // width, (first + i) % width
        for d in range(out.shape[1]):
            out[i, d] = own * gradients[0, b, d, lane] + other * gradients[1, b, d, lane]
