"""The automatic choice of a sum: every method that is chosen agrees with the naive twin to its accuracy."""

import numpy as np
import pytest

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.choice import SumRequest, choose_sums
from wgflow.kernels.text import parse


def naive(kernel, x, s, w, softening=0.0):
    """The gradient by central differences of the potential's pairs in long double-free float64: (P, n), good to 1e-8."""

    def values(points):
        r = np.sqrt(((points[:, None] - s) ** 2).sum(axis=2) + softening**2)
        return parse(kernel)(r, dim=x.shape[1]) @ w

    step = 1e-6 * np.eye(x.shape[1])
    return np.stack([(values(x + h) - values(x - h)) / 2e-6 for h in step], axis=1)


CASES = [  # kernel, n, N, what is taken
    ("energy", 1, 900, "sorted"),
    ("laplace + energy", 1, 900, "sorted"),
    ("rbf", 1, 2500, "nufft"),
    ("rbf - 0.5*rbf(1/2)", 2, 2500, "nufft"),
    ("rbf", 2, 100, "direct"),
    ("energy", 2, 1200, "direct"),
    ("rbf", 5, 1200, "direct"),
]


@pytest.mark.parametrize("kernel, n, count, name", CASES)
def test_the_choice_is_right_and_accurate(kernel, n, count, name):
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(count, n)), rng.normal(size=count) / count
    choice = choose_sums(SumRequest(parse(kernel), n, None, count, count, float(np.ptp(x, axis=0).max())))
    assert choice.name == name
    points = x[:40] + 0.01  # off the sources: a difference quotient does not see a kink
    scale = np.abs(w).sum()
    assert np.abs(choice.method.gradient(points, x, w) - naive(kernel, points, x, w)).max() < 1e-7 * scale
    expected = parse(kernel)(np.sqrt(((points[:, None] - x) ** 2).sum(axis=2)), dim=n) @ w
    assert np.abs(choice.method.potential(points, x, w) - expected).max() < 1e-8 * scale


def test_particles_that_outgrow_a_series_are_summed_directly():
    x = np.random.default_rng(2).normal(size=(2500, 2))
    w = np.full(2500, 1 / 2500)
    choice = choose_sums(SumRequest(parse("rbf"), 2, None, 2500, 2500, 8.0))
    far = np.concatenate([x, [[1e7, 0.0]]])
    found = choice.method.gradient(x, far, np.append(w, 1e-9))
    assert choice.name == "nufft" and np.abs(found - naive("rbf", x, x, w)).max() < 1e-7


def test_softening_reaches_every_method():
    x = np.random.default_rng(3).normal(size=(1500, 2))
    w = np.full(1500, 1 / 1500)
    for name in ("direct", "nufft"):
        choice = choose_sums(SumRequest(parse("log"), 2, None, 1500, 1500, 8.0, softening=0.5), name)
        assert np.abs(choice.method.gradient(x, x, w) - naive("log", x, x, w, 0.5)).max() < 1e-7


@pytest.mark.parametrize(
    "kernel, n, period", [("log", 2, None), ("riesz(1/2)", 1, None), ("elastic", 2, 6.0), ("energy(1/2)", 3, None)]
)
def test_unbounded_forces_ask_for_a_regularization(kernel, n, period):
    with pytest.raises(InputError, match="--softening"):
        choose_sums(SumRequest(parse(kernel), n, period, 10, 10, 1.0))
    if period is None:
        choose_sums(SumRequest(parse(kernel), n, period, 10, 10, 1.0, exclude_self=True))


def test_float32_is_direct_and_a_torus_has_at_most_three_dimensions():
    for n in (1, 2):
        assert choose_sums(SumRequest(parse("rbf"), n, None, 3000, 3000, 8.0, single=True)).name == "direct"
    with pytest.raises(InputError, match="leave out --period"):
        choose_sums(SumRequest(parse("rbf"), 4, 6.0, 10, 10, 1.0))


def test_a_series_is_found_for_every_box_of_a_smooth_kernel():
    """Between 1.5 and 2.2 lengths of rbf the transforms of the best box were once less accurate than their share."""
    rng = np.random.default_rng(4)
    for side in (0.5, 1.5, 2.0, 2.2, 3.0, 10.0):
        x, w = rng.uniform(0, side, (300, 2)), np.full(300, 1 / 300)
        choice = choose_sums(SumRequest(parse("rbf"), 2, None, 300, 300, side), "nufft")
        r2 = ((x[:, None] - x) ** 2).sum(axis=2, keepdims=True)
        pairs = -(x[:, None] - x) * np.exp(-r2 / 2) / 300
        scale = np.linalg.norm(pairs, axis=2).sum(axis=1).max()
        assert np.abs(choice.method.gradient(x, x, w) - pairs.sum(axis=1)).max() <= 1e-9 * scale
