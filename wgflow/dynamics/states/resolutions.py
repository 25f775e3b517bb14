"""The sequence of grids on which a state is linearized: finer and finer, no two with a common pattern of points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.states.base_state import checked, extent_of, wrapped
from wgflow.dynamics.states.free_symbol import free_symbol
from wgflow.dynamics.states.linearized import FluxOperator, Grid, torus_symbol
from wgflow.dynamics.states.state import DensityState
from wgflow.dynamics.states.state_text import Floats
from wgflow.kernels.kernel import Kernel

# Points an axis, odd: no mode is its own mirror image, and modes of a constant state are those of the torus exactly.
SIZES = {
    1: (65, 97, 145, 217, 325, 487, 731, 1097, 1645, 2467, 3701),
    2: (15, 21, 31, 45, 67, 99, 149, 223),
    3: (7, 9, 13, 19, 29, 43),
}
_SHIFTS = (0.0, 0.381966011250105)  # of the points, in steps: a maximum of p0 is not sampled twice at the same place
_STRETCH = (1.0, 1.07)  # of the box in the whole space: what lies outside it shows as disagreement


def grid_of(state: DensityState, size: int, level: int, period: float | None, box: tuple[float, float] | None) -> Grid:
    """Returns the grid of a level, with ``size`` points an axis (along the longest side of a box)."""
    shift = _SHIFTS[level % 2]
    if period is not None:
        step = period / size
        return Grid(np.full(state.dim, -period / 2 + shift * step), step, (size,) * state.dim)
    low, high = extent_of(state, box)
    if box is None:
        half = (high - low) / 2 * _STRETCH[level % 2]
        low, high = (low + high) / 2 - half, (low + high) / 2 + half
    step = float(np.max(high - low)) / size
    counts = tuple(max(1, int(np.ceil(side / step - 1e-9))) for side in high - low)
    return Grid(low + shift * step, step, counts)


def values_on(state: DensityState, grid: Grid, period: float | None, what: str = "the state") -> Floats:
    """Returns the density at the points, (count...); raises InputError where it is negative or not finite."""
    density = state.values if period is None else wrapped(state, period)
    values = np.asarray(density(grid.points), dtype=np.float64)
    if values.shape != grid.count:
        raise InputError(f"{what} gives values of shape {values.shape} at points of shape {grid.points.shape}.")
    return checked(values, grid.points, what)


def levels(
    kernel: Kernel,
    state: DensityState,
    period: float | None,
    box: tuple[float, float] | None,
    factor: float,
    sizes: tuple[int, ...],
) -> list[Callable[[], FluxOperator]]:
    """Returns makers of the linearized operator at every resolution; ``factor`` multiplies the density."""

    def maker(level: int, size: int) -> Callable[[], FluxOperator]:
        def make() -> FluxOperator:
            grid = grid_of(state, size, level, period, box)
            root = np.sqrt(factor * values_on(state, grid, period))
            symbol = torus_symbol(kernel, grid) if period is not None else free_symbol(kernel, grid)
            return FluxOperator(grid, root, symbol)

        return make

    return [maker(level, size) for level, size in enumerate(sizes)]
