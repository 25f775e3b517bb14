"""Where particles start, and targets: named shapes, and mixtures of them, read from text by hand.

    cloud     := part ('+' part)*
    part      := [ number '*' ] name [ '(' name '=' number (',' name '=' number)* ')' ]

A position (mean, at, center) is one number, on the first axis, or ``1:0.5``, one an axis. A mixture's numbers are relative
weights: ``gaussian(mean=-2) + 3*gaussian(mean=2)`` has one particle in four on the left.
"""

from __future__ import annotations

import re

import numpy as np

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.dynamics.particles.shape import SHAPES, Floats, Numbers, Shape, pick
from wgflow.dynamics.random_streams import stream
from wgflow.record import record

KNOWN = {shape.signature: shape.sentence for shape in SHAPES}
MAX_TEXT, MAX_PARTS, MOST_RINGS = 4000, 100, 1000
_LARGEST = 1e100  # of positions: squares stay finite
_PART = re.compile(r"\s*(?:([0-9.][0-9.eE/+-]*?)\s*\*)?\s*([A-Za-z0-9][A-Za-z0-9-]*)\s*(?:\(([^()]*)\))?\s*")
_EXAMPLE = "type for example eight-gaussians, 'gaussian(mean=3, std=0.5)' or 'gaussian(mean=-2) + 3*ring(radius=2)'."


@record
class Part:
    """A shape with its numbers, and its share of the particles."""

    share: float
    shape: Shape
    numbers: Numbers


def sample(text: object, count: int, dim: int, seed: int = 0, purpose: str = "start", quiet: bool = False) -> Floats:
    """Returns particles of the law that ``text`` spells, all of equal weight. Returns (count, dim).

    The law is the image of the uniform law of a cube under an explicit map. Without ``quiet`` the cube's points are
    random, of the stream of (seed, purpose); with it they have low discrepancy, so that averages of smooth functions have
    errors nearer to 1/N than to 1/sqrt(N): midpoints in one dimension, else scrambled Sobol points (Owen 1998).
    Raises InputError for text that is not understood and for a dimension that a shape does not have.

    >>> sample("point(at=3)", 2, 2).tolist()
    [[3.0, 0.0], [3.0, 0.0]]
    >>> sample("gaussian(mean=3, std=0.5)", 1000, 1, quiet=True).mean().round(9)
    np.float64(3.0)
    """
    n, number = integer(dim, "dim", 1, 4096), integer(count, "count", 0, 10**9)
    parts = parse_cloud(text, n)
    cube = max(part.shape.cube(n) for part in parts)
    u = _low_discrepancy(number, cube, seed, purpose) if quiet else stream(seed, purpose).random((number, cube)) + 2.0**-54
    which, u[:, 0] = pick(u[:, 0], np.array([part.share for part in parts]))
    points = np.empty((number, n))
    for index, part in enumerate(parts):
        mine = which == index
        points[mine] = part.shape.place(u[mine, : part.shape.cube(n)], part.numbers, n)
    return points


def _low_discrepancy(count: int, dim: int, seed: int, purpose: str) -> Floats:
    if dim == 1:
        return ((np.arange(count) + 0.5) / max(count, 1))[:, None]
    from scipy.stats import qmc  # late: scipy

    points = qmc.Sobol(dim, scramble=True, seed=stream(seed, purpose)).random_base2(max(count - 1, 0).bit_length())
    return np.asarray(points[:count] + 2.0**-31)  # never 0: Sobol points have 30 bits


def parse_cloud(text: object, dim: int) -> tuple[Part, ...]:
    """Returns the parts of the mixture that ``text`` spells, with shares that sum to 1; raises InputError.

    >>> [(part.share, part.shape.name) for part in parse_cloud("point + 3*gaussian", 1)]
    [(0.25, 'point'), (0.75, 'gaussian')]
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"particles are described by text, not by {shown(text)}; {_EXAMPLE}")
    if len(text) > MAX_TEXT:
        raise InputError(f"the text of particles has {len(text)} characters; at most {MAX_TEXT} are read.")
    parts, position = [], 0
    while True:
        match = _PART.match(text, position)
        if match is None or (match.end() < len(text) and text[match.end()] != "+"):
            at = position if match is None else match.end()
            raise InputError(f"particles {shown(text)}: {shown(text[at:].strip(), 20)} is not understood; {_EXAMPLE}")
        parts.append(_part(match[1], match[2], match[3], dim))
        if match.end() == len(text):
            break
        position = match.end() + 1
    if len(parts) > MAX_PARTS:
        raise InputError(f"a mixture has at most {MAX_PARTS} parts; {len(parts)} are given.")
    total = sum(part.share for part in parts)
    return tuple(Part(part.share / total, part.shape, part.numbers) for part in parts)


def _part(weight: str | None, name: str, inside: str | None, dim: int) -> Part:
    share = float(rational(weight, "weight")) if weight else 1.0
    if not 1e-100 < share < 1e100:
        raise InputError(f"weight {shown(weight)} must be positive, from 1e-100 to 1e100; {_EXAMPLE}")
    shape = next((each for each in SHAPES if each.name == name), None)
    if shape is None:
        raise InputError(f"particles {shown(name)} are not known; type one of {', '.join(each.name for each in SHAPES)}.")
    least, most = shape.dims
    if dim < least or (most is not None and dim > most):
        raise InputError(f"{name} lives in dimension {least}, not {dim}; type --dim {least}, or gaussian or uniform.")
    numbers: Numbers = {each.name: np.zeros(dim) if each.place else float(each.default) for each in shape.parameters}
    numbers |= _given(shape, inside or "", dim)
    if name == "uniform" and not numbers["low"] < numbers["high"]:
        raise InputError(f"uniform: low = {numbers['low']:g} must be less than high = {numbers['high']:g}.")
    if name == "rings" and numbers["count"] not in range(1, MOST_RINGS + 1):
        raise InputError(f"rings: count must be a whole number from 1 to {MOST_RINGS}.")
    return Part(share, shape, numbers)


def _given(shape: Shape, inside: str, dim: int) -> Numbers:
    known = {parameter.name: parameter for parameter in shape.parameters}
    given: Numbers = {}
    for item in inside.split(",") if inside.strip() else []:
        name, equals, value = (piece.strip() for piece in item.partition("="))
        if not equals or name not in known:
            raise InputError(f"{shape.name} does not take {shown(item.strip(), 20)}; type for example {shape.signature}.")
        if name in given:
            raise InputError(f"{shape.name}: {name} is given twice.")
        what, least = f"{shape.name}: {name}", known[name].least
        given[name] = _position(value, what, dim) if known[name].place else _number(value, what, least)
    return given


def _number(value: str, what: str, least: float | None = None) -> float:
    exact = rational(value, what)
    if abs(exact) > _LARGEST or (least is not None and exact < least):
        low = "" if least is None else f"at least {least:g} and "
        raise InputError(f"{what} = {shown(value)} must be {low}at most 1e100 in size.")
    return float(exact)


def _position(value: str, what: str, dim: int) -> Floats:
    parts = value.split(":")
    if len(parts) not in (1, dim):
        raise InputError(
            f"{what} = {shown(value)} has {len(parts)} components in dimension {dim}; type 1, or 1{':0' * (dim - 1)}."
        )
    return np.array([_number(part, what) for part in parts] + [0.0] * (dim - len(parts)))
