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
