"""Tiles turned over: what one side of a tile needs of the numbers that were made for the other, by shuffles of registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from wgflow.dynamics.sums.lanes import ALIGNMENT, ELEMENTS, lane_count

REGISTER = 512  # bits; a square of so many numbers is turned over at a time


def _shuffled(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, places: list[int]) -> ir.Value:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def turned_over(builder: ir.IRBuilder, rows: list[ir.Value]) -> list[ir.Value]:
    """Returns the columns of a square of numbers: halves of blocks change places, block size after block size (Eklundh 1972)."""
    size, rows = len(rows), list(rows)
    step = 1
    while step < size:
        upper = [k if not k & step else size + (k ^ step) for k in range(size)]
        lower = [k ^ step if not k & step else size + k for k in range(size)]
        for i in (i for i in range(size) if not i & step):
            a, b = rows[i], rows[i | step]
            rows[i], rows[i | step] = _shuffled(builder, a, b, upper), _shuffled(builder, a, b, lower)
        step *= 2
    return rows


@intrinsic
def turn_over(typing: Any, tile: Any, stride: Any, start: Any, out: Any) -> Any:
    """Writes W rows of W numbers of ``tile``, ``stride`` apart from flat offset ``start`` on, as columns to ``out`` (W, W)."""
    width, side = lane_count(tile.dtype), REGISTER // tile.dtype.bitwidth
    kind, integer = ir.VectorType(ELEMENTS[tile.dtype], side), ir.IntType(64)

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        def address(which: int, offset: ir.Value) -> ir.Value:
            data = context.make_array(signature.args[which])(context, builder, args[which]).data
            return builder.bitcast(builder.gep(data, [offset], inbounds=True), kind.as_pointer())

        def read(row: int, column: int) -> ir.Value:
            offset = builder.add(builder.mul(args[1], ir.Constant(integer, row)), ir.Constant(integer, column))
            return builder.load(address(0, builder.add(args[2], offset)), align=ALIGNMENT)

        for i in range(0, width, side):
            for j in range(0, width, side):
                columns = turned_over(builder, [read(i + k, j) for k in range(side)])
                for k, column in enumerate(columns):
                    builder.store(column, address(3, ir.Constant(integer, (j + k) * width + i)), align=ALIGNMENT)
        return context.get_dummy_value()

    return types.void(tile, types.intp, types.intp, out), generate
