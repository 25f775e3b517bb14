"""The ladder of evidence: the same modes at the certified rates, in a density solver, and in particles, in one table."""

from __future__ import annotations

from fractions import Fraction
from math import pi

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.dynamics.density.density_run import simulate_density
from wgflow.dynamics.growth import AGREES, MISSED, UNDECIDED, GrowthRow, GrowthTable
from wgflow.dynamics.modes import parse_modes
from wgflow.dynamics.particles.particle_run import simulate_particles
from wgflow.dynamics.particles.particle_settings import particle_settings
from wgflow.dynamics.particles.predicted import mode_squares, predicted_rates
from wgflow.dynamics.run_words import TOLERANCE
from wgflow.dynamics.sums.precise import has_bounded_slope
from wgflow.dynamics.sums.sorted import sortable
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SCHEMA = "wgflow.ladder/1"
MODES = {1: "1,2,3", 2: "1:0,1:1,0:2", 3: "1:0:0,1:1:0,0:1:2"}
COUNT = {1: 1000, 2: 10_000, 3: 20_000}
SMOOTHING = {1: "1/10", 2: "1/5", 3: "2/5"}  # over period / 2 pi, where particles need it: their lattice resolves it
POINTS = {1: 256, 2: 96, 3: 32}
HEADER = ("mode", "k", "predicted", "measured", "error", "change", "verdict")


@record
class Rung:
    """One rung: its name, how it was computed, and its rates beside the predicted ones."""

    name: str
    how: str
    growth: GrowthTable


@record
class Ladder:
    """The rungs, lowest first: each measured beside the certified rates and beside the rung before it."""

    rungs: tuple[Rung, ...]

    def verdict(self, tolerance: float) -> str:
        """Returns "missed" where one rung misses a rate, else "undecided" where one could not be measured, else "agrees"."""
        found = {rung.growth.verdict(tolerance) for rung in self.rungs}
        return next((word for word in (MISSED, UNDECIDED) if word in found), AGREES)

    def steps(self) -> Iterator[tuple[Rung, GrowthRow, float | None]]:
        """Yields (rung, row, relative change of the ratio measured / predicted from the rung before; None at the first)."""
        below: dict[str, float] = {}
        for rung in self.rungs:
            for row in rung.growth.rows:
                ratio = None if row.fit.rate is None else 1 + (row.fit.rate - row.predicted) / row.scale
                change = None if ratio is None or row.mode not in below else ratio - below[row.mode]
                yield rung, row, change
                if ratio is not None:
                    below[row.mode] = ratio

    def text(self, tolerance: float) -> str:
        """Returns a table a rung, for a terminal; ``change`` is that of measured / predicted from the rung before."""
        cells: list[tuple[Rung | None, tuple[str, ...]]] = [(None, HEADER)]
        for rung, row, change in self.steps():
            *numbers, verdict = GrowthTable((row,)).lines(tolerance)[0]
            cells.append((rung, (*numbers, "" if change is None else f"{change:+.1e}", verdict)))
        widths = [max(len(line[i]) for _, line in cells) for i in range(len(HEADER))]
        out: list[str] = []
        above: Rung | None = None
        for rung_of, line in cells:
            if rung_of is not None and rung_of is not above:
                out.append(f"{rung_of.name} ({rung_of.how})")
            out.append(("  " + "  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True))).rstrip())
            above = rung_of
        return "\n".join(out)

    def to_json(self, tolerance: float) -> dict[str, object]:
        """Returns plain data in the schema wgflow.ladder/1."""
        rungs = [{"name": r.name, "how": r.how, "growth": r.growth.to_json(tolerance)} for r in self.rungs]
        return {"schema": SCHEMA, "tolerance": tolerance, "verdict": self.verdict(tolerance), "rungs": rungs}

    def __str__(self) -> str:
        return self.text(TOLERANCE)


def ladder(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = "2*pi",
    modes: str | None = None,
    time: object = None,
    count: object = None,
    softening: object = None,
) -> Ladder:
    """Returns the rungs for one case about the uniform density of a torus: certified rates, density, particles.

    Arguments as for `wgflow.simulate_particles` (dim 1 to 3). modes: three low ones by default.  time: half the time in which the
    fastest mode changes by e.  softening: width of the Gaussian that smooths the kernel for the particles; by default
    none for kernels that are smooth at r = 0, else small; the particles' prediction contains it. Raises InputError.

    >>> found = ladder("rbf(0.5)", dim=1)
    >>> found.verdict(1e-3), [rung.name for rung in found.rungs]
    ('agrees', ['density, spectral', 'density, volumes', 'particles'])
    """
    n = _dimension(dim)
    case: dict[str, Any] = {
        "stabilizer": stabilizer,
        "eps": eps,
        "dim": n,
        "role": role,
        "period": period,
        "modes": modes or MODES[n],
    }
    case["time"] = _half_a_growth_time(kernel, case) if time is None else time
    case |= {"outputs": 20, "frames": 2}
    rungs = []
    for name, solver, points in (("density, spectral", "etdrk4", POINTS[n]), ("density, volumes", "volumes", 2 * POINTS[n])):
        run = simulate_density(kernel, solver=solver, points=points, **case)
        rungs.append(_rung(name, f"{solver}, {points} points an axis", run.growth))
    particles: dict[str, Any] = {"count": COUNT[n] if count is None else count, "softening": _smoothing(kernel, case, softening)}
    found = simulate_particles(kernel, **particles, **case)
    rungs.append(_rung("particles", f"{particles['count']} particles, softening {particles['softening']}", found.growth))
    return Ladder(tuple(rungs))


def _dimension(dim: object) -> int:
    n = integer(dim, "dim", 1, 4096)
    if n > 3:
        raise InputError(f"the density solvers know dim 1 to 3, not {n}; type --dim 3, or `wgflow simulate particles`.")
    return n


def _rung(name: str, how: str, growth: GrowthTable | None) -> Rung:
    if growth is None:
        raise InputError(f"{name}: no mode was followed; type --modes 1, say.")
    return Rung(name, how, growth)


def _half_a_growth_time(kernel: object, case: dict[str, object]) -> str:
    settings = particle_settings(kernel, **case)  # type: ignore[arg-type]
    rates = predicted_rates(settings, mode_squares(parse_modes(settings.modes, settings.dim)))
    fastest = float(abs(rates).max())
    if not 0 < fastest < float("inf"):
        raise InputError(f"the modes {settings.modes} neither grow nor decay; type --time 1, say.")
    return f"{0.5 / fastest:.3g}"


def _smoothing(kernel: object, case: dict[str, object], given: object) -> str:
    """Returns the width that was asked for, or by default one that is needed: in one dimension sorted sums need none."""
    if given is not None:
        return str(rational(given, "softening"))
    settings = particle_settings(kernel, **case)  # type: ignore[arg-type]
    moving, n = settings.moving_kernel, settings.dim
    if has_bounded_slope(moving, n) or (n == 1 and sortable(moving, n, settings.length)):
        return "0"
    assert settings.length is not None
    return f"{float(Fraction(SMOOTHING[n])) * settings.length / (2 * pi):.3g}"
