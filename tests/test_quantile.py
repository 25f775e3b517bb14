"""Quantile flows against closed forms, quadrature, exact rational arithmetic, and particles."""

from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate as quadrature
from scipy import stats

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.integrate import integrate
from wgflow.dynamics.integrator_names import integrator
from wgflow.dynamics.particles.distance import wasserstein_1
from wgflow.dynamics.particles.particle_flow import particle_flow
from wgflow.dynamics.quantiles.event_driven import EventDriven, quantile_integrator
from wgflow.dynamics.quantiles.line_law import levels, line_law
from wgflow.dynamics.quantiles.quantile import density_of, line_kernel, quantile_flow
from wgflow.dynamics.quantiles.quantile_exact import exact_energy_flow
from wgflow.dynamics.quantiles.quantile_order import Ordered, group_levels, ordered
from wgflow.dynamics.sums.sorted import Sorted
from wgflow.kernels.text import parse

GENERATOR, DISCRIMINATOR = Role.GENERATOR, Role.DISCRIMINATOR
UNIT, POINT = "uniform(low=0, high=1)", "point(at=0.5)"


def moved(flow, state, *steps):
    for dt in steps:
        state = EventDriven().step(flow, 0.0, dt, state, {})[0]
    return state[:, 0]


# --- laws ---------------------------------------------------------------------------------------------------------

LAWS = {
    "uniform(low=-1, high=3)": lambda x: stats.uniform(-1, 4).cdf(x),
    "gaussian(mean=1, std=2)": lambda x: stats.norm(1, 2).cdf(x),
    "gaussian(mean=-2) + 3*gaussian(mean=2, std=0.5)": lambda x: (stats.norm(-2).cdf(x) + 3 * stats.norm(2, 0.5).cdf(x)) / 4,
    "point(at=1) + uniform(low=0, high=2)": lambda x: ((x >= 1) + stats.uniform(0, 2).cdf(x)) / 2,
    "point + gaussian": lambda x: ((x >= 0) + stats.norm.cdf(x)) / 2,
    "uniform(low=0, high=1) + 2*uniform(low=3, high=4)": lambda x: (stats.uniform.cdf(x) + 2 * stats.uniform(3).cdf(x)) / 3,
}


@pytest.mark.parametrize("text", LAWS)
def test_laws(text):
    law, u = line_law(text), levels(1001)
    x = np.linspace(-5, 6, 777)  # off the jumps
    np.testing.assert_allclose(law.distribution(x), LAWS[text](x), rtol=0, atol=1e-15)
    found = law.quantiles(u)
    assert (np.diff(found) >= 0).all()
    above, below = LAWS[text](found), LAWS[text](np.nextafter(found, -np.inf))
    assert (below <= u + 1e-14).all() and (u <= above + 1e-14).all()


def test_samples_are_their_own_quantiles():
    x = np.round(np.random.default_rng(1).normal(size=500), 1)
    assert np.array_equal(line_law(x).quantiles(levels(500)), np.sort(x))
    places, weights = line_law(x).nodes(7)
    assert np.array_equal(places, np.unique(x)) and weights.sum() == pytest.approx(1, abs=1e-15)
    at = np.array([-9.0, -0.3, 0.0, 0.05, 9.0])
    expected = ((x[:, None] < at).mean(axis=0) + (x[:, None] <= at).mean(axis=0)) / 2
    np.testing.assert_allclose(line_law(x).distribution(at), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: line_law("ring"), "dimension"),
        (lambda: line_law([]), "samples"),
        (lambda: line_law([[0.0, 1.0]]), "samples"),
        (lambda: line_law([0.0, np.nan]), "finite"),
        (lambda: line_law(object()), "no law"),
        (lambda: quantile_flow("rbf", "generator", UNIT, UNIT), "quantiles follow"),
        (lambda: quantile_flow("log", "generator", UNIT, UNIT), "quantiles follow"),
        (lambda: quantile_flow("energy", "critic", UNIT, UNIT), "role"),
        (lambda: quantile_flow("energy", "generator", UNIT, UNIT, 0), "count"),
        (lambda: exact_energy_flow(levels(3), 1.0, "gaussian", POINT, GENERATOR), "closed forms"),
        (lambda: exact_energy_flow(levels(3), -1.0, UNIT, POINT, GENERATOR), "time"),
        (lambda: exact_energy_flow(levels(3), 9.0, "uniform(low=-1, high=0.5)", UNIT, DISCRIMINATOR), "meet"),
        (lambda: moved(*quantile_flow("laplace", "generator", UNIT, UNIT, 5), 1.0), "events"),
        (lambda: moved(*quantile_flow("energy", "generator", UNIT, "gaussian", 5), 1.0), "events"),
        (lambda: quantile_flow("energy", "generator", UNIT, UNIT, 5)[0].rhs(0.0, np.zeros((4, 1))), "state"),
    ],
)
def test_errors(call, word):
    with pytest.raises(InputError, match=word):
        call()


# --- the right-hand side ------------------------------------------------------------------------------------------

KERNELS = (
    "energy",
    "2*coulomb",
    "laplace(1/2)",
    "yukawa",
    "matern(3/2)",
    "energy - 1/5*laplace",
    "matern(5/2)",
)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kernel", KERNELS)
def test_velocity_is_that_of_particles_at_distinct_places(kernel, role):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=60), np.append(rng.normal(size=40), [0.5, 0.5])
    x[7] = 0.5  # on a double point of q
    flow, state = quantile_flow(kernel, role, x, y)
    particles, _ = particle_flow(Sorted(parse(kernel)), role, state, y)
    np.testing.assert_allclose(flow.rhs(0.0, state), particles.rhs(0.0, state), rtol=0, atol=1e-14)
    assert flow.energy(state) == pytest.approx(particles.energy(state), rel=1e-12)


@pytest.mark.parametrize("kernel", ["energy", "laplace(1/2)", "matern(3/2)", "yukawa - 1/3*energy"])
def test_velocity_against_a_law_is_an_integral(kernel):
    e, h = parse(kernel), 1e-5

    def potential(x, density, low, high):
        cut = min(max(x, low), high)
        return sum(
            quadrature.quad(lambda y: e(abs(x - y), 1) * density(y), *ends, epsabs=1e-13)[0] for ends in ((low, cut), (cut, high))
        )

    def difference(x):
        return potential(x, stats.norm.pdf, -9, 9) - potential(x, lambda y: 0.5, 0, 2)

    flow, state = quantile_flow(kernel, "generator", "gaussian", "uniform(low=0, high=2)", 4001)
    found = flow.rhs(0.0, state)[:, 0]
    for i in (500, 2100, 2600, 3000):  # not where q has an end
        x = state[i, 0]
        slope = (difference(x + h) - difference(x - h)) / (2 * h)
        assert found[i] == pytest.approx(-slope, abs=1e-8 if kernel == "energy" else 3e-6)


def test_smooth_force_of_a_law_converges_at_second_order():
    errors = []
    for nodes in (20, 40, 80):
        flow, state = quantile_flow("laplace", "generator", "point(at=0.3)", "uniform(low=0, high=1)", 7, nodes=nodes)
        # p is a point with e'(0+) = -1; against q: (e * q)'(x) = exp(-x) - exp(x - 1), typed by hand.
        exact = 2 * levels(7) - 1 + (np.exp(-0.3) - np.exp(-0.7))
        errors.append(abs(flow.rhs(0.0, state)[:, 0] - exact).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.3) and errors[2] < 1e-4


def test_points_of_p_spread_or_stay():
    spread = [quantile_flow(k, "generator", "point", "gaussian", 3)[0] for k in ("energy", "matern(3/2)")]
    start = np.zeros((3, 1))
    np.testing.assert_allclose(spread[0].rhs(0.0, start)[:, 0], [-2 / 3, 0, 2 / 3], rtol=0, atol=1e-15)
    assert (spread[1].rhs(0.0, start) == 0).all()
    stays, _ = quantile_flow("energy", "discriminator", "point", "gaussian", 3)
    assert (stays.rhs(0.0, start) == 0).all()


# --- exact solutions ----------------------------------------------------------------------------------------------

STARTS = (POINT, "point(at=3)", UNIT, "uniform(low=0.25, high=0.75)", "uniform(low=-1, high=2)", "uniform(low=2, high=3)")
TARGETS = (POINT, UNIT, "point(at=-2)", "uniform(low=0.5, high=2)")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("start", STARTS)
def test_event_driven_steps_are_exact(start, target, role):
    flow, state = quantile_flow("energy", role, start, target, 300)
    resting = role is DISCRIMINATOR and start == target == UNIT  # at rest, and unstable: rounding grows as exp(2 t)
    for t in (0.0, 0.01, 0.3, 1.0, 40.0):
        try:
            exact = exact_energy_flow(levels(300), t, start, target, role)
        except InputError:
            assert role is DISCRIMINATOR and t >= 0.25  # it would be wrong to refuse while the order is kept
            continue
        if not (resting and t > 1):
            for steps in ([t], [t / 7] * 7, [0.9 * t, 0.1 * t]):
                np.testing.assert_allclose(moved(flow, state, *steps), exact, rtol=0, atol=1e-13 * max(1, abs(exact).max()))


def test_explicit_solutions_typed_by_hand():
    u = levels(8)
    to_unit = exact_energy_flow(u, 0.7, POINT, UNIT, GENERATOR)
    np.testing.assert_allclose(to_unit, u + (0.5 - u) * np.exp(-1.4), rtol=0, atol=1e-15)
    from_afar = exact_energy_flow(u, 0.7, "point(at=-1)", UNIT, GENERATOR)
    arrived = 1 / (2 * u)
    np.testing.assert_allclose(
        from_afar, np.where(arrived > 0.7, -1 + 1.4 * u, u * (1 - np.exp(-2 * (0.7 - arrived)))), rtol=0, atol=1e-15
    )
    to_point = exact_energy_flow(u, 0.2, UNIT, POINT, GENERATOR)
    np.testing.assert_allclose(to_point, np.where(u < 0.5, np.minimum(1.4 * u, 0.5), np.maximum(1.4 * u - 0.4, 0.5)), atol=1e-15)


@pytest.mark.parametrize(
    ("start", "target", "role"),
    [
        ("uniform(low=-1, high=2)", UNIT, GENERATOR),
        ("point(at=2)", UNIT, GENERATOR),
        ("uniform(low=0.25, high=1)", UNIT, DISCRIMINATOR),  # its quantiles meet at time log(4)/2
        ("uniform(low=-1, high=2)", UNIT, DISCRIMINATOR),
    ],
)
def test_explicit_solutions_solve_the_equation(start, target, role):
    """By SciPy's integrator, with F typed by hand."""
    u = levels(12)
    x0 = exact_energy_flow(u, 0.0, start, target, role)
    for t in (0.2, 0.34):
        solved = quadrature.solve_ivp(
            lambda _, x: -2 * role.value * (u - np.clip(x, 0, 1)), (0, t), x0, rtol=1e-11, atol=1e-13, max_step=0.01
        )
        np.testing.assert_allclose(exact_energy_flow(u, t, start, target, role), solved.y[:, -1], rtol=0, atol=1e-6)


# --- events against exact rational arithmetic ---------------------------------------------------------------------


class Rational:
    """Groups of quantiles among points of q, in rational arithmetic: the next event of all, found by looking at all."""

    def __init__(self, x, y, sign):
        self.groups = [[Q(v), Q(2 * i + 1, 2 * len(x)), 1] for i, v in enumerate(sorted(x))]  # place, level, quantiles
        self.y, self.g = sorted(map(Q, y)), Q(2 * sign)
        self.join()

    def force(self, x, u):
        """The velocity, from the side that the quantile leaves to where it is at a point of q."""
        m = Q(len(self.y))
        before, after = (self.g * (u - Q(k) / m) for k in (sum(y < x for y in self.y), sum(y <= x for y in self.y)))
        if after > 0 and before + after > 0:
            return after
        return before if before < 0 and before + after < 0 else Q(0)

    def join(self):
        if self.g > 0:
            return
        i = 0
        while i + 1 < len(self.groups):
            (x, u, m), (x2, u2, m2) = self.groups[i : i + 2]
            if x == x2:
                self.groups[i : i + 2] = [[x, (m * u + m2 * u2) / (m + m2), m + m2]]
                i = 0
            else:
                i += 1

    def advance(self, time):
        while time > 0:
            v = [self.force(x, u) for x, u, _ in self.groups]
            waits = [time]
            for (x, _, _), w in zip(self.groups, v, strict=True):
                waits += [(y - x) / w for y in self.y if w and (y - x) / w > 0]
            if self.g < 0:
                pairs = zip(self.groups, self.groups[1:], v, v[1:], strict=False)
                waits += [(b[0] - a[0]) / (w - z) for a, b, w, z in pairs if w > z]
            wait = min(waits)
            for group, w in zip(self.groups, v, strict=True):
                group[0] += w * wait
            self.join()
            time -= wait
        return [float(x) for x, _, m in self.groups for _ in range(m)]


places = st.integers(-8, 8).map(lambda k: Q(k, 4))


@settings(max_examples=60, deadline=None)
@given(st.lists(places, min_size=1, max_size=9), st.lists(places, min_size=1, max_size=5), st.sampled_from(list(Role)))
def test_events_in_rational_arithmetic(x, y, role):
    flow, state = quantile_flow("energy", role, [float(v) for v in x], [float(v) for v in y])
    twin = Rational(x, y, -role.value)
    for time in (Q(1, 3), Q(5, 7), Q(4)):
        state = EventDriven().step(flow, 0.0, float(time), state, {})[0]
        assert state[:, 0] == pytest.approx(twin.advance(time), abs=1e-12)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("start", ["gaussian", "gaussian(std=0.3) + point(at=1.2)", "point(at=1.1)"])
def test_events_among_uniform_pieces(start, role):
    """Beside Runge-Kutta steps with merging, whose error across the ends of pieces is of order dt^2."""
    target = "uniform(low=-2, high=-1) + 2*uniform(low=0.3, high=1.7) + uniform(low=1, high=4)"
    flow, state = quantile_flow("energy", role, start, target, 60)
    exact = moved(flow, state, 0.8)
    stepped = integrate(flow, Ordered(integrator("rk4")), beginning(state), [0, 0.8], 0.005).snapshot.state[:, 0]
    np.testing.assert_allclose(stepped, exact, rtol=0, atol=3e-6)
    assert np.unique(stepped).size == np.unique(exact).size
    assert (np.unique(exact).size < 60) == (role is DISCRIMINATOR and "point" in start)


def test_a_meeting_at_a_point_of_the_target_stays_there():
    """Both reach it at time 3/2, where the forces on the group cancel: rounding must not choose a side."""
    flow, state = quantile_flow("energy", "discriminator", [-1.0, -0.5], [0.75, -2.0, -0.75])
    assert moved(flow, state, 0.25, 0.6875, 4.0).tolist() == [-0.75, -0.75]


def test_without_a_target_the_free_motion_is_projected():
    """Natile and Savare 2009: X(t) is the projection of X(0) + t V; here it is also what Euler with merging gives."""
    x = np.sort(np.random.default_rng(3).normal(size=400))
    flow, state = quantile_flow("energy", "discriminator", x, None)
    exact = projected(x - 2 * 0.3 * (levels(400) - 0.5))
    np.testing.assert_allclose(moved(flow, state, 0.1, 0.2), exact, rtol=0, atol=1e-13)
    run = integrate(flow, Ordered(integrator("euler")), beginning(state), [0.0, 0.3], 0.05)
    np.testing.assert_allclose(run.snapshot.state[:, 0], exact, rtol=0, atol=1e-13)


def projected(y):
    """max over i <= k of the min over j >= k of the mean of y[i..j]: the textbook formula for the projection."""
    total = np.concatenate([[0.0], np.cumsum(y)])
    i, j = np.arange(y.size)[:, None], np.arange(y.size)[None, :]
    means = np.where(j >= i, (total[j + 1] - total[i]) / np.maximum(j + 1 - i, 1), np.inf)
    least = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
    return np.array([least[: k + 1, k].max() for k in range(y.size)])


def test_many_quantiles_merge():
    rng = np.random.default_rng(4)
    flow, state = quantile_flow("energy", "discriminator", rng.normal(size=20_000), rng.normal(size=500))
    once, twice = moved(flow, state, 0.4), moved(flow, state, 0.1, 0.3)
    assert np.unique(once).size < 16_000 and (np.diff(once) >= 0).all()
    np.testing.assert_allclose(once, twice, rtol=0, atol=1e-9)


# --- order, convergence, particles --------------------------------------------------------------------------------


def test_projection():
    y = np.random.default_rng(5).normal(size=200)
    np.testing.assert_allclose(ordered(y), projected(y), rtol=0, atol=1e-14)
    assert ordered(y).sum() == pytest.approx(y.sum(), abs=1e-12)
    assert group_levels(np.zeros(5)).tolist() == [0.5] * 5


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_order_in_time(name, order):
    flow, state = quantile_flow("energy", "generator", POINT, UNIT, 50)
    exact = exact_energy_flow(levels(50), 1.0, POINT, UNIT, GENERATOR)
    steps = (0.1, 0.05, 0.025)
    ends = [integrate(flow, Ordered(integrator(name)), beginning(state), [0, 1], dt).snapshot.state[:, 0] for dt in steps]
    errors = [abs(end - exact).max() for end in ends]
    assert np.log2(errors[1] / errors[2]) == pytest.approx(order, abs=0.1)


def test_order_in_space():
    """As points quantiles are of order 1 in W1, as a piecewise linear function X of order 2; at the levels they are exact."""
    errors = []
    for count in (50, 100, 200):
        fine = np.arange(1, 2 * 10_000, 2) / 20_000
        exact = exact_energy_flow(fine, 0.3, "point(at=-0.2)", UNIT, GENERATOR)
        x = moved(*quantile_flow("energy", "generator", "point(at=-0.2)", UNIT, count), 0.3)
        inner = (fine > 0.01) & (fine < 0.99)
        linear = np.interp(fine, levels(count), x)
        errors.append((abs(x[(fine * count).astype(int)] - exact).mean(), abs(linear - exact)[inner].mean()))
    rates = np.log2(np.array(errors)[1] / np.array(errors)[2])
    assert rates == pytest.approx([1, 2], abs=0.25)


def test_energy_falls_for_the_generator_and_p_tends_to_q():
    target = "uniform(low=-2, high=-1) + 2*uniform(low=1, high=3) + point(at=2)"
    flow, state = quantile_flow("energy", "generator", "gaussian", target, 400)
    energies = [flow.energy(state)]
    for _ in range(40):
        state = EventDriven().step(flow, 0.0, 0.05, state, {})[0]
        energies.append(flow.energy(state))
    assert (np.diff(energies) < 1e-12).all()
    np.testing.assert_allclose(moved(flow, state, 1e4), line_law(target).quantiles(levels(400)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kernel", ["laplace", "energy - 1/5*laplace", "matern(3/2)"])
def test_equal_laws_are_at_rest(kernel):
    flow, state = quantile_flow(kernel, "generator", "gaussian", "gaussian", 500)
    assert abs(flow.rhs(0.0, state)).max() < 1e-13
    end = integrate(flow, quantile_integrator(flow), beginning(state), [0, 1], 0.1).snapshot.state
    np.testing.assert_allclose(end, state, rtol=0, atol=1e-12)


def test_reflection():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=50), rng.normal(size=9)
    for role in Role:
        there = moved(*quantile_flow("energy", role, x, y), 0.7)
        mirrored = moved(*quantile_flow("energy", role, -x, -y), 0.7)
        np.testing.assert_allclose(mirrored, -there[::-1], rtol=0, atol=1e-13)


def test_particles_follow_quantiles():
    """N particles against M points are the same N quantiles, up to the steps in time; W1 falls with dt."""
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=200), 1 + 2 * rng.normal(size=100)
    flow, state = quantile_flow("energy", "generator", x, y)
    particles, start = particle_flow(Sorted(parse("energy")), GENERATOR, x, y)
    exact = moved(flow, state, 0.5)
    ends = [integrate(particles, integrator("euler"), beginning(start), [0, 0.5], dt).snapshot.state for dt in (0.01, 0.0025)]
    near, nearer = (wasserstein_1(end, exact) for end in ends)
    assert nearer < 0.5 * near and nearer < 2e-3


def test_restart_is_bitwise():
    flow, state = quantile_flow("energy - 1/5*laplace", "discriminator", "gaussian", "gaussian(std=2)", 100)
    kept = []
    whole = integrate(flow, quantile_integrator(flow), beginning(state), [0, 1], 0.1, on_step=kept.append)
    again = integrate(flow, quantile_integrator(flow), kept[3], [1], 0.1)
    assert np.array_equal(whole.snapshot.state, again.snapshot.state)


def test_density():
    flow, state = quantile_flow("energy", "generator", POINT, UNIT, 1000)
    found = density_of(moved(flow, state, 0.5))
    np.testing.assert_allclose(found.p, 1 / (1 - np.exp(-1)), rtol=1e-9)  # X = u + (1/2 - u)/e stays uniform
    assert not found.points.size
    both = density_of(moved(*quantile_flow("energy", "generator", UNIT, POINT, 1000), 0.1))
    assert both.points.tolist() == [0.5] and both.masses[0] == pytest.approx(2 * 0.1 / 1.2, abs=2e-3)


def test_one_quantile_and_kernel_without_a_kink():
    assert moved(*quantile_flow("energy", "generator", [0.0], [2.0]), 1.5).tolist() == [1.5]
    assert line_kernel("matern(3/2)").cusp == 0 and line_kernel("energy - coulomb + r**2").cusp == 0
