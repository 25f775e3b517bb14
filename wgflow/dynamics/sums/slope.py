"""Kernels compiled for Numba: e and de/d(r^2) as instructions inside a caller's loop.

The caller is compiled once for every *shape* of a kernel (which families, which dimension); weights and lengths are run-time
parameters. A shape is a value whose Numba type carries the kernel's canonical text, so it is passed as an argument, also into
parallel loops and cached functions:

    @numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
    def row(shape, parameters, table, x, sources, weights):
        total = 0.0
        for j in range(len(sources)):
            d = x - sources[j]
            total += weights[j] * slope(shape, d * d, parameters, table) * d
        return 2 * total

    k = compiled_kernel(parse("rbf - 0.2*rbf(1/2)"), dim=1)
    row(k.shape, k.parameters, k.table, 0.5, sources, weights)

q is a float64, a float32, or any Numba type that is an LLVM vector of them (`lanes.Lanes`). Scalars vectorize;
vectors of whole 512-bit registers get the processor's own estimates and look-ups, which is faster still. Call `slope` and
`profile_value` in the function that has the loop: they ask for 512-bit vectors in that function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from llvmlite import binding
from numba.core import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from wgflow.arithmetic.machine_code import Code
from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.kernel_code import Place, both_code, slope_code, value_code
from wgflow.dynamics.sums.kernel_shape import Layout, Shape, layout_of
from wgflow.dynamics.sums.precise import has_bounded_slope, is_finite_at_zero, is_singular
from wgflow.dynamics.sums.tabulated import value_and_slope_tables
from wgflow.kernels.compact import TopHat
from wgflow.kernels.kernel import ZERO, Kernel
from wgflow.kernels.text import parse
from wgflow.record import record

__all__ = [
    "CompiledKernel",
    "compiled_kernel",
    "is_finite_at_zero",
    "is_singular",
    "profile_value",
    "slope",
    "value_and_slope",
    "wide_vectors",
]


@record
class CompiledKernel:
    """A kernel for compiled loops: the shape is a type, parameters and table are run-time data."""

    shape: Shape
    parameters: tuple[float, ...]
    table: NDArray[np.float64]


def compiled_kernel(kernel: Kernel, dim: int, softening: float = 0.0, gradient: bool = True) -> CompiledKernel:
    """Returns a kernel for `slope` and `profile_value` in R^dim; ``softening`` d replaces r^2 by r^2 + d^2.

    Raises InputError for a kernel without a gradient (a jump), unless ``gradient`` is false, and for a wrong dimension.

    >>> compiled_kernel(parse("2*rbf(1/2)"), 2).parameters
    (2.0, 4.0)
    """
    return _compiled(kernel.text, dim, float(softening), gradient)


@lru_cache(maxsize=64)
def _compiled(text: str, dim: int, softening: float, gradient: bool) -> CompiledKernel:
    kernel = ZERO if text == ZERO.text else parse(text)
    kernel.check_dimension(dim)
    if gradient and any(isinstance(term.family, TopHat) for term in kernel.terms):
        raise InputError("tophat has a jump, so its gradient is not a function; type --kernel wendland, or use --method fourier.")
    if not 0 <= softening < float("inf"):
        raise InputError(f"softening {softening} must be a length >= 0; type --softening 0.01, say.")
    families = tuple(term.family for term in kernel.terms)
    flags: tuple[str, ...] = ("softened",) if softening else ()
    if not softening:
        flags += () if has_bounded_slope(kernel, dim) else ("unbounded-slope",)
        flags += () if is_finite_at_zero(kernel, dim) else ("unbounded-value",)
    parameters = [float(x) for term in kernel.terms for x in (term.weight, 1 / term.scale2)] + [softening**2] * bool(softening)
    shape = Shape(Layout(dim, flags, families).text)
    return CompiledKernel(shape, tuple(parameters or [0.0]), value_and_slope_tables(families, dim))


def prefer_wide_vectors(builder: Any) -> None:
    """Asks LLVM for 512-bit vectors in the function that is being written: 1.5 to 1.8 times faster where there are any.

    llvmlite knows no such attribute by name; a plain set takes it. Where its internals change, the loop stays right and slower.
    """
    attributes = getattr(builder.function, "attributes", None)
    if isinstance(attributes, set):
        set.add(attributes, '"prefer-vector-width"="512"')


@intrinsic
def wide_vectors(typingctx: Any) -> Any:
    """Asks for 512-bit vectors in the calling function; for functions that inline a loop with `slope`."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        prefer_wide_vectors(builder)
        return context.get_dummy_value()

    return types.void(), write


@lru_cache
def _features() -> frozenset[str]:
    """Returns what the processor that Numba compiles for can do."""
    if config.CPU_FEATURES is not None or config.CPU_NAME is not None:
        return frozenset()  # set by hand: only what every processor has
    return frozenset(name for name, has in binding.get_host_cpu_features().items() if has)


def _writer(body: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        shape, _, _, array = signature.args
        prefer_wide_vectors(builder)
        table = context.make_array(array)(context, builder, args[3]).data
        code = Code(builder, args[1].type, _features())
        return body(Place(code, layout_of(shape.text), args[1], args[2], table))

    return write


@intrinsic
def slope(typingctx: Any, shape: Any, q: Any, parameters: Any, table: Any) -> Any:
    """Returns de/d(r^2) at q = r^2, so that grad e(x) = 2 slope x; 0 at q = 0 where it is unbounded."""
    return q(shape, q, parameters, table), _writer(slope_code)


@intrinsic
def profile_value(typingctx: Any, shape: Any, q: Any, parameters: Any, table: Any) -> Any:
    """Returns e(r) at q = r^2; at q = 0 e(0) where it is finite, else 0."""
    return q(shape, q, parameters, table), _writer(value_code)


@intrinsic
def value_and_slope(typingctx: Any, shape: Any, q: Any, parameters: Any, table: Any) -> Any:
    """Returns (e, de/d(r^2)) at q = r^2 from one evaluation, as `profile_value` and `slope` do to rounding."""
    pair = types.UniTuple(q, 2)  # type: ignore[attr-defined]
    write = _writer(both_code)

    def write_pair(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_tuple(builder, pair, write(context, builder, signature, args))

    return pair(shape, q, parameters, table), write_pair
