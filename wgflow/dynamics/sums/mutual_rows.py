"""Mutual sums in few dimensions: both sides of a pair add up what one evaluation gives, while its numbers are in registers.

The points of a block lie side by side in a register; what they add to a row is kept apart, lane by lane, and joined once after
all blocks of a group have passed.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from wgflow.dynamics.sums.lanes import (
    add_block_to,
    add_to,
    difference,
    load,
    load_block,
    plus_multiple,
    spread,
    squared_length,
    store,
    store_block,
    zero,
)
from wgflow.dynamics.sums.slope import value_and_slope
from wgflow.dynamics.sums.transposed import turn_over


@njit(cache=True, nogil=True, error_model="numpy")
def put_mask(mask: Any, k: int, count: int, is_own: bool) -> None:
    """Writes 1 to a mask (T, W) for block ``k`` of a tile of ``count`` points, 0 for lanes beyond and, if own, for i = j."""
    width = mask.shape[1]
    for j in range(mask.shape[0]):
        for lane in range(width):
            i = k * width + lane
            mask[j, lane] = 0.0 if i >= count or (is_own and i == j) else 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def add_block_and_rows(
    shape: Any, parameters: Any, table: Any, points: Any, b: int, rows: Any, start: int, stop: int,
    axes: Any, is_masked: bool, mask: Any, values: Any, gradients: Any, row_values: Any, row_gradients: Any,
) -> None:  # fmt: skip
    """Adds the pairs of block ``b`` and rows start to stop to the sums of the block, and to those of the rows, lane by lane."""
    width = points.shape[2]
    x = load_block(points, b, axes)
    total, total_value = zero(x), spread(points.dtype.type(0.0))
    for j in range(stop - start):
        away = difference(x, rows, start + j)
        q = squared_length(away)
        value, factor = value_and_slope(shape, q, parameters, table)
        if is_masked:
            there = load(mask, j * width)
            value, factor = value * there, factor * there
        total, total_value = plus_multiple(total, factor, away), total_value + value
        store(row_values, j * width, load(row_values, j * width) + value)
        store_block(row_gradients, j, plus_multiple(load_block(row_gradients, j, axes), factor, away))
    add_block_to(gradients, b, total)
    add_to(values, b * width, total_value)


@njit(cache=True, nogil=True, error_model="numpy")
def join_rows(row_values: Any, row_gradients: Any, turned: Any, b: int, values: Any, gradients: Any) -> None:
    """Adds the lanes of rows' sums to the values and, with the other sign as x - s = -(s - x), the gradients of tile ``b``."""
    side, n, width = row_gradients.shape
    for k in range(side // width):
        block = b * (side // width) + k
        turn_over(row_values, width, k * width * width, turned)
        total = spread(row_values.dtype.type(0.0))
        for lane in range(width):
            total = total + load(turned, lane * width)
        add_to(values, block * width, total)
        for d in range(n):
            turn_over(row_gradients, n * width, (k * width * n + d) * width, turned)
            total = spread(row_values.dtype.type(0.0))
            for lane in range(width):
                total = total - load(turned, lane * width)
            add_to(gradients, (block * n + d) * width, total)


@njit(cache=True, nogil=True, error_model="numpy")
def add_tiles_in_rows(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    first: int, last: int, b: int, moves: Any, room: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds all pairs of tiles first to last (exclusive) with tile ``b``; as `mutual_tiles.add_tiles`."""
    n, width = points.shape[1], points.shape[2]
    mask, row_values = room[0], room[1]
    side = len(mask)
    row_gradients = room[2 : 2 + n].reshape(side, n, width)
    turned = room[2 + n]
    row_values[:] = 0.0
    row_gradients[:] = 0.0
    for a in range(first, last):
        if a == b:
            join_rows(row_values, row_gradients, turned, b, values, gradients)
        is_masked = a == b or valid[a] < side
        for k in range(side // width):
            if is_masked:
                put_mask(mask, k, valid[a], a == b)
            add_block_and_rows(
                shape, parameters, table, points, a * (side // width) + k, rows, b * side, b * side + valid[b],
                axes, is_masked, mask, values, gradients, row_values, row_gradients,
            )  # fmt: skip
    if last <= b or first > b:
        join_rows(row_values, row_gradients, turned, b, values, gradients)
