"""Numerical radial Fourier transforms over seven decades of k: wgflow beside what a user would take instead, with times.

For each kernel, dimension n = 1, 2, 3, 8 and method this counts, over 36 wavenumbers from 1e-3 to 1e4:

    wrong     values of the wrong sign (where |F| > 1e-300 and the method does not say that F is below its noise)
    visible   those of them where |F(k)| > 1e-10 max |F|: round-off is no excuse
    none      NaN, infinity, or no answer; for wgflow also "not resolved"
    noise     wgflow alone: "below noise"
    exceeds   values whose error exceeds the method's own estimate (wgflow, hankel)
    median    median relative error, where |F| > 1e-300
    worst     largest error, divided by max |F| over the wavenumbers
    time      wall time per wavenumber as a multiple of wgflow's, in the same run (medians)

The last table asks for equal accuracy: how often a method's median relative error is no larger than ten times wgflow's, and
how its time compares in those cases alone. The truth is mpmath with 40 digits and the formulas of tests/witness.py.

    pip install hankel mcfit
    python benchmarks/transforms.py [--dims 1,2,3,8] [--repeat 3] [--mpmath-seconds 2]
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction as Q
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import scipy.fft
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import witness

import wgflow as wg

mp.dps = 40
PER_DECADE = 5
WAVENUMBERS = np.logspace(-3, 4, 7 * PER_DECADE + 1)
SPARSE = slice(None, None, PER_DECADE)  # for mpmath.quadosc, which takes long
MISSING = [name for name in ("hankel", "mcfit") if find_spec(name) is None]
SETTINGS = """settings
  wgflow numeric       wgflow.hankel: quadrature also for kernels that have a closed form
  hankel, get_h        SymmetricFourierTransform with (h, N) from get_h(f, nu=n, K=[1e-3, 1e4]), default tolerances
  hankel, h = ...      SymmetricFourierTransform(ndim=n, h=h), default N = pi/h
  fht, ... a decade    scipy.fft.fht on 24 decades of r, offset from fhtoffset (low ringing), bias 0
  mcfit, ... a decade  mcfit.Hankel on the same r, lowring=False, extrap=True where e has no zeros
  mpmath.quadosc       15 digits, one wavenumber a decade"""


@dataclass(frozen=True)
class Case:
    """``text``: for wgflow.  ``profile``: e(r) in NumPy or mpmath (``ops``).  ``truth(n, k)``: F."""

    text: str
    profile: Callable[[Any, Any], Any]
    truth: Callable[[int, mpf], Any]
    least_dimension: int = 1


def named(name: str, **params: Q) -> Callable[[int, mpf], Any]:
    return lambda n, k: witness.transform(name, params, n, k)


def power_gaussian(n: int, k: mpf) -> Any:
    """r^2 exp(-r^2/2): the Gaussian's transform times n - k^2."""
    return (2 * mp.pi) ** (mpf(n) / 2) * mp.exp(-k * k / 2) * (n - k * k)


def power_exponential(n: int, k: mpf) -> Any:
    """r exp(-r): minus the derivative of the transform of exp(-a r) with respect to a, at a = 1."""
    half = mpf(n + 1) / 2
    return 2**n * mp.pi ** (half - 1) * mp.gamma(half) * (1 + k * k) ** (-half - 1) * (n - k * k)


ONE, HALF = Q(1), Q(1, 2)
CASES = (
    Case("rbf", lambda ops, r: ops.exp(-r * r / 2), named("rbf", lengthscale=ONE)),
    Case("rq(1/2)", lambda ops, r: (1 + r * r) ** -0.5, named("rq", alpha=HALF, lengthscale=ONE)),
    Case("imq(4)", lambda ops, r: (1 + r * r) ** -4, named("imq", beta=Q(4), c=ONE)),
    Case("multiquadric", lambda ops, r: -ops.sqrt(1 + r * r), named("multiquadric", c=ONE)),
    Case("laplace", lambda ops, r: ops.exp(-r), named("laplace", lengthscale=ONE)),
    Case("matern(3/2)", lambda ops, r: (1 + ops.sqrt(3) * r) * ops.exp(-ops.sqrt(3) * r),
         named("matern", nu=Q(3, 2), lengthscale=ONE)),
    Case("energy(1)", lambda ops, r: -r, named("energy", beta=ONE)),
    Case("log", lambda ops, r: -ops.log(r), named("log")),
    Case("riesz(1/2)", lambda ops, r: r**-0.5, named("riesz", a=HALF)),
    Case("wendland(1)", lambda ops, r: (1 - r) ** 4 * (1 + 4 * r) * (r < 1), named("wendland", smoothness=ONE, radius=ONE)),
    Case("tophat", lambda ops, r: 1.0 * (r < 1), named("tophat", radius=ONE)),
    Case("r*exp(-r)", lambda ops, r: r * ops.exp(-r), power_exponential),
    Case("r**2*exp(-r**2/2)", lambda ops, r: r * r * ops.exp(-r * r / 2), power_gaussian),
)  # fmt: skip

Answer = tuple[Any, Any, Any]  # wavenumbers, values, errors or None


def wgflow_numeric(case: Case, n: int) -> Answer:
    return (WAVENUMBERS, *wg.hankel(case.text, WAVENUMBERS, n))


def hankel_searched(case: Case, n: int) -> Answer:
    import hankel

    kind, f = hankel.SymmetricFourierTransform, partial(case.profile, np)
    h, _, count = hankel.get_h(f, nu=n, K=WAVENUMBERS[[0, -1]], cls=kind)
    return (WAVENUMBERS, *kind(ndim=n, N=count, h=h).transform(f, WAVENUMBERS, ret_err=True))


def hankel_fixed(h: float, case: Case, n: int) -> Answer:
    import hankel

    kind = hankel.SymmetricFourierTransform(ndim=n, h=h)
    return (WAVENUMBERS, *kind.transform(partial(case.profile, np), WAVENUMBERS, ret_err=True))


def log_grid(per_decade: int) -> Any:
    """Wavenumbers on 24 decades, those of the table among them."""
    return 10.0 ** (np.arange(-12 * per_decade, 12 * per_decade) / per_decade)


def fht(per_decade: int, case: Case, n: int) -> Answer:
    """fht gives k times the integral of a(r) J(k r) dr, so F = (2 pi / k)^{n/2} fht(r^{n/2} e)."""
    k, step, order = log_grid(per_decade), np.log(10) / per_decade, n / 2 - 1
    offset = scipy.fft.fhtoffset(step, order)
    r = np.exp(offset) / k[::-1]
    values = scipy.fft.fht(case.profile(np, r) * r ** (n / 2), step, order, offset)
    return at_wavenumbers(k, (2 * np.pi / k) ** (n / 2) * values, per_decade)


def mcfit_hankel(per_decade: int, case: Case, n: int) -> Answer:
    import mcfit

    r, order = log_grid(per_decade), n / 2 - 1
    given = case.profile(np, r) * r**order
    k, values = mcfit.Hankel(r, nu=order, lowring=False)(given, extrap=bool(np.all(given != 0)))  # it divides neighbours
    return at_wavenumbers(k, (2 * np.pi) ** (n / 2) * k**-order * values, per_decade)


def at_wavenumbers(k: Any, values: Any, per_decade: int) -> Answer:
    index = np.array([int(np.argmin(np.abs(np.log(k / each)))) for each in WAVENUMBERS])
    assert np.allclose(k[index], WAVENUMBERS, rtol=1e-9)
    return WAVENUMBERS, values[index], None


class TooLong(Exception):
    pass


def quadosc(limit: float, case: Case, n: int) -> Answer:
    def stop(*_: Any) -> None:
        raise TooLong

    out = []
    signal.signal(signal.SIGALRM, stop)
    with mp.workdps(15):
        order, front = mpf(n) / 2 - 1, (2 * mp.pi) ** (mpf(n) / 2)
        for k in map(mpf, map(float, WAVENUMBERS[SPARSE])):
            signal.setitimer(signal.ITIMER_REAL, limit)
            try:
                wave = (lambda r: r ** (mpf(n) / 2) * mp.besselj(order, k * r)) if n > 1 else None  # noqa: B023
                one = lambda r: mp.sqrt(2 / (mp.pi * k)) * mp.cos(k * r)  # noqa: B023, E731
                f = lambda r: case.profile(mp, r) * (wave or one)(r)  # noqa: B023, E731
                out.append(float(front * k**-order * mp.quadosc(f, [0, mp.inf], omega=k)))
            except Exception:  # no convergence, or too long
                out.append(np.nan)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
    return WAVENUMBERS[SPARSE], np.array(out), None


def methods(limit: float) -> dict[str, Callable[[Case, int], Answer]]:
    everything: dict[str, Callable[[Case, int], Answer]] = {
        "wgflow numeric": wgflow_numeric,
        "hankel, get_h": hankel_searched,
        "hankel, h = 0.01": partial(hankel_fixed, 0.01),
        "hankel, h = 0.001": partial(hankel_fixed, 0.001),
        "fht, 40 a decade": partial(fht, 40),
        "fht, 400 a decade": partial(fht, 400),
        "mcfit, 40 a decade": partial(mcfit_hankel, 40),
        "mcfit, 400 a decade": partial(mcfit_hankel, 400),
        "mpmath.quadosc": partial(quadosc, limit),
    }
    return {name: call for name, call in everything.items() if not name.startswith(tuple(MISSING) or "-")}


@dataclass
class Score:
    """What a method did: on one kernel, or added up."""

    wrong: int = 0
    visible: int = 0
    none: int = 0
    noise: int = 0
    exceeds: int = 0
    total: int = 0
    medians: list[float] = field(default_factory=list)
    worst: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def cells(self) -> list[str]:
        numbers = [f"{self.wrong}/{self.total}", *map(str, (self.visible, self.none, self.noise, self.exceeds))]
        small = [f"{median(x):.1e}" if x else "-" for x in (self.medians, self.worst)]
        return [*numbers, *small, f"{median(self.times):.2g}" if self.times else "-"]


def grade(answer: Answer | None, truth: dict[float, Any], ours: bool) -> Score:
    if answer is None:
        return Score(none=len(WAVENUMBERS), total=len(WAVENUMBERS))
    wavenumbers, values, errors = answer
    score, top = Score(total=len(values)), max(abs(f) for f in truth.values())
    relative, absolute = [], []
    for i, (k, value) in enumerate(zip(wavenumbers, values, strict=True)):
        exact = truth[float(k)]
        error = np.inf if errors is None else float(np.ravel(errors)[i])
        if not np.isfinite(value) or (ours and not np.isfinite(error)):
            score.none += 1
            continue
        off = abs(mpf(float(value)) - exact)
        score.exceeds += bool(errors is not None and off > error)
        absolute.append(float(off / top))
        if abs(exact) <= mpf("1e-300"):
            continue
        relative.append(float(off / abs(exact)))
        if ours and abs(value) <= error:
            score.noise += 1
        elif mp.sign(mpf(float(value))) != mp.sign(exact):
            score.wrong += 1
            score.visible += abs(exact) > mpf("1e-10") * top
    score.medians = [median(relative)] if relative else []
    score.worst = [max(absolute)] if absolute else []
    return score


def scores(case: Case, n: int, calls: dict[str, Callable[[Case, int], Answer]], repeat: int) -> dict[str, Score]:
    truth = {float(k): case.truth(n, mpf(float(k))) for k in WAVENUMBERS}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    answers: dict[str, Answer | None] = {}
    for round_ in range(repeat):
        for name, call in calls.items():
            if round_ and name == "mpmath.quadosc":
                continue
            start = time.perf_counter()
            try:
                answers[name] = call(case, n)
            except Exception:  # a library that gives up; get_h raises a bare Exception
                answers[name] = None
            count = len(WAVENUMBERS[SPARSE]) if name == "mpmath.quadosc" else len(WAVENUMBERS)
            seconds[name].append((time.perf_counter() - start) / count)
    unit = median(seconds["wgflow numeric"])
    out = {}
    for name, answer in answers.items():
        out[name] = grade(answer, truth, name == "wgflow numeric")
        out[name].times = [median(seconds[name]) / unit]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", default="1,2,3,8")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--mpmath-seconds", type=float, default=2, help="limit for one value of mpmath.quadosc; 0 leaves it out")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    calls = methods(options.mpmath_seconds)
    if not options.mpmath_seconds:
        del calls["mpmath.quadosc"]
    print(SETTINGS)
    if MISSING:
        print(f"left out: {', '.join(MISSING)}; to have them in the table: pip install {' '.join(MISSING)}")
    line = "{:<19}{:>2}  {:<20}{:>9}{:>8}{:>6}{:>6}{:>8}{:>9}{:>9}{:>9}".format
    print("\n" + line("kernel", "n", "method", "wrong", "visible", "none", "noise", "exceeds", "median", "worst", "time"))
    sums: dict[str, Score] = {name: Score() for name in calls}
    equal: dict[str, list[float]] = {name: [] for name in calls}
    for n in map(int, options.dims.split(",")):
        for case in CASES:
            found = scores(case, n, calls, options.repeat)
            best = found["wgflow numeric"].medians[0]
            for name, score in found.items():
                print(line(case.text, n, name, *score.cells()), flush=True)
                sums[name].add(score)
                if score.medians and score.medians[0] <= 10 * best and not score.none:
                    equal[name] += score.times
    for name, score in sums.items():
        print(line("all of them", "", name, *score.cells()))
    print("\nequal accuracy (median relative error at most ten times wgflow's): cases, median of the time ratio in them, least")
    for name, times in equal.items():
        print(
            f"  {name:<20}{len(times):>4}" + (f"{median(times):>10.2g}{min(times):>10.2g}" if times else "         -         -")
        )


if __name__ == "__main__":
    main()
