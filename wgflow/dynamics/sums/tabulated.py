"""Tables of what is not elementary or would cancel: piecewise polynomials of q = r^2, 8 segments of degree 9 an octave.

Two kinds of families need one. *Bessel functions K* of an order that is not half of an odd number are tabulated everywhere,
as log |f|: one accuracy then holds from powers of r near 0 down to exp(-r) far out, about 2e-15 (1 + |log f|), relative.
*Expressions* such as sin(r)/r, whose slope cancels near 0, are tabulated there as they are and computed elsewhere.

Range: q from 2^-200 (below it, f keeps that value) to 2^40, beyond which what decays like exp(-r) is 0. Coefficients come from
balls at the Chebyshev nodes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb
from llvmlite import ir
from numpy.typing import NDArray

from wgflow.arithmetic import complex_floating, elementary, floating
from wgflow.arithmetic.complex_floating import point
from wgflow.arithmetic.dual import Dual, Duals, dual
from wgflow.arithmetic.interpolation import log_2
from wgflow.arithmetic.machine_code import SINGLE, Code
from wgflow.dynamics.sums.precise import accurate
from wgflow.kernels.expression import Apply, Expression, Tree, children, evaluate
from wgflow.kernels.family import Family
from wgflow.kernels.matern import Matern, Yukawa

LOW, HIGH = -200, 40  # exponents of 2
CUTS = 3  # 2^3 segments an octave
DEGREE = 9
END = 2.0**HIGH
SEGMENTS = (HIGH - LOW) << CUTS
SIZE = SEGMENTS * (DEGREE + 1)  # numbers in one function's table
LOST = 1e-13  # relative; an expression's slope that loses more is tabulated
NEAR_FROM, NEAR_TO = -60, 1  # exponents of 2 between which the loss is looked for
WINDOW, PER_WINDOW = 4, 30  # octaves, and points at which balls are evaluated in them


def _has_general_besselk(tree: Tree) -> bool:
    if isinstance(tree, Apply) and tree.name == "besselk" and tree.order is not None and tree.order.denominator != 2:
        return True
    return any(_has_general_besselk(child) for child in children(tree))


@lru_cache(maxsize=64)
def is_logarithmic(family: Family, dim: int) -> bool:
    """Tells whether log |f| is tabulated: a Bessel function K of an order that is not half of an odd number, of one sign."""
    if isinstance(family, Matern):
        return family.nu.denominator != 2
    if isinstance(family, Expression):
        return _has_general_besselk(family.tree) and _keeps_signs(family, dim)
    return isinstance(family, Yukawa) and dim % 2 == 0


def _keeps_signs(family: Family, dim: int) -> bool:
    probes = (accurate(family, arb(2) ** k, dim) for k in range(LOW, HIGH + 1, 2))
    return all(x * sign > 0 for pair in probes for x, sign in zip(pair, signs(family, dim), strict=True))


@lru_cache(maxsize=64)
def near_end(family: Family, dim: int = 1) -> float:
    """Returns the q below which an expression is tabulated as it is: 0 (nowhere), or where its slope cancels, or `END`.

    >>> from wgflow.kernels.text import parse
    >>> [float(near_end(parse(text).terms[0].family)) for text in ("exp(-r**4)", "sin(r)/r")]
    [0.0, 0.5]
    """
    if not isinstance(family, Expression):
        return 0.0
    if _has_general_besselk(family.tree):
        return 0.0 if is_logarithmic(family, dim) else END
    exponents = np.arange(NEAR_FROM, NEAR_TO)
    with floating.quiet(), np.errstate(invalid="ignore"):
        ops = Duals(complex_floating.OPS)
        r2 = Dual(point(np.ldexp(1.0, exponents)), complex_floating.OPS.number(1))  # type: ignore[arg-type]
        slope = dual(evaluate(family.tree, ops, ops.sqrt(r2))).slope
        if slope is None:
            return 0.0
        bad = ~(slope.error <= LOST * np.abs(slope.value)) & (slope.error > 1e-290)
    # No table where the balls do not show f to be analytic.
    known = [all(x.is_finite() for x in accurate(family, arb(2) ** k, 1)) for k in (LOW, NEAR_FROM, -8)]
    last = np.flatnonzero(bad)
    return float(np.ldexp(1.0, exponents[last[-1]] + 1)) if len(last) and all(known) else 0.0


def needs_table(family: Family, dim: int) -> bool:
    """Tells whether a family has a table."""
    return is_logarithmic(family, dim) or near_end(family, dim) > 0


@lru_cache(maxsize=64)
def signs(family: Family, dim: int) -> tuple[int, int]:
    """Returns the signs of phi and of d phi/d(r^2) at r = 1; where a table is logarithmic they hold for every r."""
    value, slope = accurate(family, arb(1), dim)
    return (1 if value > 0 else -1), (1 if slope > 0 else -1)


@lru_cache(maxsize=16)
def table_of(family: Family, dim: int) -> NDArray[np.float64]:
    """Returns the coefficients for phi and for d phi/d(r^2): shape (2, segments, degree + 1), read-only."""
    logarithmic = is_logarithmic(family, dim)
    top = HIGH if logarithmic else int(np.log2(near_end(family, dim)))
    windows = -((LOW - top) // WINDOW)
    q = np.exp2(LOW + WINDOW * (np.arange(windows)[:, None] + (1 + _chebyshev(PER_WINDOW)) / 2))
    value_of = _logarithms if logarithmic else _plain
    found = np.array([value_of(family, float(x), dim) for x in q.ravel()]).reshape(*q.shape, 2)
    values = (found.transpose(2, 0, 1) @ _from_windows().T).reshape(2, windows * WINDOW << CUTS, DEGREE + 1)
    middle = values.mean(axis=2, keepdims=True)  # solving for differences loses no digits of a large constant
    coefficients = np.zeros((2, SEGMENTS, DEGREE + 1))
    used = min(SEGMENTS, values.shape[1])
    # From values at the nodes to the coefficients of 1, t, t^2, ...
    to_coefficients = np.linalg.inv(np.vander(_chebyshev(DEGREE + 1), increasing=True))
    coefficients[:, :used] = ((values - middle) @ to_coefficients.T)[:, :used]
    coefficients[:, :used, 0] += middle[:, :used, 0]
    coefficients.setflags(write=False)
    return coefficients


def _chebyshev(count: int) -> NDArray[np.float64]:
    return np.cos(np.pi * (2 * np.arange(count) + 1) / (2 * count))


@lru_cache(maxsize=1)
def _from_windows() -> NDArray[np.float64]:
    """Returns the matrix from values at a window's nodes, Chebyshev's in log q, to those at the nodes of its segments.

    The functions are smooth in log q (singularities at a distance of about pi), so that few balls make a fine table. The
    barycentric formula (Berrut and Trefethen 2004); the nodes of windows and segments never meet.
    """
    edges = np.ldexp(1 + np.arange(1 << CUTS) / (1 << CUTS), np.arange(WINDOW)[:, None]).ravel()
    widths = np.repeat(np.ldexp(1.0, np.arange(WINDOW) - CUTS), 1 << CUTS)
    targets = np.log2(edges[:, None] + widths[:, None] * (1 + _chebyshev(DEGREE + 1)) / 2).ravel() * 2 / WINDOW - 1
    angles = np.pi * (2 * np.arange(PER_WINDOW) + 1) / (2 * PER_WINDOW)
    weights = (-1.0) ** np.arange(PER_WINDOW) * np.sin(angles)
    terms = weights / (targets[:, None] - np.cos(angles))
    return np.asarray(terms / terms.sum(axis=1, keepdims=True))


def _plain(family: Family, q: float, dim: int) -> tuple[float, float]:
    value, slope = accurate(family, arb(q), dim)
    return float(value.mid()), float(slope.mid())


def _logarithms(family: Family, q: float, dim: int) -> tuple[float, float]:
    value, slope = (float(abs(x).log().mid()) for x in accurate(family, arb(q), dim))
    return value, slope


def table_code(code: Code, q: Any, pointer: Any, offset: int) -> Any:
    """Writes the look-up of a table at q, given its address and the place in it where the function begins."""
    if code.lanes or code.format is SINGLE:
        return _by_lane(code, q, pointer, offset)
    builder = code.builder
    low, high = float(np.ldexp(1.0, LOW)), float(np.nextafter(np.ldexp(1.0, HIGH), 0))
    bits = code.bits(code.clamped(q, low, high))
    first = (code.format.bias + LOW) << CUTS
    segment = builder.sub(builder.lshr(bits, code.integer(code.format.mantissa - CUTS)), code.integer(first))
    place = builder.add(builder.mul(segment, code.integer(DEGREE + 1)), code.integer(offset))
    below = code.integer((1 << (code.format.mantissa - CUTS)) - 1)
    fraction = builder.or_(builder.and_(bits, below), code.integer(code.format.bias << code.format.mantissa))
    step = float(2 << CUTS)
    t = code.fused(code.from_bits(fraction), code.constant(step), code.constant(-step - 1))
    total = _load(code, pointer, place, DEGREE)
    for k in reversed(range(DEGREE)):
        total = code.fused(total, t, _load(code, pointer, place, k))
    return total


def _load(code: Code, pointer: Any, place: Any, k: int) -> Any:
    index = code.builder.add(place, code.integer(k))
    return code.builder.load(code.builder.gep(pointer, [index], source_etype=ir.DoubleType()))


def _by_lane(code: Code, q: Any, pointer: Any, offset: int) -> Any:
    """One lane at a time, in float64: LLVM gathers what it can."""
    builder, place, scalar = code.builder, ir.IntType(32), Code(code.builder)
    result: Any = ir.Constant(code.real, ir.Undefined)
    for i in range(code.lanes or 1):
        one = builder.extract_element(q, ir.Constant(place, i)) if code.lanes else q
        single = code.format is SINGLE
        found = table_code(scalar, builder.fpext(one, scalar.real) if single else one, pointer, offset)
        value = builder.fptrunc(found, code.format.real) if single else found
        result = builder.insert_element(result, value, ir.Constant(place, i)) if code.lanes else value
    return result


def exponential(code: Code, logarithm: Any) -> Any:
    """exp of what a logarithmic table gave; 0 below -707."""
    return elementary.exp_of_product(code, code.constant(float(1 / log_2())), logarithm)


def value_and_slope_tables(families: tuple[Family, ...], dim: int) -> NDArray[np.float64]:
    """Returns the tables of all families that need one, one after another; a single 0 where none does."""
    tables = [table_of(family, dim).ravel() for family in families if needs_table(family, dim)]
    return np.concatenate(tables) if tables else np.zeros(1)
