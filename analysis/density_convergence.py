"""Claim: the density solvers converge to exact solutions, finite volumes with order 2 (at least 1 across fronts), the
pseudo-spectral solver faster than any power.

    circle        1-D coulomb flow from C (1 + A cos x), by characteristics; finite volumes, implicit upwind, pseudo-spectral
    barenblatt    e = delta, n = 1, 2: a front that moves
    logistic      2-D Newtonian flow: at (0, 0) and (pi, pi) the velocity vanishes, and p obeys the logistic law exactly
    gaussian      e = r^2/4: a normal density stays normal, its deviation grows or falls exponentially
    plateau       e = r^2/2 - |r|: the steady state is 1/2 on (-1, 1)
    jensen        Jensen-Shannon flow: about constants mode k decays at -k^2/4

Errors are integrals of |p - exact| (largest differences for `logistic` and the spectral tables, of the rate for `jensen`).

    python analysis/density_convergence.py [--cases circle,barenblatt,...] [--quick]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.density import exact
from wgflow.dynamics.density.convolution import Local, convolution
from wgflow.dynamics.density.density_flow import Densities
from wgflow.dynamics.density.grid import make_grid
from wgflow.dynamics.density.jensen_shannon import jensen_shannon_flow
from wgflow.dynamics.density.positive import StrongStability
from wgflow.dynamics.density.semilinear import ExponentialRK4
from wgflow.dynamics.density.spectral import spectral_flow
from wgflow.dynamics.density.upwind import ImplicitUpwind
from wgflow.dynamics.density.volumes import LIMITERS, volume_flow
from wgflow.dynamics.integrate import integrate
from wgflow.kernels.text import parse

TAU = 2 * np.pi
LINE = "{:>8}{:>12}{:>8}"


def show(title: str, points: Sequence[int], error: Callable[[int], float]) -> list[float]:
    """Prints errors with the orders between neighbours, and returns the errors."""
    print(f"\n{title}\n" + LINE.format("points", "error", "order"))
    errors: list[float] = []
    for count in points:
        errors.append(error(count))
        order = "" if len(errors) < 2 else f"{np.log2(errors[-2] / errors[-1]):.2f}"
        print(LINE.format(count, f"{errors[-1]:.2e}", order))
    return errors


def advanced(flow, state, time, start=0.0, integrator=None, dt=None):
    result = integrate(flow, integrator or StrongStability(), beginning(state, start), [start + time], dt)
    return flow.densities(result.snapshot.state).p


def circle(points: Sequence[int]) -> None:
    def by_cells(count, role, time, limiter, integrator=None, dt=None):
        grid = make_grid(1, count, TAU, periodic=True)
        given = Densities(1 + 0.5 * np.cos(grid.axis), np.ones(count))
        flow, state = volume_flow(grid, convolution(parse("coulomb"), grid), role, given, limiter=limiter)
        found = advanced(flow, state, time, integrator=integrator, dt=dt)
        return np.abs(found - exact.coulomb_on_circle(role, 0.5, 1.0, time)(grid.axis)).sum() * grid.spacing

    def by_modes(count, role, time):
        grid = make_grid(1, count, TAU, periodic=True)
        given = Densities(1 + 0.5 * np.cos(grid.axis), np.ones(count))
        flow, state = spectral_flow(grid, parse("coulomb"), role, given)
        found = advanced(flow, state, time, integrator=ExponentialRK4(), dt=0.002)
        return np.abs(found - exact.coulomb_on_circle(role, 0.5, 1.0, time)(grid.axis)).max()

    for role, time in ((Role.GENERATOR, 0.5), (Role.DISCRIMINATOR, 0.2)):
        for limiter in LIMITERS:
            title = f"circle, {role.text} to time {time}, finite volumes, {limiter}"
            show(title, points, lambda n, r=role, t=time, m=limiter: by_cells(n, r, t, m))
        title = f"circle, {role.text} to time {time}, implicit upwind, dt = time/points"
        show(title, points, lambda n, r=role, t=time: by_cells(n, r, t, "van-leer", ImplicitUpwind(), t / n))
        show(f"circle, {role.text} to time {time}, etdrk4", (16, 32, 64, 128), lambda n, r=role, t=time: by_modes(n, r, t))


def averages(profile, grid, parts: int = 16):
    """Returns the means of a function of r over the cells, from ``parts`` midpoints an axis."""
    fine = make_grid(grid.dim, parts * grid.points, grid.length, periodic=False)
    values = profile(np.sqrt(sum(x**2 for x in fine.mesh())))
    shape = [size for _ in range(grid.dim) for size in (grid.points, parts)]
    return values.reshape(shape).mean(axis=tuple(range(1, 2 * grid.dim, 2)))


def barenblatt(points: Sequence[int]) -> None:
    def error(count, dim):
        grid = make_grid(dim, count, 5.0, periodic=False)
        given = Densities(averages(exact.barenblatt(dim, 1.0, 0.5), grid), np.zeros(grid.shape))
        flow, state = volume_flow(grid, Local(grid, 1.0), Role.GENERATOR, given)
        found = advanced(flow, state, 0.25, 0.5)
        return np.abs(found - averages(exact.barenblatt(dim, 1.0, 0.75), grid)).sum() * grid.cell

    show("barenblatt, n = 1", points, lambda n: error(n, 1))
    show("barenblatt, n = 2", [n // 2 for n in points[:4]], lambda n: error(n, 2))


def logistic(points: Sequence[int]) -> None:
    def values(count, method):
        grid = make_grid(2, count, TAU, periodic=True)
        given = Densities(1 + 0.25 * sum(np.cos(x) for x in grid.mesh()), np.ones(grid.shape))
        if method == "etdrk4":
            flow, state = spectral_flow(grid, parse("coulomb"), Role.GENERATOR, given)
            found = advanced(flow, state, 0.1, integrator=ExponentialRK4(), dt=0.002)
        else:
            pot = convolution(parse("coulomb"), grid)
            flow, state = volume_flow(grid, pot, Role.GENERATOR, given, limiter="positive")
            found = advanced(flow, state, 0.1)
        law = exact.logistic(Role.GENERATOR, np.array([1.5, 0.5]), 1.0, TAU, 0.1)
        return np.abs(found[[0, count // 2], [0, count // 2]] - law).max()

    show("logistic, finite volumes, positive", [n // 2 for n in points[:4]], lambda n: values(n, "volumes"))
    show("logistic, etdrk4", (12, 24, 48), lambda n: values(n, "etdrk4"))


def gaussian(points: Sequence[int]) -> None:
    def error(count, role):
        grid = make_grid(1, count, 16.0, periodic=False)
        given = Densities(exact.gaussian(1, 1.0)(grid.axis - 0.3), np.zeros(count))
        flow, state = volume_flow(grid, convolution(parse("r**2/4"), grid), role, given)
        law = exact.gaussian(1, float(np.exp(role.value * 0.25)))(grid.axis - 0.3)
        return np.abs(advanced(flow, state, 0.5) - law).sum() * grid.spacing

    for role in Role:
        show(f"gaussian, {role.text}", points, lambda n, r=role: error(n, r))


def plateau(points: Sequence[int]) -> None:
    print("\nplateau: distance to the steady state\n" + LINE.format("points", "time 12", "24"))
    for count in [9 * n // 16 for n in points[:4]]:
        grid = make_grid(1, count, 4.0, periodic=False)
        p = exact.gaussian(1, 0.3)(grid.axis)
        given = Densities(p / (p.sum() * grid.spacing), np.zeros(count))
        flow, state = volume_flow(grid, convolution(parse("r**2/2 + energy"), grid), Role.GENERATOR, given)
        inside = np.clip((1 - np.abs(grid.axis)) / grid.spacing + 0.5, 0, 1)
        errors = [np.abs(advanced(flow, state, t) - 0.5 * inside).sum() * grid.spacing for t in (12.0, 24.0)]
        print(LINE.format(count, *(f"{each:.0e}" for each in errors)))


def jensen(points: Sequence[int]) -> None:
    def error(count):
        grid = make_grid(1, count, TAU, periodic=True)
        flow, state = jensen_shannon_flow(grid, Densities(1 + 1e-6 * np.cos(2 * grid.axis), np.ones(count)))
        return abs(np.log(np.ptp(advanced(flow, state, 0.5)) / np.ptp(state)) / 0.5 + 1)

    show("jensen, k = 2: error of the rate", points[:4], error)


CASES = {each.__name__: each for each in (circle, barenblatt, logistic, gaussian, plateau, jensen)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--quick", action="store_true", help="three resolutions")
    args = parser.parse_args()
    for name in args.cases.split(","):
        CASES[name]((32, 64, 128) if args.quick else (32, 64, 128, 256, 512))


if __name__ == "__main__":
    main()
