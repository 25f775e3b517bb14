"""States as a user describes them: text, mixtures, files, saved runs, arrays, Python functions; and where they live."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.particles.initial import parse_cloud
from wgflow.dynamics.particles.particle_file import ENDINGS, read_particles
from wgflow.dynamics.particles.shape import SHAPES
from wgflow.dynamics.states.saved_density import saved_density
from wgflow.dynamics.states.state import BaseState, DensityState, SampledState
from wgflow.dynamics.states.state_text import Floats, parse_state

NEGLIGIBLE = 1e-16  # of the largest value: where a state in the whole space is taken to end
_WIDTHS = 9.0  # standard deviations beyond which a Gaussian is below NEGLIGIBLE
_BLOCK = 1 << 22


def base_state(state: Any, dim: int | None = None, bandwidth: float | None = None) -> BaseState:
    """Returns the state that a user describes; raises InputError, OSError.

    state: text of a function of x, y, z; a mixture of Gaussians such as ``gaussian(mean=-2) + gaussian(mean=2)``,
    eight-gaussians; the name of a file of samples or of a saved run (its last frame); an array of samples (N, n); a Python
    function of points (..., n).  bandwidth: turns samples into the density of Gaussians of that width around them.
    dim: default as many axes as the text names.

    >>> s = base_state("1 + 0.5*cos(x)")
    >>> s.dim, s.values(np.zeros((1, 1)))
    (1, array([1.5]))
    """
    found = _of_text(state, dim) if isinstance(state, str) else _of_object(state, dim)
    if bandwidth is None or isinstance(found, DensityState):
        if bandwidth is not None:
            raise InputError("a bandwidth goes with samples; leave out --bandwidth.")
        return found
    if not 0 < bandwidth < 1e100:
        raise InputError(f"bandwidth {bandwidth:g} must be a positive length; type --bandwidth 0.1, say.")
    return _mixture(
        f"{found.text}, smoothed over {bandwidth:g}", found.points, np.full(len(found.points), bandwidth), found.weights
    )


def _of_text(text: str, dim: int | None) -> BaseState:
    if Path(text).suffix.lower() in ENDINGS:
        n = dim or 1
        if (density := saved_density(text, n)) is not None:
            return density
        points, weights = read_particles(text, n)
        return SampledState(text, n, points, np.full(len(points), 1 / len(points)) if weights is None else weights)
    if any(re.search(rf"(?<![A-Za-z0-9-]){re.escape(shape.name)}(?![A-Za-z0-9-])", text) for shape in SHAPES):
        return _cloud(text, dim or (2 if "-gaussians" in text else 1))
    expression = parse_state(text)
    n = dim or expression.least_dimension
    if expression.least_dimension > n:
        raise InputError(f"state {shown(text)} has {expression.least_dimension} axes; type --dim {expression.least_dimension}.")
    return DensityState(expression.text, n, expression)


def _of_object(state: Any, dim: int | None) -> BaseState:
    if callable(state):
        return DensityState(str(getattr(state, "__name__", "function")), dim or 1, state)
    points = np.asarray(state)
    if points.dtype.kind not in "iuf" or points.ndim not in (1, 2) or not len(points):
        raise InputError(f"state {shown(state)} is neither text, a function nor an array of samples (N, n).")
    points = np.ascontiguousarray(points.reshape(len(points), -1), dtype=np.float64)
    if not np.isfinite(points).all() or (dim is not None and points.shape[1] != dim):
        raise InputError(f"samples of shape {points.shape} must be finite and have {dim or points.shape[1]} columns.")
    return SampledState(f"{len(points)} samples", points.shape[1], points, np.full(len(points), 1 / len(points)))


# --- mixtures of Gaussians ----------------------------------------------------------------------------------------


def _cloud(text: str, dim: int) -> DensityState:
    centers, widths, shares = [], [], []
    for part in parse_cloud(text, dim):
        count = {"gaussian": 1, "eight-gaussians": 8, "25-gaussians": 25}.get(part.shape.name)
        if count is None:
            raise InputError(
                f"state {shown(text)}: {part.shape.name} has no smooth density; type gaussian, eight-gaussians or an expression, "
                "or a file of samples with --bandwidth."
            )
        if part.numbers["std"] <= 0:
            raise InputError(f"state {shown(text)}: a Gaussian of std 0 has no density; type a positive std.")
        u = np.full((count, part.shape.cube(dim)), 0.5)
        u[:, 0] = (np.arange(count) + 0.5) / count
        centers.append(part.shape.place(u, {**part.numbers, "std": 0.0}, dim))  # every center once, from the law itself
        widths.append(np.full(count, part.numbers["std"]))
        shares.append(np.full(count, part.share / count))
    return _mixture(text, np.concatenate(centers), np.concatenate(widths), np.concatenate(shares))


def _mixture(text: str, centers: Floats, widths: Floats, shares: Floats) -> DensityState:
    dim = centers.shape[1]
    peak = shares / (2 * np.pi * widths**2) ** (dim / 2)

    def values(points: Floats) -> Floats:
        flat = points.reshape(-1, dim)
        out = np.empty(len(flat))
        rows = max(1, _BLOCK // len(centers))
        for at in range(0, len(flat), rows):
            square = sum((flat[at : at + rows, None, a] - centers[None, :, a]) ** 2 for a in range(dim))
            out[at : at + rows] = np.exp(-square / (2 * widths**2)) @ peak
        return out.reshape(points.shape[:-1])

    reach = _WIDTHS * widths[:, None]
    return DensityState(text, dim, values, (np.min(centers - reach, axis=0), np.max(centers + reach, axis=0)))


# --- where a state lives ------------------------------------------------------------------------------------------


def wrapped(state: DensityState, period: float) -> Callable[[Floats], Floats]:
    """Returns the density on the torus: a state with an extent is summed over its images, any other is taken as it is."""
    if state.period is not None and abs(state.period - period) > 1e-9 * period:
        raise InputError(f"the state has the period {state.period:.12g}, not {period:.12g}; type --period {state.period!r}.")
    if state.extent is None:
        return state.values
    low, high = state.extent
    half = period / 2
    ranges = [
        range(int(np.floor((a - half) / period)), int(np.ceil((b + half) / period)) + 1) for a, b in zip(low, high, strict=True)
    ]
    shifts = [period * np.array(shift, dtype=np.float64) for shift in itertools.product(*ranges)]
    if len(shifts) > 100_000:
        raise InputError(f"the state is {len(shifts)} periods wide; type a longer --period.")
    return lambda points: np.sum([state.values(points + shift) for shift in shifts], axis=0)


def extent_of(state: DensityState, box: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """Returns (low, high), (n,) each, of the box outside which the state is negligible. Raises InputError where there is none."""
    if box is not None:
        return np.full(state.dim, box[0]), np.full(state.dim, box[1])
    if state.extent is not None:
        return state.extent
    if state.period is not None:
        raise InputError(f"the state lives on a torus; type --period {state.period!r}.")
    for power in range(-10, 13):
        radius = 2.0**power
        values = _samples(state, radius)
        top = values.max()
        if (
            top > 0
            and np.isfinite(top)
            and _edge(state, radius) <= NEGLIGIBLE * top
            and _edge(state, 2 * radius) <= NEGLIGIBLE * top
            and _samples(state, 8 * radius).max() <= 2 * top
        ):
            return np.full(state.dim, -radius), np.full(state.dim, radius)
    raise InputError(
        f"state {shown(state.text)} does not fall to 0 within 4096 of the origin; type --period L for a torus, or --box LOW,HIGH."
    )


def _samples(state: DensityState, radius: float) -> Floats:
    count = {1: 2001, 2: 201, 3: 51}.get(state.dim, 5)
    axes = [np.linspace(-radius, radius, count)] * state.dim
    return state.values(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))


def _edge(state: DensityState, radius: float) -> float:
    """The largest value on the surface of the cube."""
    count = {1: 1, 2: 201, 3: 51}.get(state.dim, 5)
    inner = np.meshgrid(*[np.linspace(-radius, radius, count)] * (state.dim - 1), indexing="ij") if state.dim > 1 else []
    largest = 0.0
    for axis, side in itertools.product(range(state.dim), (-radius, radius)):
        face = np.stack([np.full(np.shape(inner[0]) if inner else (1,), side), *inner], axis=-1)
        values = np.abs(state.values(np.roll(face, axis, axis=-1)))
        largest = max(largest, float(np.max(np.where(np.isnan(values), np.inf, values))))
    return largest


def checked(values: Floats, points: Floats, what: str) -> Floats:
    """Returns the density's values, roundings below 0 raised to 0; raises InputError where one is negative or not finite."""
    where = ~np.isfinite(values)
    top = float(np.max(np.abs(values[~where]), initial=0.0))
    where |= values < -1e-12 * top
    if where.any():
        at = np.unravel_index(int(np.argmax(where)), values.shape)
        place = ", ".join(f"{x:.4g}" for x in points[at])
        raise InputError(f"{what} is {values[at]:.4g} at ({place}); a density must be finite and not negative.")
    if top == 0:
        raise InputError(f"{what} is 0 everywhere; type a density such as '1 + 0.5*cos(x)'.")
    return np.maximum(values, 0.0)
