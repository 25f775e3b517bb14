"""Vectors of a processor's lanes as Numba values: arithmetic on many points at once that needs no vectorizing compiler.

`Lanes` holds one number for each of W points; `Block` holds the n coordinates of these points. Each is a value of LLVM's
vector type, so it lives in registers, and one line of Python is one instruction a register. LLVM's own vectorizer would have
to prove first that a loop may be vectorized, and then guesses a width; measured, the explicit form runs at the speed of C
with vector types.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, overload, register_model

BYTES = 128  # of a Lanes value: two registers of 512 bits or four of 256
ALIGNMENT = 4  # bytes; arrays of NumPy promise no more than that of their numbers
FUSED = ("contract",)  # a*b + c is rounded once where the machine can; nothing is reordered
ELEMENTS = {types.float64: ir.DoubleType(), types.float32: ir.FloatType()}


def lane_count(dtype: Any) -> int:
    """Returns W: how many numbers of a type make one `Lanes`.

    >>> lane_count(types.float64), lane_count(types.float32)
    (16, 32)
    """
    return BYTES * 8 // dtype.bitwidth


class Lanes(types.Type):
    """W floating-point numbers, one for each point of a block."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


class Block(types.Type):
    """The n coordinates of W points."""

    def __init__(self, dtype: Any, dim: int) -> None:
        self.dtype, self.dim = dtype, dim
        super().__init__(name=f"Block({dtype}, {dim})")


def vector_type(dtype: Any) -> ir.VectorType:
    """Returns the LLVM type of a `Lanes`."""
    return ir.VectorType(ELEMENTS[dtype], lane_count(dtype))


@register_model(Lanes)
class LanesModel(PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, vector_type(lanes.dtype))


@register_model(Block)
class BlockModel(PrimitiveModel):
    def __init__(self, manager: Any, block: Block) -> None:
        super().__init__(manager, block, ir.ArrayType(vector_type(block.dtype), block.dim))


def splatted(builder: ir.IRBuilder, number: ir.Value, vector: ir.VectorType) -> ir.Value:
    """Returns the vector with the number in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None))


def _address(context: Any, builder: ir.IRBuilder, array_type: Any, array: ir.Value, index: ir.Value) -> ir.Value:
    """Returns the address of an element of a C-contiguous array, counted flat."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [index], inbounds=True)


def _load(builder: ir.IRBuilder, address: ir.Value, vector: ir.VectorType) -> ir.Value:
    return builder.load(builder.bitcast(address, vector.as_pointer()), align=ALIGNMENT)


def _store(builder: ir.IRBuilder, value: ir.Value, address: ir.Value) -> None:
    builder.store(value, builder.bitcast(address, value.type.as_pointer()), align=ALIGNMENT)


# --- one number a point ---------------------------------------------------------------------------------------------


@intrinsic
def load(typing: Any, array: Any, offset: Any) -> Any:
    """Returns W numbers of a contiguous array from a flat offset on, as `Lanes`."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        address = _address(context, builder, signature.args[0], args[0], args[1])
        return _load(builder, address, vector_type(array.dtype))

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, offset: Any, lanes: Lanes) -> Any:
    """Writes `Lanes` to a contiguous array of their type at a flat offset."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        _store(builder, args[2], _address(context, builder, signature.args[0], args[0], args[1]))
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def add_to(typing: Any, array: Any, offset: Any, lanes: Lanes) -> Any:
    """Adds `Lanes` to a contiguous float64 array at a flat offset, whatever the precision of the lanes."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        total = ir.VectorType(ir.DoubleType(), lane_count(lanes.dtype))
        address = _address(context, builder, signature.args[0], args[0], args[1])
        wide = args[2] if lanes.dtype == types.float64 else builder.fpext(args[2], total)
        _store(builder, builder.fadd(_load(builder, address, total), wide), address)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def spread(typing: Any, number: Any) -> Any:
    """Returns `Lanes` that all hold one number."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return splatted(builder, args[0], vector_type(number))

    return Lanes(number)(number), generate


def _binary(instruction: str) -> Any:
    """Returns an intrinsic that applies an instruction of LLVM to `Lanes`, or to `Lanes` and one number."""

    @intrinsic
    def apply(typing: Any, a: Lanes, b: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
            right = args[1] if isinstance(b, Lanes) else splatted(builder, args[1], vector_type(b))
            return getattr(builder, instruction)(args[0], right, flags=FUSED)

        return a(a, b), generate

    return apply


def _operate(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    """Lets an operator of Python act on `Lanes`."""
    apply = _binary(instruction)
    overload(symbol)(lambda a, b: (lambda a, b: apply(a, b)) if isinstance(a, Lanes) and b in (a, a.dtype) else None)


_operate(operator.add, "fadd")
_operate(operator.sub, "fsub")
_operate(operator.mul, "fmul")


# --- n numbers a point ----------------------------------------------------------------------------------------------


@intrinsic
def load_block(typing: Any, points: Any, b: Any, axes: Any) -> Any:
    """Returns block ``b`` of points (blocks, n, W) as a `Block`; n is the length of the tuple ``axes``."""
    block = Block(points.dtype, len(axes))

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        out = ir.Constant(context.get_value_type(block), ir.Undefined)
        for axis, address in enumerate(_axes(context, builder, signature.args[0], args[0], args[1], block)):
            out = builder.insert_value(out, _load(builder, address, vector_type(block.dtype)), axis)
        return out

    return block(points, types.intp, axes), generate


@intrinsic
def add_block_to(typing: Any, sums: Any, b: Any, block: Block) -> Any:
    """Adds a `Block` to block ``b`` of float64 sums (blocks, n, W), whatever the precision of the block."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        total = ir.VectorType(ir.DoubleType(), lane_count(block.dtype))
        for axis, address in enumerate(_axes(context, builder, signature.args[0], args[0], args[1], block)):
            part = builder.extract_value(args[2], axis)
            wide = part if block.dtype == types.float64 else builder.fpext(part, total)
            _store(builder, builder.fadd(_load(builder, address, total), wide), address)
        return context.get_dummy_value()

    return types.void(sums, types.intp, block), generate


def _axes(context: Any, builder: ir.IRBuilder, array_type: Any, array: Any, b: ir.Value, block: Block) -> list[ir.Value]:
    """Returns the addresses of the coordinates of a block in an array (blocks, n, W)."""
    integer = ir.IntType(64)
    width = lane_count(block.dtype)
    first = builder.mul(b, ir.Constant(integer, block.dim * width))
    offsets = [builder.add(first, ir.Constant(integer, axis * width)) for axis in range(block.dim)]
    return [_address(context, builder, array_type, array, offset) for offset in offsets]


@intrinsic
def zero(typing: Any, like: Block) -> Any:
    """Returns a `Block` of zeros."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return ir.Constant(context.get_value_type(like), None)

    return like(like), generate


@intrinsic
def difference(typing: Any, block: Block, sources: Any, j: Any) -> Any:
    """Returns x - s_j for the points x of a block and row ``j`` of sources (S, n)."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        out, integer = args[0], ir.IntType(64)
        first = builder.mul(args[2], ir.Constant(integer, block.dim))
        for axis in range(block.dim):
            offset = builder.add(first, ir.Constant(integer, axis))
            number = builder.load(_address(context, builder, signature.args[1], args[1], offset))
            right = splatted(builder, number, vector_type(block.dtype))
            out = builder.insert_value(out, builder.fsub(builder.extract_value(args[0], axis), right), axis)
        return out

    return block(block, sources, types.intp), generate


@intrinsic
def squared_length(typing: Any, block: Block) -> Any:
    """Returns |x|^2 for the points x of a block."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        parts = [builder.extract_value(args[0], axis) for axis in range(block.dim)]
        total = builder.fmul(parts[0], parts[0], flags=FUSED)
        for part in parts[1:]:
            total = builder.fadd(total, builder.fmul(part, part, flags=FUSED), flags=FUSED)
        return total

    return Lanes(block.dtype)(block), generate


@intrinsic
def plus_multiple(typing: Any, sums: Block, factor: Lanes, block: Block) -> Any:
    """Returns sums + factor * block, point by point."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        out = args[0]
        for axis in range(sums.dim):
            product = builder.fmul(args[1], builder.extract_value(args[2], axis), flags=FUSED)
            out = builder.insert_value(out, builder.fadd(builder.extract_value(args[0], axis), product, flags=FUSED), axis)
        return out

    return sums(sums, factor, block), generate


@intrinsic
def store_block(typing: Any, points: Any, b: Any, block: Block) -> Any:
    """Writes a `Block` to block ``b`` of points (blocks, n, W) of its own precision."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        for axis, address in enumerate(_axes(context, builder, signature.args[0], args[0], args[1], block)):
            _store(builder, builder.extract_value(args[2], axis), address)
        return context.get_dummy_value()

    return types.void(points, types.intp, block), generate
