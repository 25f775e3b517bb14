"""The numerical transform: right, and the error estimate true, against formulas in mpmath that share nothing with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction as Q
from random import Random
from typing import Any

import numpy as np
import pytest
import witness
from mpmath import mp, mpf

import wgflow as wg
from wgflow.fourier.hankel import hankel
from wgflow.fourier.sampled import Table, of_function, of_table
from wgflow.kernels.catalogue import CATALOGUE

DIGITS = 30
Case = tuple[str, int, Callable[[mpf], Any]]  # text, n, the transform


def number(q: Q) -> mpf:
    return mpf(q.numerator) / q.denominator


def sphere(n: int) -> mpf:
    return 2 * mp.pi ** (mpf(n) / 2) / mp.gamma(mpf(n) / 2)


# --- random kernels that carry their transform --------------------------------------------------------------------


def length(rng: Random) -> Q:
    return Q(rng.randint(1, 40), rng.randint(1, 12)) * Q(10) ** rng.choice((-2, 0, 0, 0, 1))


def named(rng: Random, n: int) -> tuple[str, Callable[[mpf], Any]]:
    """A catalogue kernel by name."""
    a = length(rng)
    name, text, params = rng.choice((
        ("rbf", f"rbf({a})", {"lengthscale": a * a}),
        ("rq", f"rq(alpha=1/2, lengthscale={a})", {"alpha": Q(1, 2), "lengthscale": a * a}),
        ("rq", f"rq(alpha=7/3, lengthscale={a})", {"alpha": Q(7, 3), "lengthscale": a * a}),
        ("imq", f"imq(beta=3/2, c={a})", {"beta": Q(3, 2), "c": a * a}),
        ("multiquadric", f"multiquadric({a})", {"c": a * a}),
        ("laplace", f"laplace({a})", {"lengthscale": a * a}),
        ("matern", f"matern(nu=3/2, lengthscale={a})", {"nu": Q(3, 2), "lengthscale": a * a}),
        ("matern", f"matern(nu=1/3, lengthscale={a})", {"nu": Q(1, 3), "lengthscale": a * a}),
        ("energy", "energy(4/3)", {"beta": Q(4, 3)}),
        ("riesz", "riesz(1/2)", {"a": Q(1, 2)}),
        ("log", "log", {}),
        ("wendland", f"wendland(1, radius={a})", {"smoothness": Q(1), "radius": a * a}),
        ("tophat", f"tophat({a})", {"radius": a * a}),
    ))  # fmt: skip
    return text, lambda k: witness.transform(name, params, n, k)


def power_exponential(rng: Random, n: int) -> tuple[str, Callable[[mpf], Any]]:
    """r^p exp(-a r): omega_n Gamma(n+p) a^{-n-p} 2F1((n+p)/2, (n+p+1)/2; n/2; -k^2/a^2)."""
    p, a = rng.choice((Q(1), Q(2), Q(1, 2), Q(-1, 3), Q(5, 2))), 1 / length(rng)

    def value(k: mpf) -> Any:
        s = number(n + p)
        return sphere(n) * mp.gamma(s) * number(a) ** -s * mp.hyp2f1(s / 2, (s + 1) / 2, mpf(n) / 2, -((k / number(a)) ** 2))

    return f"r**({p})*exp(-{a}*r)", value


def power_gaussian(rng: Random, n: int) -> tuple[str, Callable[[mpf], Any]]:
    """r^p exp(-a r^2): omega_n Gamma((n+p)/2) a^{-(n+p)/2}/2 1F1((n+p)/2; n/2; -k^2/(4a))."""
    p, a = rng.choice((Q(1), Q(2), Q(4), Q(3, 2), Q(-1, 2))), 1 / length(rng) ** 2

    def value(k: mpf) -> Any:
        s = number(n + p) / 2
        return sphere(n) * mp.gamma(s) * number(a) ** -s / 2 * mp.hyp1f1(s, mpf(n) / 2, -(k**2) / (4 * number(a)))

    return f"r**({p})*exp(-{a}*r**2)", value


def sech(rng: Random, n: int) -> tuple[str, Callable[[mpf], Any]]:
    """n = 1: pi a sech(pi a k/2); n = 3 is -1/(2 pi k) times its derivative."""
    a = length(rng)
    if n not in (1, 3):
        return power_gaussian(rng, n)

    def value(k: mpf) -> Any:
        z = mp.pi * number(a) * k / 2
        one = mp.pi * number(a) * mp.sech(z)
        return one if n == 1 else 2 * mp.pi / k * one * mp.tanh(z) * mp.pi * number(a) / 2

    return f"sech(r/({a}))", value


def combined(rng: Random, n: int) -> tuple[str, Callable[[mpf], Any]]:
    """A difference of two."""
    one, two = power_exponential(rng, n), named(rng, n)
    return f"{one[0]} - 1/7*{two[0]}", lambda k: one[1](k) - two[1](k) / 7


def cases(rng: Random, count: int) -> list[Case]:
    out: list[Case] = []
    for _ in range(count):
        n = rng.choice((1, 2, 3, 4, 5, 7, 8, 16, 31, 64)) if rng.random() < 0.7 else rng.randint(1, 64)
        text, value = rng.choice((named, named, named, power_exponential, power_gaussian, sech, combined))(rng, n)
        out.append((text, n, value))
    return out


def failures(rng: Random, count: int) -> tuple[int, list[str]]:
    """Returns (number of values, those whose error exceeds the estimate or whose sign is wrong above it)."""
    total, wrong = 0, []
    for text, n, exact in cases(rng, count):
        k = np.array([10 ** rng.uniform(-3, 3) for _ in range(6)])
        value, error = hankel(text, k, n)
        assert np.all(np.isfinite(value)) and not np.any(np.isnan(error)) and np.all(error > 0), (text, n, k, value, error)
        for each, v, e in zip(k, value, error, strict=True):
            with mp.workdps(DIGITS):
                truth = exact(mpf(float(each)))
                total += 1
                if math.isfinite(e) and abs(mpf(float(v)) - truth) > e and abs(truth) < mpf(10) ** 300:
                    wrong.append(f"{text} n={n} k={each!r}: {v} +- {e}, true {mp.nstr(truth, 17)}")
    return total, wrong


def test_the_error_estimate_is_true():
    total, wrong = failures(Random(3), 60)
    assert total == 360 and wrong == []


@pytest.mark.long
def test_the_error_estimate_is_true_in_many_cases():
    total, wrong = failures(Random(20), 1500)
    assert len(wrong) <= total / 1000, "\n".join(wrong)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_kernel_of_the_catalogue(name, n):
    """Quadrature on the profile agrees with the closed form: two separate formulas of the library."""
    text = f"{name}(1/2)" if name in ("rq", "matern", "riesz") else name
    k = np.logspace(-2, 2, 7)
    found = wg.transformed(text, k, n, "closed")
    value, error = hankel(text, k, n)
    assert np.all(np.abs(value - found.value) <= error + np.array(found.error))
    assert np.all(error <= 1e-8 * np.abs(value) + 1e-12 * np.max(np.abs(value)))


# --- what is asked of smooth decaying kernels, of tails, and of generalized transforms ------------------------------

DECADES = np.logspace(-3, 4, 29)


def quartic(n: int, k: mpf) -> Any:
    """exp(-r^4) term by term: omega_n times the sum of (-k^2/4)^j / ((n/2)_j j!) times Gamma((n+2j)/4)/4."""
    with mp.workdps(60):
        terms = (
            mp.power(-k * k / 4, j) / mp.rf(mpf(n) / 2, j) / mp.factorial(j) * mp.gamma(mpf(n + 2 * j) / 4) / 4
            for j in range(400)
        )
        return sphere(n) * mp.fsum(terms)


@pytest.mark.parametrize("n", [1, 2, 3, 16])
def test_smooth_kernels_to_ten_digits_over_seven_decades(n):
    for text, exact in (
        ("rbf", lambda k: witness.transform("rbf", {"lengthscale": Q(1)}, n, k)),
        ("imq(4)", lambda k: witness.transform("imq", {"beta": Q(4), "c": Q(1)}, n, k)),
        ("exp(-r**4)", lambda k: quartic(n, k) if k < 12 else None),
    ):
        value, error = hankel(text, DECADES, n)
        with mp.workdps(DIGITS):
            truth = [exact(mpf(float(k))) for k in DECADES]
            top = max(abs(t) for t in truth if t is not None)
            assert max(error) < 1e-12 * top
            for v, e, t in zip(value, error, truth, strict=True):
                assert t is None or abs(mpf(float(v)) - t) <= e


def test_the_far_tail_has_the_right_signs():
    """1/(1+r^4) in n = 1: pi/sqrt 2 exp(-k/sqrt 2) (cos(k/sqrt 2) + sin(k/sqrt 2)), down to 1e-200; sech in n = 3."""
    k = np.linspace(1, 600, 61)
    value, error = hankel("1/(1+r**4)", k, 1)
    z = k / np.sqrt(2)
    exact = np.pi / np.sqrt(2) * np.exp(-z) * (np.cos(z) + np.sin(z))
    clear = np.abs(np.cos(z) + np.sin(z)) > 1e-6
    assert np.all(np.abs(value) > error) and np.all((np.sign(value) == np.sign(exact))[clear])
    assert np.all(hankel("sech(r)", [300.0], 3)[0] > 0)


def test_below_the_noise_is_said_and_never_nan():
    value, error = hankel("rbf", [100.0, 1e6], 3)
    assert np.all(np.abs(value) <= error) and np.all(error > 0) and np.all(np.isfinite(value))


@pytest.mark.parametrize("n", [1, 3])
def test_generalized_transforms(n):
    """r^2 log r: the derivative in a of r^-a at a = -2; tanh in n = 1: -pi csch(pi k/2); log(1+r^2) in n = 1."""
    k = np.logspace(-2, 2, 9)
    value, error = hankel("r**2*log(r)", k, n)
    with mp.workdps(DIGITS):
        # near a = -2, 1/Gamma(a/2) = -(a+2)/2 + ..., so d/d(beta) of F(r^beta) at beta = 2 has one term left
        front = 2 ** (n + 2) * mp.pi ** (mpf(n) / 2) * mp.gamma(mpf(n + 2) / 2) / 2
        for x, v, e in zip(k, value, error, strict=True):
            assert abs(mpf(float(v)) - front * mpf(float(x)) ** (-n - 2)) <= e < 1e-10 * abs(v)
    if n == 1:
        value, error = hankel("log(1+r**2)", k[:7], 1)
        assert np.all(np.abs(value + 2 * np.pi / k[:7] * np.exp(-k[:7])) <= error + 1e-15 * np.abs(value))


def test_a_pole_is_not_jumped_over():
    """A tiny term with a pole near the axis decides the far tail: F(rbf + 1e-12 sech) = ... + 1e-12 pi sech(pi k/2)."""
    for text in ("rbf + 1/10**12*sech(r)", "exp(-r**2/2)*(1 + 1/10**12*sech(r))"):
        value, error = hankel(text, [12.0, 20.0], 1)
        assert np.all(value > error)
    assert value[1] > 1e-30  # exp(-200) = 1e-87 without the pole
    assert abs(hankel("rbf + 1/10**12*sech(r)", 20.0, 1)[0] / (1e-12 * np.pi / np.cosh(10 * np.pi)) - 1) < 1e-10


def test_a_bump_far_out_is_found():
    """exp(-25 (r - 50)^2) in n = 1: twice a Gaussian's transform times cos(50 k)."""
    k = np.array([0.01, 0.3, 1.0, 3.0])
    value, error = hankel("exp(-25*(r-50)**2)", k, 1)
    exact = 2 * np.sqrt(np.pi) / 5 * np.exp(-(k**2) / 100) * np.cos(50 * k)
    assert np.all(np.abs(value - exact) <= error + 1e-15) and np.all(error < 1e-11)


def test_what_has_no_transform_is_refused():
    for text, n in (("exp(r)", 2), ("exp(r**2)", 1), ("exp(-r)/r**2", 2), ("exp(-r)/r**2", 1)):
        with pytest.raises(wg.InputError):
            hankel(text, 1.0, n)
    for k in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(wg.InputError):
            hankel("rbf", k, 2)
    value, error = hankel("cos(r)", [0.5], 1)  # a point mass at k = 1: the rays do not converge below it
    assert abs(value[0]) <= error[0] and error[0] > 1e6


def test_shapes():
    value, error = hankel("exp(-r**4)", [[1.0, 2.0], [3.0, 4.0]], 2)
    assert value.shape == error.shape == (2, 2) and hankel("rbf", 1.0)[0].shape == ()
    assert np.allclose(
        wg.transform("exp(-r**4) + rbf", [1.0], 1), hankel("exp(-r**4)", [1.0], 1)[0] + wg.transform("rbf", [1.0], 1)
    )


# --- functions and tables -----------------------------------------------------------------------------------------

SAMPLED = {
    "laplace": ("laplace", {"lengthscale": Q(1)}, lambda r: np.exp(-r)),
    "rbf": ("rbf", {"lengthscale": Q(1)}, lambda r: np.exp(-r * r / 2)),
    "wendland": ("wendland", {"smoothness": Q(1), "radius": Q(1)}, lambda r: np.maximum(1 - r, 0) ** 4 * (1 + 4 * r)),
    "imq": ("imq", {"beta": Q(3), "c": Q(1)}, lambda r: (1 + r * r) ** -3.0),
}


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("name", ["laplace", "rbf", "wendland"])
def test_functions_and_their_errors(name, n):
    kernel, params, f = SAMPLED[name]
    k = np.logspace(-2, 4, 13)
    for function in (f, lambda r: float(f(r)) if np.ndim(r) == 0 else f(r)):
        value, error = of_function(function, n, k)
        with mp.workdps(DIGITS):
            truth = [witness.transform(kernel, params, n, mpf(float(x))) for x in k]
            assert all(abs(mpf(float(v)) - t) <= e for v, e, t in zip(value, error, truth, strict=True))
            assert max(error[k < 1e3]) < 1e-10 * max(truth)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("name", SAMPLED)
def test_tables_and_their_errors(name, n):
    kernel, params, f = SAMPLED[name]
    k = np.logspace(-2, 3, 21 if n < 8 else 6)
    with mp.workdps(DIGITS):
        truth = [witness.transform(kernel, params, n, mpf(float(x))) for x in k]
        for r in (np.linspace(0, 12, 300), np.linspace(0, 40, 1001), np.concatenate(([0], np.geomspace(1e-4, 60, 700)))):
            value, error = of_table(Table.of(r, f(r)), n, k)
            assert all(abs(mpf(float(v)) - t) <= e for v, e, t in zip(value, error, truth, strict=True))


def test_a_function_that_does_not_decay_is_refused():
    with pytest.raises(wg.InputError, match="does not decay"):
        wg.transform(lambda r: -r, 1.0, 2)


@pytest.mark.parametrize("kernel", [lambda r: np.exp(-r), Table.of(range(9), range(9))], ids=["function", "table"])
def test_no_certificates_for_them(kernel):
    for ask in (wg.certify, wg.spectrum):
        with pytest.raises(wg.InputError, match="no proof is possible"):
            ask(kernel)
