"""A density run ready to start: its flow, integrator, step, first state and predicted rates, made from settings and arrays."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.conventions import both_moving, growth_rate
from wgflow.dynamics.density.convolution import convolution
from wgflow.dynamics.density.density_flow import Densities, DensityFlow, checked
from wgflow.dynamics.density.density_settings import DensitySettings
from wgflow.dynamics.density.fourier_modes import Modes
from wgflow.dynamics.density.grid import Grid, make_grid
from wgflow.dynamics.density.krasny import Filtered
from wgflow.dynamics.density.positive import StrongStability
from wgflow.dynamics.density.semilinear import ExponentialRK4
from wgflow.dynamics.density.spectral import SpectralFlow, spectral_flow
from wgflow.dynamics.density.well_posed import Statement, well_posed
from wgflow.dynamics.integrators import Integrator, RungeKutta
from wgflow.dynamics.modes import Mode, parse_modes
from wgflow.dynamics.particles.predicted import certified_rates, mode_squares
from wgflow.dynamics.states.base_state import base_state, wrapped
from wgflow.dynamics.states.state import DensityState
from wgflow.dynamics.step_limit import step_limit
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tableau import RK4
from wgflow.fourier.values import transform
from wgflow.record import record

GROWTH_ERROR = 1e-10  # of the fastest rate, from the size of RK4's steps
STABLE_SHARE = 0.5
GROWTH_A_STEP = 0.1  # of the fastest growing mode in a step of etdrk4
CELLS_A_STEP = 0.5  # that the first velocities cross in a step of the torus methods
JENSEN_SHANNON_RATE = 0.25  # times -k^2, about p = q = C (Huang and Zhang 2023)


@record
class DensityExperiment:
    """Everything that the time loop needs.

    modes, rates: the followed modes, and their predicted rates about the mean densities, (K,).  statement: well-posedness.
    """

    settings: DensitySettings
    grid: Grid
    flow: DensityFlow
    integrator: Integrator
    step: float | None
    start: Floats
    given: Densities
    modes: tuple[Mode, ...]
    rates: Floats
    statement: Statement | None


def grid_of(settings: DensitySettings) -> Grid:
    """Returns the grid of a run."""
    return make_grid(settings.dim, settings.points, settings.length, settings.period is not None)


def starting(settings: DensitySettings, start: object, target: object) -> Densities:
    """Returns the densities of a run: arrays, or on a torus uniform ones of mass 1, p disturbed by sines at the given modes."""
    grid = grid_of(settings)
    uniform = 1 / grid.volume
    if start is None and not grid.periodic:
        raise InputError("a box needs a start; type --state 'gaussian(std=1)', say.")
    p = np.full(grid.shape, uniform) if start is None else _on_grid(grid, start, "p")
    if target is None:
        q: object = float(np.mean(grid.values(p, "p"))) if grid.periodic else 0.0
    else:
        q = _on_grid(grid, target, "q")
    found = checked(grid, p, q, settings.solver in ("volumes", "implicit"))
    if settings.modes is None:
        return found
    return Densities(found.p * (1 + settings.number("amplitude") * _waves(grid, settings)), found.q)


def _on_grid(grid: Grid, given: object, what: str) -> object:
    """Returns the values that a text describes, on a torus summed over its images; arrays as they are."""
    if not isinstance(given, str):
        return given
    state = base_state(given, grid.dim)
    if not isinstance(state, DensityState):
        raise InputError(f"{what} = {shown(given)} is a set of samples, not a density; type an expression or a mixture.")
    values = wrapped(state, grid.length) if grid.periodic else state.values
    points = np.stack(np.meshgrid(*[grid.axis] * grid.dim, indexing="ij"), axis=-1)
    found = np.asarray(values(points))
    if (found < 0).any():
        raise InputError(f"{what} = {shown(given)} is {found.min():.3g} somewhere; a density must not be negative.")
    return found


def _waves(grid: Grid, settings: DensitySettings) -> Floats:
    total = np.zeros(grid.shape)
    for mode in parse_modes(settings.modes, grid.dim):
        if max(map(abs, mode)) > Modes(grid).most:
            raise InputError(f"mode {mode} is beyond the resolved ones (up to {Modes(grid).most}); type more --points.")
        phase = sum(m * x for m, x in zip(mode, grid.mesh(), strict=True)) * (2 * np.pi / grid.length)
        total += np.sin(phase)
    return total


def make_experiment(settings: DensitySettings, given: Densities) -> DensityExperiment:
    """Returns the experiment of these settings from these densities."""
    grid = grid_of(settings)
    flow, start = _flow(settings, grid, given)
    modes = parse_modes(settings.modes, settings.dim) if settings.modes is not None else ()
    rates = predicted_rates(settings, grid, given, mode_squares(modes))
    statement = _statement(settings, grid, given)
    integrator, step = _stepping(settings, flow, start)
    return DensityExperiment(settings, grid, flow, integrator, step, start, given, modes, rates, statement)


def _flow(settings: DensitySettings, grid: Grid, given: Densities) -> tuple[DensityFlow, Floats]:
    if settings.flow == "jensen-shannon":
        from wgflow.dynamics.density.jensen_shannon import jensen_shannon_flow  # late: Numba

        return jensen_shannon_flow(grid, given)
    both, spread = settings.moves == "both", settings.number("diffusion")
    role, kernel = settings.claim.role, settings.moving_kernel
    if settings.solver in ("spectral", "etdrk4"):
        return spectral_flow(grid, kernel, role, given, both, spread, settings.number("noise"))
    from wgflow.dynamics.density.volumes import volume_flow  # late: Numba

    return volume_flow(grid, convolution(kernel, grid, settings.number("noise")), role, given, both, spread, settings.limiter)


def predicted_rates(settings: DensitySettings, grid: Grid, given: Densities, squares: Floats) -> Floats:
    """Returns the rates of the modes of p - q with these |m|^2 about the mean densities, in 1/time, (K,).

    s C k^2 F(e - eps s)(k) exp(-noise^2 k^2 / 2) - nu k^2, from the certified spectrum; with both moving C is the sum of
    both means.
    """
    k2 = squares * (2 * np.pi / grid.length) ** 2
    if settings.flow == "jensen-shannon":
        return np.asarray(-JENSEN_SHANNON_RATE * k2)
    if not squares.size:
        return np.zeros(0)
    mean = float(given.p.mean())
    rates = certified_rates(settings.claim, squares) * np.exp(-(settings.number("noise") ** 2) * k2 / 2) * mean
    if settings.moves == "both":
        rates = both_moving(rates) * (mean + float(given.q.mean())) / (2 * mean)
    return np.asarray(rates - settings.number("diffusion") * k2)


def _statement(settings: DensitySettings, grid: Grid, given: Densities) -> Statement | None:
    if settings.flow == "jensen-shannon":
        return None
    resolved = _resolved(settings, grid, given)
    return well_posed(settings.claim, resolved, Fraction(settings.diffusion), is_smoothed=settings.noise != "0")


def _resolved(settings: DensitySettings, grid: Grid, given: Densities) -> Floats | None:
    """Returns the rates of modes up to the finest of the grid, (K,), or None for a kernel without a transform.

    On a torus about the mean densities; in a box about the largest ones.
    """
    finest = np.sqrt(grid.dim) * (Modes(grid).most if settings.solver in ("spectral", "etdrk4") else grid.points // 2)
    k = 2 * np.pi / grid.length * np.arange(1.0, finest + 1)
    density = [float(each.mean() if grid.periodic else each.max()) for each in (given.p, given.q)]
    try:
        values = transform(settings.moving_kernel, k, grid.dim)
    except InputError:
        return None
    total = density[0] + (density[1] if settings.moves == "both" else 0)
    values = values * np.exp(-((settings.number("noise") * k) ** 2) / 2)
    return np.asarray(growth_rate(settings.claim.role, k * k, values, total) - settings.number("diffusion") * k * k)


def _stepping(settings: DensitySettings, flow: DensityFlow, start: Floats) -> tuple[Integrator, float | None]:
    """Returns the integrator and its fixed step, None for the adaptive one."""
    given = settings.number("step") if settings.step is not None else None
    between = settings.number("time") / settings.outputs
    if settings.solver == "volumes":
        return StrongStability(inf if given is None else given), None
    if settings.solver == "implicit":
        from wgflow.dynamics.density.upwind import ImplicitUpwind  # late: Numba

        return ImplicitUpwind(), given or between
    assert isinstance(flow, SpectralFlow)
    rates, fastest = flow.linear_symbol(), flow.fastest(start)
    crossing = CELLS_A_STEP * flow.grid.spacing / fastest if fastest else inf
    floor = settings.number("filter") * abs(flow.mean)
    if settings.solver == "spectral":
        limit = step_limit(RK4, [float(rates.min()), float(rates.max())], growth_error=GROWTH_ERROR)
        inner: Integrator = RungeKutta(RK4)
        step = min(limit.accurate, STABLE_SHARE * limit.stable, between, crossing)
    else:
        inner, growth = ExponentialRK4(), float(rates.max())
        step = min(between, crossing, GROWTH_A_STEP / growth if growth > 0 else inf)
    return (Filtered(inner, floor) if floor else inner), given or step
