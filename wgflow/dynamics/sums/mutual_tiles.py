"""Values and gradients of a kernel over pairs of two tiles of points, for both sides from one evaluation of each pair.

A tile is two blocks of W points. Its pairs with another tile are made once: squared distances, then value and slope, which
share their exponentials and roots; the sums of the one side read them as they stand, those of the other turned over. As
everywhere in direct sums, the differences x - y themselves are squared and summed, so that close pairs keep their digits.
"""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.extending import overload

from wgflow.dynamics.sums.lanes import add_to, load, spread, store
from wgflow.dynamics.sums.mutual_rows import add_tiles_in_rows
from wgflow.dynamics.sums.slope import value_and_slope
from wgflow.dynamics.sums.tiles import add_differences, put_squared_distances
from wgflow.dynamics.sums.tournament import BLOCKS
from wgflow.dynamics.sums.transposed import turn_over


@njit(cache=True, nogil=True, error_model="numpy")
def add_rows(tile: Any, count: int, b: int, sums: Any) -> None:
    """Adds the first rows of a tile (T, W) to block ``b`` of sums (blocks, W)."""
    width = tile.shape[1]
    total = spread(tile.dtype.type(0.0))
    for j in range(count):
        total = total + load(tile, j * width)
    add_to(sums, b * width, total)


@njit(cache=True, nogil=True, error_model="numpy")
def put_values_and_slopes(shape: Any, parameters: Any, table: Any, count: int, values: Any, slopes: Any) -> None:
    """Replaces the first rows of squared distances in ``slopes`` by de/d(r^2), and writes e to ``values``; both (T, W)."""
    width = slopes.shape[1]
    for j in range(count):
        value, factor = value_and_slope(shape, load(slopes, j * width), parameters, table)
        store(values, j * width, value)
        store(slopes, j * width, factor)


@njit(cache=True, nogil=True, error_model="numpy")
def add_pair_of_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, a: int, b: int,
    moves: Any, room: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds all pairs of a point of tile ``a`` and one of tile ``b`` to the sums of both; a tile with itself leaves out i = j."""
    width = points.shape[2]
    side = BLOCKS * width
    start, stop = b * side, b * side + valid[b]
    for k in range(BLOCKS):
        own, of_pairs, slopes = BLOCKS * a + k, room[k], room[BLOCKS + k]
        put_squared_distances(points, own, rows, start, stop, slopes)
        put_values_and_slopes(shape, parameters, table, valid[b], of_pairs, slopes)
        if a == b:
            for lane in range(width):
                of_pairs[k * width + lane, lane] = 0.0
        add_rows(of_pairs, valid[b], own, values)
        if moves[0]:
            add_differences(points, own, rows, start, stop, slopes, gradients)
    if a != b:
        add_other_side(points, rows, valid[a], a, b, moves[1], room, values, gradients)


@njit(cache=True, nogil=True, error_model="numpy")
def add_other_side(
    points: Any, rows: Any, count: int, a: int, b: int, moves: bool, room: Any, values: Any, gradients: Any
) -> None:
    """Adds to the sums of tile ``b`` what its pairs with tile ``a``, of ``count`` points, have left in ``room``."""
    width = points.shape[2]
    turned_values, turned_slopes, square = room[2 * BLOCKS], room[2 * BLOCKS + 1], width * width
    for s in range(BLOCKS):
        for k in range(BLOCKS):
            turn_over(room[k], width, s * square, turned_values[k * width : (k + 1) * width])
            if moves:
                turn_over(room[BLOCKS + k], width, s * square, turned_slopes[k * width : (k + 1) * width])
        other, first = BLOCKS * b + s, a * BLOCKS * width
        add_rows(turned_values, count, other, values)
        if moves:
            add_differences(points, other, rows, first, first + count, turned_slopes, gradients)


@njit(cache=True, nogil=True, error_model="numpy")
def add_tiles_in_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    first: int, last: int, b: int, moves: Any, room: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds all pairs of tiles first to last (exclusive) with tile ``b``; as `add_tiles`."""
    for a in range(first, last):
        add_pair_of_tiles(shape, parameters, table, points, rows, valid, a, b, moves, room, values, gradients)


def add_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    first: int, last: int, b: int, moves: Any, room: Any, values: Any, gradients: Any,
) -> None:  # fmt: skip
    """Adds all pairs of tiles first to last (exclusive) with tile ``b`` to the sums of both; a tile with itself without i = j.

    points: (blocks, n, W). rows: the same points, (blocks W, n). valid: (tiles,), how many of a tile's points are there.
    axes: a tuple of length n in few dimensions, else (). moves: whether gradients are asked for the first tiles, and for tile
    ``b`` (in few dimensions both come anyway). room: (rooms(n), T, W). values: (blocks, W) and gradients:
    (blocks, n, W), float64. Tile ``b`` may be the last of the tiles itself.
    """


@overload(add_tiles, jit_options={"nogil": True, "error_model": "numpy"})
def _add_tiles(
    shape: Any, parameters: Any, table: Any, points: Any, rows: Any, valid: Any, axes: Any,
    first: int, last: int, b: int, moves: Any, room: Any, values: Any, gradients: Any,
) -> Any:  # fmt: skip
    chosen = add_tiles_in_rows if len(axes) else add_tiles_in_tiles
    return chosen.py_func
