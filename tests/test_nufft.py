"""Sums by the non-uniform FFT keep their tolerance: against naive pairs, image sums, and series term by term."""

from itertools import pairwise

import numba
import numpy as np
import pytest
import scipy.special

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums import lattice_sum
from wgflow.dynamics.sums.free_space import OutOfReach, step
from wgflow.dynamics.sums.lattice_sum import LatticeSum, blocks
from wgflow.dynamics.sums.nufft import Nufft, box_side
from wgflow.dynamics.sums.radial_sample import Radial
from wgflow.dynamics.sums.torus import Fourier
from wgflow.kernels.text import parse

TOLERANCES = (1e-4, 1e-8, 1e-12)


def gaussian(ell):
    """(e, (1/r) de/dr) as functions of r^2."""
    return lambda q: np.exp(-q / (2 * ell**2)), lambda q: -np.exp(-q / (2 * ell**2)) / ell**2


def powers(beta, c=1.0):
    return lambda q: (1 + q / c**2) ** -beta, lambda q: -2 * beta / c**2 * (1 + q / c**2) ** (-beta - 1)


def combined(*parts):
    return (
        lambda q: sum(a * value(q) for a, (value, _) in parts),
        lambda q: sum(a * slope(q) for a, (_, slope) in parts),
    )


def quartic(q):
    return np.exp(-(q**2))


FREE = {
    "rbf(0.5)": gaussian(0.5),
    "rbf(30)": gaussian(30.0),
    "imq": powers(0.5),
    "multiquadric": combined((-1, powers(-0.5))),
    "rbf - 0.2*rq(1, 1/2)": combined((1, gaussian(1.0)), (-0.2, powers(1.0, np.sqrt(0.5)))),
    "rbf+rbf(2)+rbf(4)+rbf(8)+rbf(16)": combined(*((1, gaussian(2.0**i)) for i in range(5))),
    "exp(-r**4)": (quartic, lambda q: -4 * q * quartic(q)),
}


def naive(kernel, points, sources, weights):
    """Returns (gradient, potential, and the largest sums of absolute values of either)."""
    value, slope = kernel
    z = points[:, None] - sources
    q = (z**2).sum(axis=2)
    pulls = slope(q)[..., None] * z
    sizes = (np.linalg.norm(pulls, axis=2) @ np.abs(weights)).max(), (np.abs(value(q)) @ np.abs(weights)).max()
    return np.einsum("j,ija->ia", weights, pulls), value(q) @ weights, *sizes


def particles(n, points=60, sources=300, seed=3):
    rng = np.random.default_rng(seed)
    s, w = rng.normal(size=(sources, n)), rng.normal(size=sources)
    return np.concatenate((s[: points // 2], rng.normal(size=(points - points // 2, n)))), s, w


@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("text", FREE)
@pytest.mark.parametrize("n", [1, 2])
def test_whole_space_keeps_the_tolerance(text, n, tolerance):
    x, s, w = particles(n)
    sums = Nufft(parse(text), n, tolerance)
    g, u, g_size, u_size = naive(FREE[text], x, s, w)
    assert np.abs(sums.gradient(x, s, w) - g).max() <= tolerance * g_size
    assert np.abs(sums.potential(x, s, w) - u).max() <= tolerance * u_size


@pytest.mark.parametrize("text", ["rbf(0.5)", "imq"])
def test_three_dimensions(text):
    x, s, w = particles(3)
    sums = Nufft(parse(text), 3, 1e-5)
    g, u, g_size, u_size = naive(FREE[text], x, s, w)
    assert np.abs(sums.gradient(x, s, w) - g).max() <= 1e-5 * g_size
    assert np.abs(sums.potential(x, s, w) - u).max() <= 1e-5 * u_size


def test_softened_energy_and_matern():
    x, s, w = particles(2)
    h = 0.3
    soft = lambda q: -np.sqrt(q + h**2), lambda q: -1 / np.sqrt(q + h**2)
    a = np.sqrt(9.0)  # matern 9/2 at its unit scale, by its Bessel function
    scale = 2 ** (1 - 4.5) / scipy.special.gamma(4.5)
    matern = (
        lambda q: scale * (a * np.sqrt(q)) ** 4.5 * scipy.special.kv(4.5, a * np.sqrt(q)),
        lambda q: -scale * a**2 * (a * np.sqrt(q)) ** 3.5 * scipy.special.kv(3.5, a * np.sqrt(q)),
    )
    away = x + 0.01 * np.sign(x)  # the naive formula has 0 * infinity at r = 0
    for sums, kernel, at in ((Nufft(parse("energy"), 2, 1e-8, h), soft, x), (Nufft(parse("matern(9/2)"), 2, 1e-6), matern, away)):
        g, u, g_size, u_size = naive(kernel, at, s, w)
        assert np.abs(sums.gradient(at, s, w) - g).max() <= sums.tolerance * g_size
        assert np.abs(sums.potential(at, s, w) - u).max() <= sums.tolerance * u_size


def test_clusters_outliers_and_shifts():
    """Two tight clusters, an outlier and a far-off origin: the box follows."""
    rng = np.random.default_rng(5)
    s = np.concatenate((rng.normal(size=(100, 2)) * 0.05, 3 + 0.05 * rng.normal(size=(100, 2)), [[9.0, -4.0]]))
    s += np.array([1000.0, -2000.0])
    w = np.concatenate((np.full(100, 0.01), np.full(100, -0.01), [0.5]))
    sums = Nufft(parse("rbf(0.5)"), 2, 1e-8)
    g, _, size, _ = naive(FREE["rbf(0.5)"], s, s, w)
    assert np.abs(sums.gradient(s, s, w) - g).max() <= 1e-8 * size


def test_the_box_is_a_function_of_the_state():
    x, s, w = particles(2)
    sums, fresh = Nufft(parse("imq"), 2, 1e-6), Nufft(parse("imq"), 2, 1e-6)
    for factor in (0.5, 3.0, 1.0, 7.0, 2.0, 5.0):  # other boxes before it change nothing
        sums.gradient(factor * x, factor * s, w)
    assert np.array_equal(sums.gradient(x, s, w), fresh.gradient(x, s, w))
    assert [box_side(side) for side in (0.25, 1.0, 1.5, 2.0)] == [0.25, 1.0, 2**0.75, 2.0]


def image_sum(ell, period, points, sources, weights, reach=6):
    """The periodized Gaussian without its mean: (gradient, potential)."""
    value, slope = gaussian(ell)
    n = points.shape[1]
    shifts = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * n, indexing="ij"), -1).reshape(-1, n) * period
    g, u = np.zeros(points.shape), np.zeros(len(points))
    for shift in shifts:
        more = naive((value, slope), points, sources + shift, weights)
        g, u = g + more[0], u + more[1]
    return g, u - weights.sum() * (np.sqrt(2 * np.pi) * ell / period) ** n


@pytest.mark.parametrize("tolerance", TOLERANCES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_torus_against_images(n, tolerance):
    rng = np.random.default_rng(n)
    x, s, w = rng.uniform(-3, 5, (30, n)), rng.uniform(0, 2, (100, n)), rng.normal(size=100)
    sums = Fourier(parse("rbf(0.3)"), n, 2.0, tolerance)
    g, u = image_sum(0.3, 2.0, x, s, w, reach=4)
    mass = np.abs(w).sum()
    assert np.abs(sums.gradient(x, s, w) - g).max() <= tolerance * mass * sums.error_unit.gradient
    assert np.abs(sums.potential(x, s, w) - u).max() <= tolerance * mass * sums.error_unit.potential


def test_the_unit_of_the_torus_error_is_no_larger_than_the_promised_one():
    rng = np.random.default_rng(8)
    s, w = rng.uniform(0, 2, (400, 2)), rng.normal(size=400)
    _, slope = gaussian(0.2)
    shifts = [np.array([i, j]) * 2.0 for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2)]
    z = s[:50, None] - s
    periodic = sum(slope(((z + shift) ** 2).sum(2))[..., None] * (z + shift) for shift in shifts)
    largest = (np.linalg.norm(periodic, axis=2) @ np.abs(w)).max()
    unit = Fourier(parse("rbf(0.2)"), 2, 2.0).error_unit.gradient * np.abs(w).sum()
    assert 0.1 * largest < unit <= largest


@pytest.mark.parametrize(
    ("text", "n", "transform"),
    [
        ("energy", 2, lambda k: 2 * np.pi * k**-3.0),
        ("coulomb", 3, lambda k: 4 * np.pi * k**-2.0),
        ("laplace(1/2) - 0.1*energy", 2, lambda k: 2 * np.pi * 0.25 * (1 + k**2 / 4) ** -1.5 - 0.1 * 2 * np.pi * k**-3.0),
        ("tophat", 2, lambda k: 2 * np.pi / k * scipy.special.j1(k)),
    ],
)
def test_smoothed_kernels_on_the_torus_term_by_term(text, n, transform):
    """Against the series of the smoothed transform, summed mode by mode with more modes."""
    period, width, tolerance = 2.0, 0.15, 1e-7
    rng = np.random.default_rng(11)
    x, s, w = rng.uniform(0, period, (8, n)), rng.uniform(0, period, (40, n)), rng.normal(size=40)
    sums = Fourier(parse(text), n, period, tolerance, smoothing=width)
    m = np.arange(-18, 19.0)
    xi = np.pi * np.stack(np.meshgrid(*[m] * n, indexing="ij"), -1).reshape(-1, n)
    xi = xi[np.abs(xi).sum(1) > 0]
    k = np.linalg.norm(xi, axis=1)
    size = transform(k) * np.exp(-((width * k) ** 2) / 2) / period**n
    waves = np.exp(1j * x @ xi.T) * (size * (np.exp(-1j * s @ xi.T).T @ w))
    mass = np.abs(w).sum()
    assert np.abs(sums.potential(x, s, w) - waves.sum(1).real).max() <= tolerance * mass * np.abs(size).max()
    assert np.abs(sums.gradient(x, s, w) - (waves @ (1j * xi)).real).max() <= tolerance * mass * np.abs(k * size).max()


def test_expressions_on_the_torus():
    rng = np.random.default_rng(2)
    x, s, w = rng.uniform(0, 6, (20, 1)), rng.uniform(0, 6, (50, 1)), rng.normal(size=50)
    z = x - s.T
    exact = sum(-4 * (z + 6.0 * i) ** 3 * np.exp(-((z + 6.0 * i) ** 4)) for i in range(-2, 3)) @ w
    sums = Fourier(parse("exp(-r**4)"), 1, 6.0, 1e-10)
    assert np.abs(sums.gradient(x, s, w)[:, 0] - exact).max() <= 1e-10 * np.abs(w).sum() * sums.error_unit.gradient


@pytest.mark.parametrize("sums", [Fourier(parse("rbf(0.5)"), 2, 4.0), Nufft(parse("rbf(0.5)"), 2)], ids=["torus", "space"])
def test_edge_cases(sums):
    rng = np.random.default_rng(1)
    x, none = rng.normal(size=(5, 2)), np.zeros((0, 2))
    assert np.array_equal(sums.gradient(x, none, np.zeros(0)), np.zeros((5, 2)))
    assert np.array_equal(sums.potential(x, none, np.zeros(0)), np.zeros(5))
    assert sums.gradient(none, x, np.ones(5)).shape == (0, 2) and sums.potential(none, x, np.ones(5)).shape == (0,)
    one, twins = x[:1], np.concatenate((x[:1], x[:1]))
    assert np.abs(sums.gradient(one, one, np.ones(1))).max() < 1e-9
    assert np.abs(sums.gradient(twins, twins, np.ones(2))).max() < 1e-9
    both, signs = np.concatenate((x, x)), np.concatenate((np.ones(5), -np.ones(5)))  # p = q
    assert np.abs(sums.gradient(x, both, signs)).max() < 1e-9
    broken = x.copy()
    broken[2, 0] = np.nan
    for points, sources in ((broken, x), (x, broken)):
        assert np.isnan(sums.gradient(points, sources, np.ones(5))).all()
        assert np.isnan(sums.potential(points, sources, np.ones(5))).all()


def test_self_terms_of_the_potential():
    x = np.zeros((3, 2))
    assert Nufft(parse("2*rbf"), 2).potential(x, x, np.ones(3)).tolist() == [6.0] * 3


def test_blocks_depend_on_counts_alone_and_cover():
    for count in (1, 16383, 16384, 40_000, 10**6, 10**8):
        for modes in (10, 10**5, 10**7):
            found = blocks(count, modes)
            assert found[0][0] == 0 and found[-1][1] == count and len(found) <= lattice_sum.MOST_BLOCKS
            assert all(a[1] == b[0] for a, b in pairwise(found))


@pytest.mark.parametrize("n", [1, 2])
def test_threads_do_not_matter(n):
    rng = np.random.default_rng(4)
    x, w = rng.normal(size=(40_000, n)), rng.normal(size=40_000)
    before = numba.get_num_threads()
    found = []
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        found.append(Nufft(parse("rbf(0.5)"), n, 1e-6).gradient(x, x, w))
    numba.set_num_threads(before)
    assert np.array_equal(*found)


def test_modes_of_blocks_at_rest_are_used_again_with_the_same_bits():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(20_000, 1)), rng.normal(size=(60_000, 1))
    w = np.concatenate((np.ones(20_000), -np.ones(60_000)))
    sums = LatticeSum(np.ones(21), 10.0, 1e-6)
    calls = []
    plain = sums._forward
    sums._forward = lambda *a, **k: calls.append(1) or plain(*a, **k)
    first = sums.modes(np.concatenate((x, y)), w)
    again = sums.modes(np.concatenate((x, y)), w)
    assert np.array_equal(first, again) and len(calls) == 4
    moved = sums.modes(np.concatenate((x + 0.1, y)), w)
    assert len(calls) == 5 and np.array_equal(moved, LatticeSum(np.ones(21), 10.0, 1e-6).modes(np.concatenate((x + 0.1, y)), w))


def test_axes_are_not_confused():
    """A lattice sum whose coefficients differ along the axes."""
    rng = np.random.default_rng(9)
    c = np.zeros((5, 5))
    c[2, 2 + 1] = c[2, 2 - 1] = 0.5  # cos of the second coordinate
    x, s = rng.uniform(0, 2 * np.pi, (7, 2)), rng.uniform(0, 2 * np.pi, (9, 2))
    sums = LatticeSum(c, 2 * np.pi, 1e-12)
    g = sums.gradient(x, sums.modes(s, np.ones(9)))
    assert np.abs(g[:, 0]).max() < 1e-10 and np.abs(g[:, 1] + np.sin(x[:, 1:] - s[:, 1]).sum(1)).max() < 1e-10


def test_the_step_is_smooth_and_odd_about_its_middle():
    t = np.linspace(0, 1, 2001)
    for sharpness in (10.0, 40.0):
        f = step(t, sharpness)
        assert np.all(np.diff(f) <= 0) and np.abs(f + f[::-1] - 1).max() < 1e-14 and f[0] == 1 and abs(f[-1]) < 1e-14


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Fourier(parse("laplace"), 2, 1.0), "--softening"),
        (lambda: Fourier(parse("matern(5/2, 0.5)"), 2, 6.28), "--accuracy"),
        (lambda: Fourier(parse("rbf"), 4, 1.0), "--method direct"),
        (lambda: Fourier(parse("rbf"), 2, 1.0, 1e-15), "--accuracy 1e-9"),
        (lambda: Fourier(parse("rbf"), 2, 0.0), "--period"),
        (lambda: Fourier(parse("rbf"), 2, 1.0, smoothing=-1.0), "--softening"),
        (lambda: Nufft(parse("rbf"), 2, softening=-1.0), "--softening"),
        (lambda: Nufft(parse("laplace"), 2).gradient(*particles(2)), "--method direct"),
        (lambda: Nufft(parse("log"), 2).gradient(*particles(2)), "--method direct"),
        (lambda: Nufft(parse("rbf(1e-5)"), 2).gradient(*particles(2)), "--accuracy"),
    ],
)
def test_refusals_say_what_to_type(make, words):
    with pytest.raises(InputError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_what_a_refusal_says_to_type_works():
    with pytest.raises(InputError) as caught:
        Fourier(parse("matern(5/2, 1/2)"), 2, 6.28, 1e-9)
    words = str(caught.value).split()
    accuracy, width = (float(words[words.index(name) + 1].strip(".")) for name in ("--accuracy", "--softening"))
    Fourier(parse("matern(5/2, 1/2)"), 2, 6.28, accuracy)
    Fourier(parse("matern(5/2, 1/2)"), 2, 6.28, 1e-9, width)


def test_out_of_reach_can_be_told_apart():
    with pytest.raises(OutOfReach):
        Nufft(parse("laplace"), 2).seconds(10, 10, 1.0)


def test_cost_grows_with_the_work_and_hopeless_series_are_not_made():
    sums = Nufft(parse("rbf(0.5)"), 2, 1e-6)
    costs = [sums.seconds(count, 2 * count, 8.0) for count in (10, 10**4, 10**6)]
    assert 0 < costs[0] < costs[1] < costs[2] / 50
    assert sums.seconds(10, 10, 0.0) == 0.0


def test_slopes_of_radial_samples():
    r = Radial(parse("rbf - 0.2*exp(-r**4)"), 2, 0.1)
    z = np.array([[0.3, 0.4], [0.0, 0.0], [1.0, -1.0]])
    h = 1e-6
    for axis in range(2):
        shift = np.zeros(2)
        shift[axis] = h
        difference = (r.value(((z + shift) ** 2).sum(1)) - r.value(((z - shift) ** 2).sum(1))) / (2 * h)
        assert np.allclose(r.gradient(z)[:, axis], difference, atol=1e-9)
