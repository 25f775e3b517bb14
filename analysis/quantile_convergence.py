"""Claim: energy-distance flows on a line are computed exactly by their quantiles, from a point as well, where particles stay.

For e = -r the generator's quantiles X(u) move independently, X' = 2 (u - F_q(X)), with closed forms from and to points and
uniform laws. Against these: N quantiles as points of mass 1/N (order 1 in W1) and as a piecewise linear function of u (order 2);
Runge-Kutta steps, of nominal order while a quantile stays where F_q is linear, of order 2 at most across the ends of a uniform
law, and shaking by about dt around a point of q; event-driven steps, with no error but rounding. Then particles and targets
drawn at random beside quantiles; the discriminator, whose quantiles meet and merge; and the long-time limit p -> q.

    python analysis/quantile_convergence.py [--figure FILE.png] [--quick]
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from math import log2

import numpy as np

import wgflow as wg
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.integrate import integrate
from wgflow.dynamics.integrator_names import integrator
from wgflow.dynamics.quantiles.event_driven import EventDriven
from wgflow.dynamics.quantiles.line_law import levels, line_law
from wgflow.dynamics.quantiles.quantile import density_of, quantile_flow
from wgflow.dynamics.quantiles.quantile_exact import exact_energy_flow
from wgflow.dynamics.quantiles.quantile_order import Ordered

POINT, INSIDE, UNIT, WIDE = "point(at=-0.5)", "point(at=0.3)", "uniform(low=0, high=1)", "uniform(low=-0.5, high=2)"
CASES = {"point -> uniform": (POINT, UNIT), "uniform -> point": (WIDE, INSIDE), "uniform -> uniform": (WIDE, UNIT)}
INNER = {"point inside -> uniform": (INSIDE, UNIT), **CASES}
TIME = 0.4
FINE = levels(200_000)
RED, BLUE = "#d55e00", "#0072b2"


def after(start: str, target: str, count: int, time: float, role: Role = Role.GENERATOR, steps: int = 1) -> np.ndarray:
    """Returns the quantiles after event-driven steps, (N,)."""
    flow, state = quantile_flow("energy", role, start, target, count)
    return integrate(flow, EventDriven(), beginning(state), [0, time], time / steps).snapshot.state[:, 0]


def orders(errors: list[float]) -> list[str]:
    """Returns the cells error, order, error, order, ..., of errors at halved sizes."""
    cells = [f"{errors[0]:.2e}"]
    for coarse, fine in pairwise(errors):
        cells += [f"{fine:.2e}", f"{log2(coarse / fine):.2f}" if min(coarse, fine) > 1e-14 else "-"]
    return cells


def print_in_space() -> None:
    print(f"\nN quantiles at time {TIME}, order in N (event-driven: no error in time)\n")
    line = ("{:<22}{:<18}" + "{:>12}{:>12}{:>8}" + "{:>12}{:>8}").format
    print(line("flow", "error", "N = 50", "100", "order", "200", "order"))
    for name, (start, target) in CASES.items():
        exact = exact_energy_flow(FINE, TIME, start, target, Role.GENERATOR)
        points, linear, own = [], [], []
        for count in (50, 100, 200):
            x, u = after(start, target, count, TIME), levels(count)
            points.append(float(np.abs(x[(FINE * count).astype(int)] - exact).mean()))
            between = (FINE > 0.01) & (FINE < 0.99)  # the linear function ends at the outermost levels
            linear.append(float(np.abs(np.interp(FINE, u, x) - exact)[between].mean()))
            own.append(float(np.abs(x - exact_energy_flow(u, TIME, start, target, Role.GENERATOR)).max()))
        for label, errors in (("W1, as points", points), ("W1, linear", linear), ("at the levels", own)):
            print(line(name, label, *orders(errors)))


def print_in_time() -> None:
    print(f"\norder in dt at time {TIME}, N = 200, largest error of a quantile\n")
    line = ("{:<26}{:<14}" + "{:>12}{:>12}{:>8}" + "{:>12}{:>8}").format
    print(line("flow", "integrator", "dt = 0.1", "0.05", "order", "0.025", "order"))
    for name, (start, target) in INNER.items():
        flow, state = quantile_flow("energy", "generator", start, target, 200)
        exact = exact_energy_flow(levels(200), TIME, start, target, Role.GENERATOR)
        methods = {label: Ordered(integrator(label)) for label in ("euler", "heun", "rk4")} | {"event-driven": EventDriven()}
        for label, method in methods.items():
            ends = [integrate(flow, method, beginning(state), [0, TIME], dt).snapshot.state[:, 0] for dt in (0.1, 0.05, 0.025)]
            print(line(name, label, *orders([float(np.abs(end - exact).max()) for end in ends])))


def print_beside_particles(counts: tuple[int, ...]) -> None:
    print("\nW1 to the exact law at time 0.4: N random particles and points of q, N quantiles\n")
    line = "{:<22}{:>8}{:>14}{:>14}".format
    print(line("flow", "N", "particles", "quantiles"))
    for name, (start, target) in CASES.items():
        exact = exact_energy_flow(FINE, TIME, start, target, Role.GENERATOR)
        for count in counts:
            asked = {
                "dim": 1,
                "role": "generator",
                "start": start,
                "target": target,
                "target_count": count,
                "outputs": 2,
                "frames": 2,
            }
            run = wg.simulate_particles("energy", count=count, time=str(TIME), step="0.02", integrator="heun", **asked)
            found = [np.sort(run.position[:, 0]), after(start, target, count, TIME)]
            print(line(name, count, *(f"{np.abs(x[(FINE * count).astype(int)] - exact).mean():.2e}" for x in found)))


def print_merging() -> None:
    print("\nthe discriminator: quantiles meet and merge, N = 500, event-driven steps of two sizes\n")
    line = "{:<38}{:>8}{:>12}{:>14}{:>16}".format
    print(line("flow", "time", "groups", "exact: error", "1 and 10 steps"))
    for start, target in (
        ("uniform(low=0, high=0.5)", UNIT),
        ("uniform(low=0, high=1)", "point(at=0.5)"),
        ("gaussian(std=0.4)", UNIT),
    ):
        for time in (0.2, 0.6, 1.2):
            x, again = (after(start, target, 500, time, Role.DISCRIMINATOR, steps) for steps in (1, 10))
            error = "-"
            if "gaussian" not in start:
                exact = exact_energy_flow(levels(500), time, start, target, Role.DISCRIMINATOR)
                error = f"{np.abs(x - exact).max():.1e}"
            short = f"{start} -> {target}".replace("low=", "").replace("high=", "").replace("at=", "")
            print(line(short, time, np.unique(x).size, error, f"{np.abs(x - again).max():.1e}"))


def print_long_times() -> None:
    target = "uniform(low=-2, high=-1) + 2*uniform(low=1, high=3) + point(at=2)"
    print(f"\nfrom a Gaussian to {target}: p -> q, N = 1000\n")
    line = "{:>8}{:>14}{:>14}".format
    print(line("time", "W1", "energy"))
    goal = line_law(target).quantiles(levels(1000))
    flow, state = quantile_flow("energy", "generator", "gaussian", target, 1000)
    rest = flow.energy(goal[:, np.newaxis])
    for time in (0, 1, 10, 100, 1000, 10_000):
        x = after("gaussian", target, 1000, time) if time else state[:, 0]
        print(line(time, f"{np.abs(x - goal).mean():.2e}", f"{flow.energy(x[:, np.newaxis]) - rest:.2e}"))


def draw(path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.4), layout="constrained")
    times = np.linspace(0, 2, 101)
    for panel, role, start, title in zip(
        axes,
        (Role.GENERATOR, Role.DISCRIMINATOR),
        (POINT, "gaussian(mean=0.5, std=0.7)"),
        ("generator", "discriminator"),
        strict=False,
    ):
        flow, state = quantile_flow("energy", role, start, UNIT, 40)
        run = integrate(flow, EventDriven(), beginning(state), times, 2, observers={"x": lambda _, s: s[:, 0]})
        panel.plot(times, run.observed["x"], color=BLUE if role is Role.GENERATOR else RED, linewidth=0.7)
        panel.axhspan(0, 1, color="0.9", zorder=0)
        panel.set(xlabel="time", ylabel="quantiles", title=f"{title}, q uniform on (0, 1)")
    for time, shade in ((0.3, "0.75"), (0.6, "0.5"), (1.2, "0.2")):
        found = density_of(after(POINT, UNIT, 2000, time))
        axes[2].plot(found.x, found.p, color=shade, linewidth=1.2, label=f"t = {time:g}")
    axes[2].set(xlabel="x", ylabel="p", title="from the point -1/2 to (0, 1)")
    axes[2].legend(frameon=False)
    figure.savefig(path, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png")
    parser.add_argument("--quick", action="store_true", help="fewer particles")
    options = parser.parse_args()
    print_in_space()
    print_in_time()
    print_beside_particles((1000,) if options.quick else (100, 1000, 10_000))
    print_merging()
    print_long_times()
    if options.figure:
        draw(options.figure)


if __name__ == "__main__":
    main()
