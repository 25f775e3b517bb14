"""Sums by sorting, against naive sums of the kernel's own formula and against Fourier series on the circle."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.order import Order
from wgflow.dynamics.sums.sorted import Sorted, sortable
from wgflow.kernels.text import parse

# Every entry: a kernel, and its slope as a function of r typed by hand (the values come from the kernel itself).
LINE = {
    "energy": lambda r: -np.ones_like(r),
    "coulomb": lambda r: -np.ones_like(r),
    "laplace(1/2)": lambda r: -2 * np.exp(-2 * r),
    "matern(3/2)": lambda r: -3 * r * np.exp(-np.sqrt(3) * r),
    "matern(5/2, 2)": lambda r: -5 / 12 * r * (1 + np.sqrt(5) * r / 2) * np.exp(-np.sqrt(5) * r / 2),
    "yukawa(2)": lambda r: -np.exp(-r / 2) / 2,
    "r*exp(-2*r)": lambda r: (1 - 2 * r) * np.exp(-2 * r),
    "exp(-r)*(1+r) - 1/5*laplace(1/3)": lambda r: -r * np.exp(-r) + 3 / 5 * np.exp(-3 * r),
    "r**3 - 2*energy": lambda r: 3 * r**2 + 2,
    "(1+exp(-r))**2": lambda r: -2 * (1 + np.exp(-r)) * np.exp(-r),
    "wendland(0, 2)": lambda r: -np.maximum(1 - r / 2, 0),
    "wendland(1, 1/2)": lambda r: -40 * (2 * r) * np.maximum(1 - 2 * r, 0) ** 3,
    "wendland(2, 3) - laplace(1/2)": lambda r: (
        -56 / 9 * (r / 3) * (1 + 5 * r / 3) * np.maximum(1 - r / 3, 0) ** 5 + 2 * np.exp(-2 * r)
    ),
    "r**(3/2)*besselk(3/2, r)": lambda r: -np.sqrt(np.pi / 2) * r * np.exp(-r),
}


def naive(text, x, s, w):
    """(potential, gradient, and their sizes with absolute values summed), by all pairs."""
    d = x - s.T
    r = np.abs(d)
    values = parse(text)(np.where(r > 0, r, 1e-100), 1)
    slopes = np.sign(d) * LINE[text](r)
    size = np.abs(w)
    return values @ w, slopes @ w, (np.abs(values) @ size).max(initial=0), (np.abs(slopes) @ size).max(initial=0)


def assert_exact(text, x, s, w):
    sums = Sorted(parse(text), 1)
    tolerance = 1e-13 if "wendland(2" in text else 2e-14  # the powers up to r^8 of that one cancel by a digit
    u, g, u_size, g_size = naive(text, x, s, w)
    np.testing.assert_allclose(sums.potential(x, s, w), u, rtol=0, atol=tolerance * u_size)
    gradient = sums.gradient(x, s, w)
    assert gradient.shape == (len(x), 1)
    np.testing.assert_allclose(gradient[:, 0], g, rtol=0, atol=tolerance * g_size)


def particles(seed, n, m, digits=None, offset=0.0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 1)), 0.3 + rng.normal(size=(m, 1))
    if digits is not None:
        x, y = np.round(x, digits), np.round(y, digits)
    w = np.concatenate([rng.random(n) / n, -rng.random(m) / m])
    return x + offset, np.concatenate([x, y]) + offset, w


@pytest.mark.parametrize("text", LINE)
def test_all_pairs(text):
    assert_exact(text, *particles(1, 300, 500))
    assert_exact(text, *particles(2, 40, 70, digits=1))  # ties
    x, s, w = particles(3, 60, 30)
    assert_exact(text, x[::-1], s, w)  # points that are not the first of the sources
    assert_exact(text, x, s[-1:], w[-1:])
    assert_exact(text, *particles(4, 30, 30, offset=1e6))


@pytest.mark.parametrize("text", ["energy", "laplace(1/2)", "matern(5/2, 2)"])
def test_many_blocks(text):
    x, s, w = particles(5, 1200, 1500)
    assert_exact(text, x, s, w)
    some = x[:1], x[600:620]
    for points in some:
        assert_exact(text, points, s, w)


def test_a_hundred_thousand_particles():
    x, s, w = particles(6, 100_000, 100_000)
    for text in ("energy", "matern(3/2)"):
        sums = Sorted(parse(text), 1)
        chosen = np.arange(0, 100_000, 5000)
        u, g, u_size, g_size = naive(text, x[chosen], s, w)
        np.testing.assert_allclose(sums.potential(x, s, w)[chosen], u, rtol=0, atol=1e-13 * u_size)
        np.testing.assert_allclose(sums.gradient(x, s, w)[chosen, 0], g, rtol=0, atol=1e-13 * g_size)


@pytest.mark.parametrize("text", ["energy", "laplace(1/2)", "r*exp(-2*r)"])
def test_p_equal_to_q_gives_nothing(text):
    x = np.random.default_rng(7).normal(size=(5000, 1))
    w = np.repeat([1 / 5000, -1 / 5000], 5000)
    s = np.concatenate([x, x[::-1]])
    sums = Sorted(parse(text), 1)
    assert np.abs(sums.gradient(x, s, w)).max() < 1e-17
    assert np.abs(sums.potential(x, s, w)).max() < 1e-15


def test_wide_scales_and_gaps():
    """Clusters that are so far apart that a decay underflows, and one of width 1e-9 about an offset of 1."""
    rng = np.random.default_rng(8)
    centres = np.array([0.0, 1.0, 1e3, 1e6, 1e12])
    x = (centres + rng.normal(size=(20, 5)) * np.array([1e-3, 1e-9, 1, 10, 1])).reshape(-1, 1)
    for text in ("laplace(1/2)", "matern(5/2, 2)", "energy"):
        assert_exact(text, x, x, rng.normal(size=100))
        assert_exact(text, x[1::5], x[1::5], rng.normal(size=20))


def test_no_sources_one_particle_no_points():
    sums, none = Sorted(parse("laplace - energy"), 1), np.zeros((0, 1))
    one, two = np.array([[2.0]]), np.array([[0.0], [1.0]])
    assert sums.gradient(two, none, np.zeros(0)).tolist() == [[0.0], [0.0]]
    assert sums.potential(none, two, np.ones(2)).shape == (0,) and sums.gradient(none, two, np.ones(2)).shape == (0, 1)
    assert sums.gradient(one, one, np.ones(1)).tolist() == [[0.0]] and sums.potential(one, one, np.ones(1)).tolist() == [1.0]


def test_what_was_remembered_changes_nothing():
    """The second call starts from the order of the first; every bit is that of a fresh sum, ties included."""
    x, s, w = particles(9, 2000, 2000, digits=2)
    used = Sorted(parse("energy + laplace"), 1)
    for shift in (0.0, 1e-3, 0.5):
        moved = np.round(x + shift * np.sin(3 * x), 2)
        sources = np.concatenate([moved, s[2000:]])
        fresh = Sorted(parse("energy + laplace"), 1)
        assert np.array_equal(used.gradient(moved, sources, w), fresh.gradient(moved, sources, w))
        assert np.array_equal(used.potential(moved, sources, w), fresh.potential(moved, sources, w))


def test_results_do_not_depend_on_threads():
    import numba

    x, s, w = particles(10, 4000, 4000)
    sums, results, most = Sorted(parse("matern(3/2)"), 1), [], numba.get_num_threads()
    for threads in {1, most}:
        numba.set_num_threads(threads)
        results.append(sums.gradient(x, s, w))
    numba.set_num_threads(most)
    assert all(np.array_equal(results[0], result) for result in results)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.sampled_from([1, 1e-6, 1e6]))
@settings(max_examples=60, deadline=None)
def test_order_is_that_of_value_and_index(values, scale):
    array = np.repeat(np.array(values) * scale, 8)
    order = Order()
    for step in (array, array + 1e-9, -array):
        assert order.of(step).tolist() == sorted(range(array.size), key=lambda i: (step[i], i))


def test_order_of_many_with_an_outlier():
    values = np.random.default_rng(11).normal(size=20_000)
    values[7] = 1e9  # all others share one key of the radix sort
    assert np.array_equal(Order().of(values), np.argsort(values, kind="stable"))


@given(st.floats(-50, 50), st.floats(1e-6, 30), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_two_piles_attract_as_they_should(place, distance, many, few):
    """Two piles of coincident particles: the energy gradient is the weight on one side less that on the other."""
    x = np.array([[place]] * many + [[place + distance]] * few)
    w = np.arange(1, many + few + 1) / 16
    gradient = Sorted(parse("energy"), 1).gradient(x, x, w)[:, 0]
    left, right = w[:many].sum(), w[many:].sum()
    assert gradient.tolist() == [right] * many + [-left] * few


# --- the circle ---------------------------------------------------------------------------------------------------


def circle_reference(transform, period, x, s, w, modes):
    """(potential, gradient) from the Fourier series sum over m != 0 of F(k)/L cos(k d), k = 2 pi m/L."""
    k = 2 * np.pi * np.arange(1, modes + 1) / period
    coefficients = 2 * transform(k) / period
    source = np.exp(-1j * np.outer(k, s)) @ w
    wave = np.exp(1j * np.outer(x, k)) * source * coefficients
    return wave.real.sum(1), (1j * k * wave).real.sum(1)


@pytest.mark.parametrize("period", [0.5, 6.283185307179586, 100.0])
@pytest.mark.parametrize("length", [0.3, 2.0, 50.0])
def test_matern_on_a_circle(period, length):
    """nu = 7/2: F = 2 sqrt(pi) Gamma(4)/Gamma(7/2) 7^{7/2}/l^7 (7/l^2 + k^2)^-4 in one dimension; decays like k^-8."""
    x, s, w = particles(12, 30, 40)
    constant = 2 * np.sqrt(np.pi) * 6 / (15 * np.sqrt(np.pi) / 8) * 7**3.5 / length**7
    modes = int(1500 + 150 * period / length)
    u, g = circle_reference(lambda k: constant / (7 / length**2 + k**2) ** 4, period, x[:, 0], s[:, 0], w, modes)
    sums = Sorted(parse(f"matern(7/2, {length})"), 1, period)
    np.testing.assert_allclose(sums.potential(x, s, w), u, rtol=0, atol=1e-11 * np.abs(u).max())
    np.testing.assert_allclose(sums.gradient(x, s, w)[:, 0], g, rtol=0, atol=1e-11 * np.abs(g).max())


@pytest.mark.parametrize("radius", [0.3, 1.0, 1.4, 4.5])
def test_wendland_on_a_circle_by_its_images(radius):
    x, s, w = particles(15, 30, 40)
    period = 1.5
    r = np.abs((x - s.T) % period + period * np.arange(-5, 5)[:, None, None])
    u = (np.maximum(1 - r / radius, 0) ** 4 * (1 + 4 * r / radius)).sum(0) @ w
    mean = 2 * radius * (1 / 5 + 4 / 30) / period
    sums = Sorted(parse(f"wendland(1, {radius})"), 1, period)
    np.testing.assert_allclose(sums.potential(x, s, w), u - mean * w.sum(), rtol=0, atol=1e-13)
    step = 1e-6
    up, down = sums.potential(x + step, s, w), sums.potential(x - step, s, w)
    np.testing.assert_allclose(sums.gradient(x, s, w)[:, 0], (up - down) / (2 * step), rtol=0, atol=1e-8)


@pytest.mark.parametrize("length", [0.2, 3.0])
def test_laplace_on_a_circle_by_its_images(length):
    x, s, w = particles(13, 30, 40)
    period = 1.5
    d = (x - s.T) % period
    images = np.arange(-4000, 4001)[:, None, None] * period
    u, g = np.zeros(30), np.zeros(30)
    for part in np.array_split(images, 200):
        z = d + part
        u += (np.exp(-np.abs(z) / length).sum(0)) @ w
        g += (np.where(d == 0, 0, -np.sign(z) / length) * np.exp(-np.abs(z) / length)).sum(0) @ w
    sums = Sorted(parse(f"laplace({length})"), 1, period)
    np.testing.assert_allclose(sums.potential(x, s, w), u - 2 * length / period * w.sum(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(sums.gradient(x, s, w)[:, 0], g, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("text", "power"), [("energy", 1), ("coulomb", 1), ("-r", 1), ("r**3", 3), ("r**5 - r**2", 5)])
def test_powers_on_a_circle_by_polylogarithms(text, power):
    """F(|x|^p) = 2 cos(pi (p+1)/2) p! / k^{p+1} for odd p; the series of 1/m^q is a polylogarithm."""
    period, place = 3.0, [0.0, 0.1, 1.4, 1.5, 2.999]
    sign = -1 if power == 1 else 1
    constant = sign * 2 * (-1) ** ((power + 1) // 2) * mpmath.factorial(power)
    unit = mpmath.mpf(period) / (2 * mpmath.pi)
    for d in place:
        wave = mpmath.exp(2j * mpmath.pi * mpmath.mpf(d) / period)
        u = 2 * constant / period * unit ** (power + 1) * mpmath.re(mpmath.polylog(power + 1, wave))
        # at d = 0 the self term is excluded from the gradient
        g = 0 if d == 0 else -2 * constant / period * unit**power * mpmath.im(mpmath.polylog(power, wave))
        sums = Sorted(parse(text), 1, period)
        point, source = np.array([[d - 7 * period]]), np.array([[0.0]])
        assert abs(sums.potential(point, source, np.ones(1))[0] - u) < 1e-13 * period**power
        assert abs(sums.gradient(point, source, np.ones(1))[0, 0] - g) < (1e-13 if d else 1e-300) * period**power


def test_the_end_of_the_period_is_its_beginning():
    sums = Sorted(parse("energy - 1/5*laplace"), 1, 2.0)
    x, w = np.array([[0.0], [-1e-18], [2.0], [1.0]]), np.array([1.0, 2.0, 3.0, 4.0])
    gradient = sums.gradient(x, x, w)
    assert gradient[:3].tolist() == [[0.0]] * 3 or np.abs(gradient[:3]).max() < 1e-14  # piles at 0; the other is opposite
    assert np.abs(gradient[3]) < 1e-14


def test_translation_of_a_circle():
    x, s, w = particles(14, 50, 50)
    for text in ("energy", "matern(5/2)", "laplace(20) - energy"):
        sums = Sorted(parse(text), 1, 4.0)
        for shift in (1.0, 4.0, -1e3):
            np.testing.assert_allclose(sums.gradient(x + shift, s + shift, w), sums.gradient(x, s, w), rtol=0, atol=2e-12)


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["rbf", "energy(3/2)", "riesz(1/2)", "elastic", "matern(1)", "cos(r)*exp(-r)", "exp(-r)/(1+r)", "tophat"]
)
def test_other_kernels_are_refused_by_name(text):
    assert not sortable(parse(text), 1) and not sortable(parse(f"{text} + energy"), 1, 2.0)
    with pytest.raises(InputError, match="sorting"):
        Sorted(parse(text), 1)


def test_wrong_shapes_and_dimensions():
    with pytest.raises(InputError, match="--dim 2"):
        Sorted(parse("energy"), 2)
    sums = Sorted(parse("energy"), 1)
    with pytest.raises(InputError, match="shape"):
        sums.gradient(np.zeros((3, 2)), np.zeros((3, 2)), np.ones(3))
    with pytest.raises(InputError, match="weights"):
        sums.gradient(np.zeros((3, 1)), np.zeros((3, 1)), np.ones(2))


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan"), float("inf")])
def test_a_period_is_a_length(period):
    with pytest.raises(InputError, match="period"):
        Sorted(parse("energy"), 1, period)


def test_extreme_lengths_give_numbers_or_a_refusal():
    x = np.array([[0.0], [1.0], [1e10]])
    for text in ("laplace(1e-200)", "laplace(1e200)", "matern(3/2, 1e100)", "wendland(1, 1e-20)", "wendland(1, 60)"):
        for sums in (Sorted(parse(text), 1), Sorted(parse(text), 1, 3.0)):
            assert np.isfinite(sums.gradient(x, x, np.ones(3))).all() and np.isfinite(sums.potential(x, x, np.ones(3))).all()
    for text, period, reason in (("matern(3/2, 1e-200)", None, "doubles"), ("wendland(1, 1e30)", 1.0, "winds")):
        with pytest.raises(InputError, match=reason):
            Sorted(parse(text), 1, period)


def test_positions_that_are_not_finite_are_seen():
    x = np.array([[0.0], [np.inf], [1.0]])
    assert np.isnan(Sorted(parse("energy"), 1).gradient(x, x, np.ones(3))).all()
