"""The lower rungs of the ladder of evidence: the same modes in density solvers and in particles, beside the certified rates."""

from __future__ import annotations

from fractions import Fraction
from math import pi

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.dynamics.density.density_run import simulate_density
from wgflow.dynamics.growth import GrowthTable
from wgflow.dynamics.modes import parse_modes
from wgflow.dynamics.particles.particle_run import simulate_particles
from wgflow.dynamics.particles.particle_settings import particle_settings
from wgflow.dynamics.particles.predicted import mode_squares, predicted_rates
from wgflow.dynamics.rungs import Rung
from wgflow.dynamics.sums.precise import has_bounded_slope
from wgflow.dynamics.sums.sorted import sortable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Case = dict[str, Any]

MODES = {1: "1,2,3", 2: "1:0,1:1,0:2", 3: "1:0:0,1:1:0,0:1:2"}
COUNT = {1: 1000, 2: 10_000, 3: 20_000}
SMOOTHING = {1: "1/10", 2: "1/5", 3: "2/5"}  # over period / 2 pi, where particles need it: their lattice resolves it
POINTS = {1: 256, 2: 96, 3: 32}


def case_of(stabilizer: object, eps: object, dim: object, role: object, period: object, modes: str | None) -> Case:
    """Returns the case that all rungs share, as the arguments that they have in common. Raises InputError."""
    n = integer(dim, "dim", 1, 4096)
    if n > 3:
        raise InputError(f"the density solvers know dim 1 to 3, not {n}; type --dim 3, or `wgflow simulate particles`.")
    return {"stabilizer": stabilizer, "eps": eps, "dim": n, "role": role, "period": period, "modes": modes or MODES[n]}


def density_rungs(kernel: object, case: Case, time: object = None) -> tuple[Rung, ...]:
    """Returns the rungs of the two density solvers.

    >>> [rung.name for rung in density_rungs("rbf(0.5)", case_of(None, 0, 1, "discriminator", "2*pi", "1"))]
    ['density, spectral', 'density, volumes']
    """
    rungs, points = [], POINTS[case["dim"]]
    timed = _timed(kernel, case, time)
    for name, solver, size in (("density, spectral", "etdrk4", points), ("density, volumes", "volumes", 2 * points)):
        run = simulate_density(kernel, solver=solver, points=size, **timed)
        rungs.append(_rung(name, f"{solver}, {size} points an axis", run.growth))
    return tuple(rungs)


def particle_rung(kernel: object, case: Case, time: object = None, count: object = None, softening: object = None) -> Rung:
    """Returns the rung of deterministic particles; see `wgflow.ladder`."""
    size = COUNT[case["dim"]] if count is None else count
    width = _smoothing(kernel, case, softening)
    found = simulate_particles(kernel, count=size, softening=width, **_timed(kernel, case, time))
    return _rung("particles", f"{size} particles, softening {width}", found.growth)


def _timed(kernel: object, case: Case, time: object) -> Case:
    return {**case, "time": _half_a_growth_time(kernel, case) if time is None else time, "outputs": 20, "frames": 2}


def _rung(name: str, how: str, growth: GrowthTable | None) -> Rung:
    if growth is None:
        raise InputError(f"{name}: no mode was followed; type --modes 1, say.")
    return Rung(name, how, growth)


def _half_a_growth_time(kernel: object, case: Case) -> str:
    settings = particle_settings(kernel, **case)
    rates = predicted_rates(settings, mode_squares(parse_modes(settings.modes, settings.dim)))
    fastest = float(abs(rates).max())
    if not 0 < fastest < float("inf"):
        raise InputError(f"the modes {settings.modes} neither grow nor decay; type --time 1, say.")
    return f"{0.5 / fastest:.3g}"


def _smoothing(kernel: object, case: Case, given: object) -> str:
    """Returns the width that was asked for, or by default one that is needed: in one dimension sorted sums need none."""
    if given is not None:
        return str(rational(given, "softening"))
    settings = particle_settings(kernel, **case)
    moving, n = settings.moving_kernel, settings.dim
    if has_bounded_slope(moving, n) or (n == 1 and sortable(moving, n, settings.length)):
        return "0"
    assert settings.length is not None
    return f"{float(Fraction(SMOOTHING[n])) * settings.length / (2 * pi):.3g}"
