"""Claim: the modes about states that are not constant are known to rounding, and particles have them in the limit.

Three parts, all numeric:

    a Gaussian state of width s under rbf(1) in one dimension: the fastest rates over s. By scaling and the trace identity the
    sum of all rates is 1/l^2 whatever s is; narrow states (s << 1) have one mode that takes it all, wide ones share it among
    about s modes, whose fastest approaches that of a constant state, max p0 * max k^2 F(k) = 2/(e s).

    refinement: the digits in which rates at growing resolution agree with the finest.

    particles: the largest error of the four fastest rates of the Jacobian of N particles, against the density's; quantiles
    of 1 + cos(x)/2 on a torus (faster than any power of N), quantiles of a Gaussian (between 1/N and 1/N^2), random
    samples of it (1/sqrt(N)).

    python analysis/modes_of_gaussians.py [--figure FILE.png]
"""

from __future__ import annotations

import argparse
from math import e, pi

import numpy as np
from scipy.special import ndtri

import wgflow as wg
from wgflow.dynamics.states.base_state import base_state
from wgflow.dynamics.states.eigenmodes import eigenvalues
from wgflow.dynamics.states.resolutions import levels

WIDTHS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RESOLUTIONS = (9, 13, 17, 21, 25, 33, 41, 65)
COUNTS = (10, 20, 40, 80, 160, 320)
WAVE, PERIOD, LEADING, SEEDS = "(1 + 0.5*cos(x))/(2*pi)", "2*pi", 4, 16


def widths() -> list[wg.StateModes]:
    found = [wg.modes("rbf(1)", f"gaussian(std={s})", count=LEADING) for s in WIDTHS]
    print("Gaussian states of width s under rbf(1), n = 1")
    print(f"{'s':>6}  {'fastest':>12}  {'second':>12}  {'2/(e s)':>10}  {'sum of rates':>14}  {'digits':>6}")
    for s, each in zip(WIDTHS, found, strict=True):
        numbers = f"{each.rate[0]:12.9f}  {each.rate[1]:12.9f}  {2 / (e * s):10.6f}  {each.trace:14.10f}"
        print(f"{s:6g}  {numbers}  {each.digits.min():6.0f}")
    return found


def refinement() -> list[float]:
    makers = levels(wg.kernel("rbf(0.5)"), base_state(WAVE), 2 * pi, None, 1.0, (*RESOLUTIONS, 97))
    rates = [eigenvalues(make())[::-1][:LEADING] for make in makers]
    errors = [float(np.max(abs(each - rates[-1]))) for each in rates[:-1]]
    print("\nrefinement: rbf(0.5) about 1 + cos(x)/2 on the torus of period 2 pi")
    print(f"{'points':>8}  {'largest error':>14}")
    for size, error in zip(RESOLUTIONS, errors, strict=True):
        print(f"{size:8}  {error:14.1e}")
    return errors


def particles() -> dict[str, list[float]]:
    wave = wg.modes("rbf(0.5)", WAVE, period=PERIOD, count=LEADING).rate
    gaussian = wg.modes("rbf(1)", "gaussian", count=LEADING).rate

    def random_error(count: int) -> float:
        samples = [np.random.default_rng(seed).standard_normal(count) for seed in range(SEEDS)]
        return float(np.median([error(samples_of, None, "rbf(1)", gaussian) for samples_of in samples]))

    out = {
        "torus": [error(wave_quantiles(n), PERIOD, "rbf(0.5)", wave) for n in COUNTS],
        "Gaussian": [error(ndtri((np.arange(n) + 0.5) / n), None, "rbf(1)", gaussian) for n in COUNTS],
        "random": [random_error(n) for n in COUNTS],
    }
    print(f"\nparticles: largest error of the {LEADING} fastest rates of the Jacobian")
    print(f"{'N':>6}  {'quantiles, torus':>16}  {'quantiles, Gaussian':>19}  {'random, Gaussian':>16}")
    for n, *row in zip(COUNTS, *out.values(), strict=True):
        print(f"{n:6}  {row[0]:16.1e}  {row[1]:19.1e}  {row[2]:16.1e}")
    orders = {name: order(out[name]) for name in ("Gaussian", "random")}
    print(f"fitted orders  quantiles {orders['Gaussian']:.2f}  random {orders['random']:.2f}")
    return out


def order(errors: list[float]) -> float:
    return float(-np.polyfit(np.log(COUNTS[1:]), np.log(errors[1:]), 1)[0])


def error(points: np.ndarray, period: str | None, kernel: str, exact: np.ndarray) -> float:
    return float(np.max(abs(wg.modes(kernel, points, period=period, count=LEADING).rate - exact)))


def wave_quantiles(count: int) -> np.ndarray:
    """Points at which the distribution function of (1 + cos(x)/2)/(2 pi) is (i + 1/2)/N, by Newton's method."""
    u = (np.arange(count) + 0.5) / count
    x = 2 * pi * u - pi
    for _ in range(60):
        x = x - ((x + pi + np.sin(x) / 2) / (2 * pi) - u) * 2 * pi / (1 + np.cos(x) / 2)
    return x


def draw(path: str, found: list[wg.StateModes], refined: list[float], errors: dict[str, list[float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for number in range(LEADING):
        left.loglog(WIDTHS, [each.rate[number] for each in found], "o-", markersize=3, label=f"mode {number + 1}")
    left.loglog(WIDTHS, [2 / (e * s) for s in WIDTHS], ":", color="0.4", label="2/(e s)")
    left.set(
        xlabel="width s of the state (length)", ylabel="growth rate (1/time)", ylim=(1e-3, 2), title="rbf(1), Gaussian states"
    )
    left.legend(frameon=False, fontsize="small")
    for name, marker in zip(errors, "osd", strict=True):
        kind = "random, Gaussian" if name == "random" else f"quantiles, {name}"
        right.loglog(COUNTS, np.maximum(errors[name], 1e-16), marker + "-", markersize=3, label=kind)
    right.loglog(RESOLUTIONS, np.maximum(refined, 1e-16), "x--", color="0.4", label="density, points")
    right.set(xlabel="particles N", ylabel="largest error of 4 rates", title="particles against the density")
    right.legend(frameon=False, fontsize="small")
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figure", metavar="FILE.png", help="draw the figure")
    figure = parser.parse_args().figure
    found, refined, errors = widths(), refinement(), particles()
    if figure:
        draw(figure, found, refined, errors)


if __name__ == "__main__":
    main()
