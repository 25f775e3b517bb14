"""Direct sums against their naive twin: every algorithm, kernels of both signs, coincident points, extreme scales, threads."""

import mpmath as mp
import numba
import numpy as np
import pytest
from naive import KERNELS, naive_gradient, naive_potential, size_of_gradient

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.pairwise import Direct
from wgflow.kernels.text import parse

MIXED = "energy - 1/5*rbf(1/2) + 2*rbf(3)"


def cloud(n, points=21, sources=71, seed=0):
    """Points (more than a block of lanes), sources (more than a tile, no multiple of four) and weights of both signs."""
    rng = np.random.default_rng([seed, n])
    return rng.normal(size=(points, n)), rng.normal(size=(sources, n)), rng.normal(size=sources)


def error(text, found, x, s, w):
    """The largest error of a gradient over the largest sum of absolute values."""
    slope = KERNELS[text][1]
    return np.abs(found - naive_gradient(slope, x, s, w)).max() / size_of_gradient(slope, x, s, w)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 16, 40])
def test_gradient_in_every_dimension(n):
    x, s, w = cloud(n)
    x, s = x / np.sqrt(n), s / np.sqrt(n)  # else a Gaussian in 40 dimensions sees nothing
    assert error("rbf", Direct(parse("rbf"), n).gradient(x, s, w), x, s, w) < 2e-15


@pytest.mark.parametrize(
    "text",
    [
        "energy",
        pytest.param("laplace", marks=pytest.mark.long),
        pytest.param("rq(2)", marks=pytest.mark.long),
        "matern(6/5)",
        "riesz(1)",
        MIXED,
    ],
)
def test_gradient_and_potential_of_every_kind_of_kernel(text):
    x, s, w = cloud(2, points=17, sources=13)
    sums = Direct(parse(text), 2)
    tolerance = 1e-11 if text.startswith("matern") else 3e-15
    assert error(text, sums.gradient(x, s, w), x, s, w) < tolerance
    expected = naive_potential(KERNELS[text][0], x, s, w)
    np.testing.assert_allclose(sums.potential(x, s, w), expected, rtol=tolerance, atol=tolerance * np.abs(w).sum())


@pytest.mark.long
def test_mixture_in_many_dimensions():
    x, s, w = cloud(7)
    assert error(MIXED, Direct(parse(MIXED), 7).gradient(x, s, w), x, s, w) < 3e-15


def test_no_sources_one_source_no_points():
    sums = Direct(parse("rbf"), 2)
    x, s, w = cloud(2)
    assert not sums.gradient(x, s[:0], w[:0]).any() and sums.gradient(x, s[:0], w[:0]).shape == x.shape
    assert not sums.potential(x, s[:0], w[:0]).any() and sums.potential(x, s[:0], w[:0]).shape == (21,)
    assert sums.gradient(x[:0], s, w).shape == (0, 2) and sums.potential(x[:0], s, w).shape == (0,)
    assert error("rbf", sums.gradient(x[:1], s[:1], w[:1]), x[:1], s[:1], w[:1]) < 2e-15


@pytest.mark.parametrize("text", ["rbf", "energy", "riesz(1)"])
def test_coincident_points_contribute_nothing(text):
    sums, here = Direct(parse(text), 2), np.full((30, 2), 0.3)
    assert not sums.gradient(here, here, np.ones(30)).any()
    finite = 0.0 if text == "riesz(1)" else KERNELS[text][0](0.0)
    np.testing.assert_allclose(sums.potential(here, here, np.ones(30)), 30 * finite, rtol=1e-14)


@pytest.mark.parametrize("n", [2, 5])
def test_a_cloud_on_itself_with_equal_and_opposite_weights_is_at_rest(n):
    x, _, _ = cloud(n)
    found = Direct(parse("rbf"), n).gradient(x, np.concatenate([x, x]), np.repeat([1 / 21, -1 / 21], 21))
    assert np.abs(found).max() < 1e-16


@pytest.mark.parametrize("n", [2, 16])
def test_far_clusters_keep_their_digits(n):
    """Points a distance 1e-6 apart at 1e3 from the origin, where the Gram form |x|^2 + |s|^2 - 2 x.s has no digit left."""
    x, s, w = cloud(n)
    x, s = 1e3 + np.round(1e6 * x) / 2**40, 1e3 + np.round(1e6 * s) / 2**40  # differences are exact
    assert error("energy", Direct(parse("energy"), n).gradient(x, s, w), x, s, w) < 2e-15


@pytest.mark.parametrize("scale", [1e-120, 1e-30, 1e30, 1e120])
def test_extreme_scales(scale):
    x, s, w = cloud(2)
    found = Direct(parse("energy"), 2).gradient(scale * x, scale * s, w)
    assert error("energy", found, x, s, w) < 1e-14  # the direction alone
    assert np.isfinite(Direct(parse("rbf"), 2).gradient(scale * x, scale * s, w)).all()


def test_extended_precision_agrees():
    x, s, w = cloud(2, points=2, sources=5)
    with mp.workdps(40):
        expected = [
            [
                -mp.fsum(
                    mp.mpf(v) * (a - b) * mp.exp(-mp.fsum((mp.mpf(c) - d) ** 2 for c, d in zip(p, q, strict=True)) / 2)
                    for q, v, b in zip(s, w, s[:, k], strict=True)
                )
                for k, a in enumerate(map(mp.mpf, p))
            ]
            for p in x
        ]
    np.testing.assert_allclose(Direct(parse("rbf"), 2).gradient(x, s, w), np.array(expected, dtype=float), rtol=1e-14)


@pytest.mark.parametrize("n", [2, pytest.param(5, marks=pytest.mark.long)])
def test_single_precision_is_single_precision(n):
    x, s, w = cloud(n, points=40, sources=700)
    x, s = x + 100, s + 100  # centring restores the digits
    exact, single = Direct(parse("rbf"), n).gradient(x, s, w), Direct(parse("rbf"), n, single=True).gradient(x, s, w)
    size = size_of_gradient(KERNELS["rbf"][1], x[:5], s, w)
    assert 1e-12 < np.abs(single - exact).max() / size < 1e-6


def test_softening_replaces_the_squared_distance():
    x, s, w = cloud(2)
    found = Direct(parse("riesz(1)"), 2, softening=0.25).gradient(x, s, w)
    softened = naive_gradient(lambda q: -0.5 * (q + 0.0625) ** -1.5, x, s, w)
    np.testing.assert_allclose(found, softened, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("n", "points", "sources"), [(2, 1500, 1501), (5, 900, 901), (2, 3, 40_000)])
def test_threads_change_no_bit(n, points, sources):
    x, s, w = cloud(n, points, sources)
    sums, threads = Direct(parse("rbf"), n), numba.get_num_threads()
    found = []
    for count in {1, min(2, threads), threads}:
        numba.set_num_threads(count)
        found.append(sums.gradient(x, s, w))
    numba.set_num_threads(threads)
    assert all(np.array_equal(found[0], other) for other in found)
    assert error("rbf", found[0][:3], x[:3], s, w) < 2e-15


@pytest.mark.long
def test_threads_change_no_bit_of_potentials():
    x, s, w = cloud(5, 900, 901)
    sums, threads = Direct(parse("rbf"), 5), numba.get_num_threads()
    several = sums.potential(x, s, w)
    numba.set_num_threads(1)
    assert np.array_equal(several, sums.potential(x, s, w))
    numba.set_num_threads(threads)
    np.testing.assert_allclose(several[:3], naive_potential(KERNELS["rbf"][0], x[:3], s, w), rtol=0, atol=1e-13)


def test_arrays_of_any_layout_and_wrong_shapes():
    x, s, w = cloud(2)
    sums = Direct(parse("rbf"), 2)
    expected = sums.gradient(x, s, w)
    assert np.array_equal(sums.gradient(np.asfortranarray(x), s[:, ::-1][:, ::-1], np.repeat(w, 2)[::2]), expected)
    with pytest.raises(InputError, match="points have shape"):
        sums.gradient(x[:, :1], s, w)
    with pytest.raises(InputError, match="one for each of the 71 sources"):
        sums.gradient(x, s, w[:3])
    with pytest.raises(InputError, match="tophat"):
        Direct(parse("tophat"), 2).gradient(x, s, w)


def test_zero_kernel():
    x, s, w = cloud(2)
    assert not Direct(parse("rbf - rbf"), 2).gradient(x, s, w).any()
