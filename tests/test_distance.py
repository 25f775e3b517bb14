"""Sliced sums and distances between samples, against closed forms and naive double sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.particles.distance import kernel_distance, sliced_wasserstein_2, wasserstein_1
from wgflow.dynamics.sums.sliced import Sliced
from wgflow.dynamics.sums.sorted import Sorted
from wgflow.dynamics.sums.sum_method import SumMethod
from wgflow.kernels.text import parse


class Naive(SumMethod):
    """All pairs; a value at 0 that is not finite counts nothing."""

    def __init__(self, function):
        self.function = function

    def matrix(self, x, y):
        r = np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))
        values = self.function(np.where(r > 0, r, 1.0))
        with np.errstate(divide="ignore"):
            at_zero = self.function(np.zeros(()))
        return np.where(r > 0, values, at_zero if np.isfinite(at_zero) else 0.0)

    def potential(self, points, sources, weights):
        return self.matrix(points, sources) @ weights

    def gradient(self, points, sources, weights):
        raise NotImplementedError

    def describe(self):
        return "all pairs"


def samples(seed, n, m, dim):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dim)), 0.5 + rng.normal(size=(m, dim)), rng.random(n), rng.random(m)


# --- the kernel's distance ----------------------------------------------------------------------------------------


@given(st.floats(-100, 100), st.floats(0, 20))
@settings(max_examples=40, deadline=None)
def test_two_point_masses(place, distance):
    x, y = np.array([[place]]), np.array([[place + distance]])
    apart = float(y[0, 0] - x[0, 0])
    result = kernel_distance(Sorted(parse("energy"), 1), x, y)
    assert result.squared == pytest.approx(2 * apart, abs=1e-12) and result.energy == pytest.approx(apart, abs=1e-12)
    laplace = kernel_distance(Sorted(parse("laplace"), 1), x, y)
    assert laplace.mmd**2 == pytest.approx(2 - 2 * np.exp(-apart), abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dim", [1, 3])
def test_both_estimators_by_double_sums(dim, weighted):
    x, y, wx, wy = samples(1, 12, 17, dim)
    method = Sorted(parse("laplace"), 1) if dim == 1 else Naive(lambda r: np.exp(-r))
    p, q = (wx / wx.sum(), wy / wy.sum()) if weighted else (np.full(12, 1 / 12), np.full(17, 1 / 17))
    e = Naive(lambda r: np.exp(-r)).matrix
    weights = (wx, wy) if weighted else (None, None)
    v = p @ e(x, x) @ p + q @ e(y, y) @ q - 2 * p @ e(x, y) @ q
    assert kernel_distance(method, x, y, *weights).squared == pytest.approx(v, abs=1e-13)
    off = [np.outer(w, w) * (1 - np.eye(len(w))) for w in (p, q)]
    u = (off[0] * e(x, x)).sum() / off[0].sum() + (off[1] * e(y, y)).sum() / off[1].sum() - 2 * p @ e(x, y) @ q
    result = kernel_distance(method, x, y, *weights, estimator="U")
    assert result.squared == pytest.approx(u, abs=1e-13) and result.estimator == "U"


def test_a_negative_estimate_has_mmd_zero():
    x = np.array([[0.0], [1.0], [2.0]])
    result = kernel_distance(Sorted(parse("laplace"), 1), x, x, estimator="U")
    assert result.squared < 0 and result.mmd == 0


def test_a_singular_kernel_leaves_its_diagonal_out():
    x, y, _, _ = samples(2, 5, 6, 2)
    method = Naive(lambda r: 1 / r)
    e = method.matrix
    u = e(x, x).sum() / 20 + e(y, y).sum() / 30 - 2 * e(x, y).mean()
    assert kernel_distance(method, x, y, estimator="U").squared == pytest.approx(u, rel=1e-13)


def test_the_same_sample_is_at_distance_zero():
    x, _, _, _ = samples(3, 400, 1, 1)
    assert abs(kernel_distance(Sorted(parse("energy"), 1), x, x[::-1]).squared) < 1e-15


@pytest.mark.parametrize(
    "call",
    [
        lambda m: kernel_distance(m, np.zeros((0, 1)), np.zeros((2, 1))),
        lambda m: kernel_distance(m, np.zeros((2, 1)), np.zeros((2, 1)), estimator="W"),
        lambda m: kernel_distance(m, np.zeros((1, 1)), np.zeros((2, 1)), estimator="U"),
        lambda m: kernel_distance(m, np.zeros((2, 1)), np.zeros((2, 1)), np.array([1.0, -1.0])),
        lambda m: kernel_distance(m, np.full((2, 1), np.nan), np.zeros((2, 1))),
        lambda m: wasserstein_1(np.zeros((2, 2)), np.zeros((2, 2))),
        lambda m: sliced_wasserstein_2(np.zeros((2, 2)), np.zeros((2, 3))),
    ],
)
def test_wrong_samples(call):
    with pytest.raises(InputError, match=r"sample|estimator|weights"):
        call(Sorted(parse("energy"), 1))


# --- Wasserstein --------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.floats(-20, 20))
@settings(max_examples=40, deadline=None)
def test_a_shift_costs_its_length(values, shift):
    x = np.array(values)[:, None]
    assert wasserstein_1(x, x + shift) == pytest.approx(abs(shift), abs=1e-12)
    assert sliced_wasserstein_2(x, x + shift).value == pytest.approx(abs(shift), abs=1e-7)


def test_whole_weights_are_repetitions():
    x, y, _, _ = samples(4, 7, 9, 1)
    a, b = np.array([1, 2, 3, 1, 0, 2, 5]), np.array([4, 1, 1, 1, 2, 0, 1, 3, 1])
    many_x, many_y = np.repeat(x, a, axis=0), np.repeat(y, b, axis=0)
    assert wasserstein_1(x, y, a, b) == pytest.approx(np.abs(np.sort(many_x[:, 0]) - np.sort(many_y[:, 0])).mean(), abs=1e-13)
    w2 = np.sqrt(((np.sort(many_x[:, 0]) - np.sort(many_y[:, 0])) ** 2).mean())
    assert sliced_wasserstein_2(x, y, wx=a, wy=b).value == pytest.approx(w2, abs=1e-13)
    longer = np.repeat(many_x, 2, axis=0)
    assert sliced_wasserstein_2(longer, many_y).value == pytest.approx(w2, abs=1e-13)


@pytest.mark.parametrize("dim", [2, 3, 16])
def test_sliced_shift(dim):
    """W_2^2 along theta is <theta, v>^2, which averages to |v|^2/n over orthogonal directions exactly."""
    x = np.random.default_rng(5).normal(size=(30, dim))
    shift = np.arange(1, dim + 1) / dim
    result = sliced_wasserstein_2(x, x + shift, directions=8 * dim)
    assert result.value == pytest.approx(np.linalg.norm(shift) / np.sqrt(dim), rel=1e-12) and result.error < 1e-7


# --- slicing ------------------------------------------------------------------------------------------------------

POWERS = {"energy": (lambda r: -r, lambda r: -1 / r), "r**3 - 2*energy": (lambda r: r**3 + 2 * r, lambda r: 3 * r + 2 / r)}


def naive_sums(text, x, s, w):
    value, slope_over_r = POWERS[text]
    d = x[:, None] - s[None]
    r = np.sqrt((d**2).sum(-1))
    over = np.where(r > 0, slope_over_r(np.where(r > 0, r, 1.0)), 0.0)
    return value(r) @ w, np.einsum("ij,ijk,j->ik", over, d, w)


@pytest.mark.parametrize("text", POWERS)
@pytest.mark.parametrize(("dim", "directions"), [(2, 400), (3, 600), (7, 700)])
def test_sliced_sums_are_within_their_estimated_error(text, dim, directions):
    x, y, _, _ = samples(6, 60, 80, dim)
    s, w = np.concatenate([x, y]), np.concatenate([np.full(60, 1 / 60), np.full(80, -1 / 80)])
    sums = Sliced(parse(text), dim, directions, seed=4)
    u, g = naive_sums(text, x, s, w)
    for result, exact in ((sums.potential(x, s, w), u), (sums.gradient(x, s, w), g)):
        error = np.sqrt(((result - exact) ** 2).sum() / len(x))
        assert 1e-9 < error < 3 * sums.error < np.sqrt((exact**2).sum() / len(x))


def test_more_directions_in_the_plane():
    """The error of the equispaced rule falls at least like 1/D."""
    x, _, _, _ = samples(7, 300, 1, 2)
    w = np.full(300, 1 / 300)
    _, exact = naive_sums("energy", x, x, w)
    errors = [np.abs(Sliced(parse("energy"), 2, count).gradient(x, x, w) - exact).max() for count in (32, 1024)]
    assert errors[1] < errors[0] / 16 and errors[1] < 2e-3


def test_random_directions_are_right_in_expectation():
    """Means over seeds agree with the exact sum within 4 of their standard errors."""
    x, _, _, _ = samples(8, 20, 1, 3)
    w = np.full(20, 1 / 20)
    _, exact = naive_sums("energy", x, x, w)
    results = np.array([Sliced(parse("energy"), 3, 8, seed).gradient(x, x, w) for seed in range(200)])
    assert (np.abs(results.mean(0) - exact) < 4 * results.std(0, ddof=1) / np.sqrt(200) + 1e-12).all()


def test_slices_are_repeatable_and_seeded():
    x, _, _, _ = samples(9, 50, 1, 4)
    w = np.ones(50)
    first, again, other = (Sliced(parse("energy"), 4, 32, seed).gradient(x, x, w) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_slices_of_nothing_and_of_one():
    sums = Sliced(parse("energy"), 2, 16)
    one, none = np.ones((1, 2)), np.zeros((0, 2))
    assert sums.gradient(one, one, np.ones(1)).tolist() == [[0.0, 0.0]] and sums.error == 0
    assert sums.gradient(none, one, np.ones(1)).shape == (0, 2) and sums.gradient(one, none, np.zeros(0)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(("text", "dim"), [("laplace", 2), ("rbf", 3), ("energy(1/2)", 2), ("coulomb", 2), ("energy", 1)])
def test_what_slicing_refuses(text, dim):
    with pytest.raises(InputError, match=r"slic|sort"):
        Sliced(parse(text), dim)
