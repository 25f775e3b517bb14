"""Who gets the sign of F(e - eps s)(k) right? wgflow beside what a user would do instead, with times.

The sign of the transform decides whether a Fourier mode grows or decays. For each kernel, dimension n = 1, 2, 3 and
method this counts, over 61 wavenumbers from 1e-3 to 1e2:

    wrong     values of the wrong sign
    visible   those of them where |F(k)| > 1e-12 max |F|: round-off is no excuse
    none      wavenumbers without a sign: zero (underflow), NaN, or no answer
    error     median relative error, where |F(k)| > 1e-300
    time      wall time as a multiple of wgflow's proof, in the same run (medians)

The truth is mpmath with 30 digits and formulas of its own, which are first compared with direct integration.

    pip install gstools hankel
    python benchmarks/wrong_signs.py [--dims 1,2,3] [--repeat 5] [--sympy-seconds 20]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from math import inf
from statistics import median
from typing import Any

import mpmath
import numpy as np
import scipy.fft
from mpmath import mp, mpf

import wgflow as wg

mp.dps = 30
WAVENUMBERS = np.geomspace(1e-3, 1e2, 61)
FFT_BOX, FFT_POINTS = 32, {1: 4096, 2: 512, 3: 128}
SYMPY_START = 10  # seconds granted to a SymPy process for starting, besides the limit on its transform
MISSING = [name for name in ("gstools", "hankel") if find_spec(name) is None]
GRIDS = ", ".join(f"{count}^{n}" for n, count in FFT_POINTS.items())
SETTINGS = f"""settings
  wgflow, proved      wgflow.spectrum: 61 proved signs, the certificate for all k > 0, the interval of feasible eps
  wgflow, float64     wgflow.transform
  SymPy, evalf        cosine_, hankel_ and sine_transform for n = 1, 2, 3; then 15 digits by adaptive precision; once, in a
                      process of its own whose start is not counted
  SymPy, lambdify     the same formula in SciPy's float64
  grid FFT            scipy.fft.fftn, box {FFT_BOX} wide, {GRIDS} points; modes along one axis
  GSTools, models     spectrum() of built-in models, most of them closed forms; a difference of two where the kernel is one
  GSTools, own model  CovModel subclass with correlation(), default hankel_kw (N = 200, h = 0.001)
  hankel, get_h       SymmetricFourierTransform with (h, N) from get_h(f, nu=n, K=[1e-3, 1e2]), default tolerances
  hankel, h = 0.001   SymmetricFourierTransform(ndim=n, h=0.001), default N = pi/h"""


# --- the kernels: each formula once, for NumPy, mpmath and SymPy --------------------------------------------------


@dataclass(frozen=True)
class Case:
    """``profile(ops, r)``: e(r) for r < support, ops one of numpy, mpmath, sympy.  ``truth(n, k)``: F in mpmath.
    ``gstools``: (weight, model, parameters) of built-in models whose spectra add up to F, where there are such."""

    name: str
    claim: tuple[str, str | None, str]  # kernel, stabilizer, eps
    profile: Callable[[Any, Any], Any]
    truth: Callable[[int, mpf], mpf]
    gstools: tuple[tuple[float, str, dict[str, float]], ...] = ()
    support: float = inf

    def floats(self, r: np.ndarray) -> np.ndarray:
        return np.where(r < self.support, self.profile(np, np.minimum(r, self.support)), 0.0)


def gaussian(n: int, k: mpf) -> mpf:
    return (2 * mp.pi) ** (mpf(n) / 2) * mp.exp(-k * k / 2)


def rational_quadratic(n: int, k: mpf) -> mpf:
    c, order = mp.sqrt(2), 1 - mpf(n) / 2
    return 2 * mp.pi ** (mpf(n) / 2) * c**n * (c * k / 2) ** order * mp.besselk(order, c * k)


def matern(n: int, k: mpf, nu: mpf) -> mpf:
    half = mpf(n) / 2
    front = 2**n * mp.pi**half * mp.gamma(nu + half) * (2 * nu) ** nu / mp.gamma(nu)
    return front * (2 * nu + k * k) ** (-nu - half)


def integral(n: int, k: mpf, profile: Callable[[Any, Any], Any], support: float, decay: int = 40) -> mpf:
    """F(e)(k) by radial integration: to the support, to r = ``decay``, or (decay = 0) by oscillating quadrature."""

    def inside(r: mpf) -> mpf:
        wave = 2 * mp.cos(k * r) if n == 1 else 2 * mp.pi * r * mp.j0(k * r) if n == 2 else 4 * mp.pi * r / k * mp.sin(k * r)
        return profile(mpmath, r) * wave

    if support == inf and not decay:
        return mp.quadosc(inside, [0, mp.inf], omega=k)
    end = min(support, decay)
    return mp.quad(inside, mp.linspace(0, end, 3 + int(end * (1 + k / 6))))


def wendland(_: Any, r: Any) -> Any:
    return (1 - r) ** 4 * (1 + 4 * r)


def stabilized(n: int, thousandths: int) -> Case:
    """rbf(1) - eps rbf(1/2) at eps = 2^n thousandths/1000; from 2^n on every mode decays."""
    eps = 2**n * thousandths / 1000
    return Case(
        f"rbf - {thousandths / 1000:g}*2^n*rbf(1/2)", ("rbf(1)", "rbf(1/2)", f"{2**n * thousandths}/1000"),
        lambda ops, r: ops.exp(-(r**2) / 2) - 2**n * thousandths * ops.exp(-2 * r**2) / 1000,
        lambda n, k: gaussian(n, k) - mpf(thousandths) / 1000 * gaussian(n, k / 2),
        ((1.0, "Gaussian", {"len_scale": 2**0.5}), (-eps, "Gaussian", {"len_scale": 0.5**0.5})),
    )  # fmt: skip


def cases(n: int) -> tuple[Case, ...]:
    return (
        Case("rbf(1)", ("rbf(1)", None, "0"), lambda ops, r: ops.exp(-(r**2) / 2), gaussian,
             ((1.0, "Gaussian", {"len_scale": 2**0.5}),)),
        Case("rq(1)", ("rq(1)", None, "0"), lambda _, r: 1 / (1 + r**2 / 2), rational_quadratic,
             ((1.0, "Rational", {"len_scale": 2**0.5, "alpha": 1.0}),)),
        Case("laplace(1)", ("laplace(1)", None, "0"), lambda ops, r: ops.exp(-r), lambda n, k: matern(n, k, mpf(1) / 2),
             ((1.0, "Exponential", {"len_scale": 1.0}),)),
        Case("matern(3/2)", ("matern(3/2)", None, "0"), lambda ops, r: (1 + ops.sqrt(3) * r) * ops.exp(-ops.sqrt(3) * r),
             lambda n, k: matern(n, k, mpf(3) / 2), ((1.0, "Matern", {"len_scale": 0.5**0.5, "nu": 1.5}),)),
        Case("wendland(1)", ("wendland(1)", None, "0"), wendland, lambda n, k: integral(n, k, wendland, 1), support=1),
        stabilized(n, 999),
        stabilized(n, 1000),
    )  # fmt: skip


# --- the methods: (case, n) -> (wavenumbers, values, signs where they are not those of the values) ----------------

Answer = tuple[Sequence[float], Sequence[Any], list[int] | None]
PROOF, MODELS = "wgflow, proved", "GSTools, models"


def wgflow_proved(case: Case, n: int) -> Answer:
    kernel, stabilizer, eps = case.claim
    found = wg.spectrum(kernel, stabilizer, eps, dim=n, kmin=WAVENUMBERS[0], kmax=WAVENUMBERS[-1], points=len(WAVENUMBERS))
    return found.wavenumber, found.transform, [{"grows": 1, "decays": -1}.get(word, 0) for word in found.sign]


def wgflow_float(case: Case, n: int) -> Answer:
    kernel, stabilizer, eps = case.claim
    total = wg.kernel(kernel) if stabilizer is None else wg.kernel(f"{kernel} - {eps}*{stabilizer}")
    return WAVENUMBERS, wg.transform(total, WAVENUMBERS, dim=n), None


def grid_fft(case: Case, n: int) -> Answer:
    count, step = FFT_POINTS[n], FFT_BOX / FFT_POINTS[n]
    axis = step * (np.arange(count) - count // 2)
    distance = np.sqrt(sum(x**2 for x in np.meshgrid(*[axis] * n, indexing="ij", sparse=True)))
    grid = scipy.fft.fftn(scipy.fft.ifftshift(case.floats(distance))).real * step**n
    last = min(count // 2 - 1, WAVENUMBERS[-1] * FFT_BOX / (2 * np.pi))
    modes = np.unique(np.geomspace(1, last, len(WAVENUMBERS)).astype(int))
    return 2 * np.pi * modes / FFT_BOX, grid[(modes, *[0] * (n - 1))], None


def gstools_models(case: Case, n: int) -> Answer:
    import gstools

    total = np.zeros(len(WAVENUMBERS))
    for weight, name, parameters in case.gstools:
        total += weight * getattr(gstools, name)(dim=n, rescale=1.0, **parameters).spectrum(WAVENUMBERS)
    return WAVENUMBERS, total * (2 * np.pi) ** n, None


def gstools_own(case: Case, n: int) -> Answer:
    import gstools

    class Own(gstools.CovModel):
        def correlation(self, r: np.ndarray) -> np.ndarray:
            return case.floats(r)

    return WAVENUMBERS, Own(dim=n).spectrum(WAVENUMBERS) * (2 * np.pi) ** n, None


def hankel_searched(case: Case, n: int) -> Answer | None:
    import hankel

    kind = hankel.SymmetricFourierTransform
    try:
        h, _, count = hankel.get_h(case.floats, nu=n, K=WAVENUMBERS[[0, -1]], cls=kind)
    except Exception:  # what get_h raises where it finds no resolution is a bare Exception
        return None
    return WAVENUMBERS, kind(ndim=n, N=count, h=h).transform(case.floats, WAVENUMBERS, ret_err=False), None


def hankel_fine(case: Case, n: int) -> Answer:
    import hankel

    return WAVENUMBERS, hankel.SymmetricFourierTransform(ndim=n, h=1e-3).transform(case.floats, WAVENUMBERS, ret_err=False), None


METHODS: dict[str, Callable[[Case, int], Answer | None]] = {
    PROOF: wgflow_proved,
    "wgflow, float64": wgflow_float,
    "grid FFT": grid_fft,
    MODELS: gstools_models,
    "GSTools, own model": gstools_own,
    "hankel, get_h": hankel_searched,
    "hankel, h = 0.001": hankel_fine,
}
SYMPY = ("SymPy, evalf", "SymPy, lambdify")


def methods_for(case: Case) -> dict[str, Callable[[Case, int], Answer | None]]:
    """Returns the methods that can run: all without a missing package; built-in models where GSTools has the kernel."""
    present = {name: call for name, call in METHODS.items() if not name.lower().startswith(tuple(MISSING))}
    return {name: call for name, call in present.items() if name != MODELS or case.gstools}


# --- SymPy, in a process that can be given up ---------------------------------------------------------------------


def sympy_child(name: str, n: int) -> None:
    """Prints JSON: the values by evalf and by lambdify, and the seconds of either with the transform."""
    import sympy as sp

    case = next(case for case in cases(n) if case.name == name)
    r, k = sp.symbols("r k", positive=True)
    e = case.profile(sp, r)
    e = e if case.support == inf else sp.Piecewise((e, r < case.support), (0, True))
    start = time.perf_counter()
    if n == 1:
        formula = sp.sqrt(2 * sp.pi) * sp.cosine_transform(e, r, k)
    elif n == 2:
        formula = 2 * sp.pi * sp.hankel_transform(e, r, k, 0)
    else:
        formula = 4 * sp.pi / k * sp.sqrt(sp.pi / 2) * sp.sine_transform(r * e, r, k)
    found = time.perf_counter()
    digits = [str(sp.N(formula.subs(k, sp.Rational(float(x))))) for x in WAVENUMBERS]
    evaluated = time.perf_counter()
    try:
        with np.errstate(all="ignore"):
            floats = [str(v) for v in sp.lambdify(k, formula, ["scipy", "numpy"])(WAVENUMBERS)]
    except Exception:  # lambdify knows no function of SciPy for a part of the formula
        floats = []
    seconds = [evaluated - start, found - start + time.perf_counter() - evaluated]
    print(json.dumps({"values": [digits, floats], "seconds": seconds}))


def sympy_answers(case: Case, n: int, limit: float) -> list[tuple[Answer | None, float]]:
    """Returns (answer, seconds) by evalf and by lambdify; no answer where SymPy takes longer than the limit."""
    command = [sys.executable, __file__, "--sympy-child", case.name, str(n)]
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=limit + SYMPY_START)
    except subprocess.TimeoutExpired:
        return [(None, limit)] * 2
    if out.returncode:
        return [(None, limit)] * 2
    data = json.loads(out.stdout)
    rows = [[_number(v) for v in values] for values in data["values"]]
    return [((WAVENUMBERS, row, None) if row else None, spent) for row, spent in zip(rows, data["seconds"], strict=True)]


def _number(text: str) -> mpf:
    try:
        return mpf(text)
    except ValueError:  # an integral left as it was, or a complex value
        return mp.nan


# --- grading ------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """What a method did: on one kernel, or added up."""

    wrong: int = 0
    visible: int = 0
    none: int = 0
    total: int = 0
    errors: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, other: Score) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def cells(self) -> list[str]:
        error = f"{median(self.errors):.1e}" if self.errors else "-"
        return [f"{self.wrong}/{self.total}", str(self.visible), str(self.none), error, f"{median(self.times):.2g}"]


class Truth:
    """F of a case, each value computed once."""

    def __init__(self, case: Case, n: int) -> None:
        self.case, self.n, self.known = case, n, {}
        self.top = max(abs(self(k)) for k in WAVENUMBERS)

    def __call__(self, k: float) -> mpf:
        key = float(k)
        if key not in self.known:
            self.known[key] = self.case.truth(self.n, mpf(key))
        return self.known[key]


def grade(answer: Answer | None, truth: Truth, ratio: float) -> Score:
    if answer is None:
        return Score(none=len(WAVENUMBERS), total=len(WAVENUMBERS), times=[ratio])
    wavenumbers, values, signs = answer
    values = [mpf(v) for v in values]
    signs = [int(mp.sign(v)) if mp.isfinite(v) else 0 for v in values] if signs is None else signs
    score = Score(total=len(values), none=signs.count(0), times=[ratio])
    for k, value, sign in zip(wavenumbers, values, signs, strict=True):
        exact = truth(k)
        if sign * exact < 0:
            score.wrong += 1
            score.visible += abs(exact) > mpf("1e-12") * truth.top
        if abs(exact) > mpf("1e-300") and mp.isfinite(value):
            score.errors.append(float(abs(value / exact - 1)))
    return score


def truth_error(case: Case, n: int) -> float:
    """Returns the relative difference between the truth's formula and direct integration at k = 3."""
    with mp.workdps(15):
        direct = integral(n, mpf(3), case.profile, case.support, 0 if case.name == "rq(1)" else 40)
    return float(abs(direct / case.truth(n, mpf(3)) - 1))


def scores(case: Case, n: int, repeat: int, limit: float) -> Iterator[tuple[str, Score]]:
    """Runs every method ``repeat`` times, in turns, and SymPy once; yields (method, score)."""
    methods, truth = methods_for(case), Truth(case, n)
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    answers: dict[str, Answer | None] = {}
    for _ in range(repeat):
        for name, call in methods.items():
            start = time.perf_counter()
            answers[name] = call(case, n)
            seconds[name].append(time.perf_counter() - start)
    proof = median(seconds[PROOF])
    for name, answer in answers.items():
        yield name, grade(answer, truth, median(seconds[name]) / proof)
    for name, (answer, spent) in zip(SYMPY, sympy_answers(case, n, limit), strict=True):
        yield name, grade(answer, truth, spent / proof)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dims", default="1,2,3")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sympy-seconds", type=float, default=20)
    parser.add_argument("--sympy-child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sympy_child:
        return sympy_child(options.sympy_child[0], int(options.sympy_child[1]))
    np.seterr(all="ignore")
    dims = [int(n) for n in options.dims.split(",")]
    print(SETTINGS)
    if MISSING:
        print(f"left out: {', '.join(MISSING)}; to have them in the table: pip install {' '.join(MISSING)}")
    worst = max(truth_error(case, n) for n in dims for case in cases(n))
    print(f"truth: formulas and direct integration (mpmath, k = 3) agree to {worst:.0e}\n")
    line = "{:<26}{:>2}  {:<19}{:>8}{:>9}{:>6}{:>10}{:>9}".format
    print(line("kernel", "n", "method", "wrong", "visible", "none", "error", "time"))
    sums: dict[str, Score] = {}
    for n in dims:
        for case in cases(n):
            for name, score in scores(case, n, options.repeat, options.sympy_seconds):
                print(line(case.name, n, name, *score.cells()), flush=True)
                sums.setdefault(name, Score()).add(score)
    for name, score in sums.items():
        print(line("all of them", "", name, *score.cells()))


if __name__ == "__main__":
    main()
