"""Measured orders, stability intervals, stiff steps: against exact solutions and SciPy's DOP853."""

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from plain_sums import PlainSum, cosines, gaussian, parabola
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.exponential import ExponentialEuler, ExponentialRosenbrock32, Linearization
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrate import Outcome, integrate
from wgflow.dynamics.integrator_names import integrator as named
from wgflow.dynamics.integrators import EmbeddedRungeKutta, RungeKutta
from wgflow.dynamics.krylov import phi_sum, small_exponential
from wgflow.dynamics.particles.particle_flow import particle_flow
from wgflow.dynamics.step_control import first_step, rejected_change
from wgflow.dynamics.step_limit import step_limit
from wgflow.dynamics.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, EULER, HEUN, RK4
from wgflow.dynamics.tolerance import Norm, Tolerance

TABLEAUX = [EULER, HEUN, RK4, BOGACKI_SHAMPINE, DORMAND_PRINCE]
FINE = Tolerance(1e-12, 1e-13)
METHODS = [RungeKutta(table) for table in TABLEAUX] + [ExponentialEuler(FINE)]  # the pairs' main methods, in equal steps
NAMES = [table.name for table in TABLEAUX] + ["exponential-euler"]
COUNTS = {1: (512, 1024), 2: (64, 128), 3: (128, 256), 4: (64, 128), 5: (96, 160)}  # of steps to t = 8, by order


def reference(flow, start, t):
    def rhs(time, u):
        return flow.rhs(time, u.reshape(start.shape)).ravel()

    return solve_ivp(rhs, (0, t), start.ravel(), method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1].reshape(start.shape)


def pair():
    """Two particles and e = |x|^4 / 4: their difference d obeys d' = -|d|^2 d, and their centre is at rest."""
    quartic = PlainSum(lambda d: (d**2).sum(axis=-1) ** 2 / 4, lambda d: d * (d**2).sum(axis=-1)[..., None])
    flow, start = particle_flow(quartic, Role.GENERATOR, [[0.9, 0.0], [-0.9, 0.8]])
    half = (start[0] - start[1]) / 2

    def exact(t):
        shrunk = half / np.sqrt(1 + 8 * t * (half @ half))
        return start.mean(axis=0) + np.array([shrunk, -shrunk])

    return flow, start, exact


def crowd(dim=2):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(25, dim)), rng.normal(size=(20, dim)) * 0.5 + 1
    return particle_flow(gaussian(), Role.DISCRIMINATOR, x, y, target_moves=True)


def order_of(integrator, flow, start, exact, t, counts):
    """Returns the slope of log error over log dt between the given numbers of steps."""
    errors = [np.abs(integrate(flow, integrator, beginning(start), [t], t / n).snapshot.state - exact).max() for n in counts]
    assert all(5e-14 < error < 1e-2 for error in errors), errors  # neither rounding nor far from the limit
    return np.polyfit(np.log(t / np.array(counts)), np.log(errors), 1)[0]


@pytest.mark.parametrize("integrator", METHODS, ids=NAMES)
def test_order_on_two_particles(integrator):
    flow, start, exact = pair()
    counts = {1: (512, 1024), 2: (64, 128), 3: (64, 128), 4: (128, 256)}.get(integrator.order)
    if counts:  # order 5 would be measured at the rounding floor: its errors are still those of order 6
        assert order_of(integrator, flow, start, exact(0.25), 0.25, counts) == pytest.approx(integrator.order, abs=0.1)


@pytest.mark.parametrize("table", TABLEAUX, ids=lambda table: table.name)
def test_order_on_a_parabola(table):
    """e = -|x|^2 / 2: the discriminator takes p away from q at rate 1, exp(t) times the distance of the means."""
    flow, start = particle_flow(parabola(), Role.DISCRIMINATOR, [[1.0, 0.5], [2.0, 0.0]], [[0.0, 0.0]])
    exact = start + np.expm1(1.0) * start.mean(axis=0)
    counts = {1: (512, 1024), 4: (32, 64), 5: (24, 48)}.get(table.order, (128, 256))
    assert order_of(RungeKutta(table), flow, start, exact, 1.0, counts) == pytest.approx(table.order, abs=0.1)


@pytest.mark.parametrize("integrator", METHODS, ids=NAMES)
def test_order_on_many_particles(integrator, many):
    flow, start, exact = many
    assert order_of(integrator, flow, start, exact, 8.0, COUNTS[integrator.order]) == pytest.approx(integrator.order, abs=0.1)


@pytest.fixture(scope="module")
def many():
    flow, start = crowd()
    return flow, start, reference(flow, start, 8.0)


@pytest.mark.parametrize("table", TABLEAUX, ids=lambda table: table.name)
def test_order_conditions_hold_exactly(table):
    """R(z) begins as exp(z), and the quadrature b integrates c^j exactly below the order."""
    assert table.stability[: table.order + 1] == tuple(Fraction(1, factorial(j)) for j in range(table.order + 1))
    for weights, order in ((table.b, table.order), (table.embedded, table.embedded_order)):
        for j in range(order):
            assert sum(w * c**j for w, c in zip(weights, table.c, strict=True)) == Fraction(1, j + 1)


@pytest.mark.parametrize("table", TABLEAUX, ids=lambda table: table.name)
def test_stability_interval_is_where_modes_start_to_grow(table):
    assert {"euler": 2.0, "heun": 2.0}.get(table.name, table.decay_interval) == table.decay_interval
    xs = np.linspace(0, table.decay_interval, 2001)
    assert np.abs([table.factor(-x) for x in xs[1:-1]]).max() < 1
    assert abs(table.factor(-table.decay_interval * 1.001)) > 1
    decay = Linear(np.array([[-1.0]]))
    for share, grows in ((0.99, False), (1.01, True)):
        run = integrate(
            decay,
            RungeKutta(table),
            beginning(np.ones((1, 1))),
            [200 * share * table.decay_interval],
            table.decay_interval * share,
        )
        assert (abs(run.snapshot.state[0, 0]) > 1) == grows


class Linear(Flow):
    """u' = A u, row by row of the state."""

    random = False

    def __init__(self, matrix):
        self.matrix = matrix

    def rhs(self, t, state):
        return state @ self.matrix.T

    def drawn(self, step, t, state):
        return self


def test_step_limit_keeps_growth_rates():
    limit = step_limit(RK4, [-100.0, -3.0, 0.5, 2.0], growth_error=1e-3)
    assert limit.stable == pytest.approx(2.7852935634 / 100, rel=1e-9)
    assert limit.dt == limit.stable
    for table in TABLEAUX:
        dt = step_limit(table, [2.0], growth_error=1e-3).dt
        run = integrate(Linear(np.array([[2.0]])), RungeKutta(table), beginning(np.ones((1, 1))), [dt], dt)
        assert abs(np.log(run.snapshot.state[0, 0]) / (2 * dt) - 1) == pytest.approx(1e-3, rel=1e-6)
    with pytest.raises(InputError, match="infinite"):
        step_limit(RK4, [np.inf])
    with pytest.raises(InputError, match="between 0 and 1"):
        step_limit(RK4, [1.0], growth_error=0)


@pytest.mark.parametrize("make", [lambda t: named("bs32", t), lambda t: named("dp54", t), ExponentialRosenbrock32])
def test_adaptive_errors_follow_the_tolerance(make):
    flow, start = crowd()
    exact = reference(flow, start, 3.0)
    steps, errors = [], []
    for rtol in (1e-3, 1e-4, 1e-6):
        run = integrate(flow, make(Tolerance(rtol, 0.0)), beginning(start), [3.0])
        assert run.outcome is Outcome.FINISHED
        steps.append(run.snapshot.step)
        errors.append(np.abs(run.snapshot.state - exact).max())
    assert all(error < 10 * rtol for error, rtol in zip(errors, (1e-3, 1e-4, 1e-6), strict=True))
    assert steps[0] < steps[1] < steps[2] < 1000


def test_the_kept_slope_saves_an_evaluation():
    x = np.random.default_rng(1).normal(size=(6, 1))
    sums = gaussian()
    flow, start = particle_flow(sums, Role.DISCRIMINATOR, x)
    run = integrate(flow, named("dp54", Tolerance(1e-3)), beginning(start), [1.0], 0.01)
    attempts = run.snapshot.step + run.snapshot.number("rejected", 0)
    assert sums.calls <= 2 + 1 + 6 * attempts  # two for the first step's size, one first slope
    assert run.snapshot.step > 3


def test_the_error_estimate_is_that_of_the_lower_order():
    """The estimate is the distance of the pair's solutions, in the norm that was asked for."""
    flow, start, _ = pair()
    for norm, size in ((Norm.MAX, lambda d: np.abs(d).max()), (Norm.RMS, lambda d: np.sqrt((d**2).mean()))):
        _, _, error = EmbeddedRungeKutta(BOGACKI_SHAMPINE, Tolerance(0.0, 1e-3, norm)).step(flow, 0.0, 0.1, start, {})
        k1 = flow.rhs(0, start)
        k2 = flow.rhs(0, start + 0.05 * k1)
        k3 = flow.rhs(0, start + 0.075 * k2)
        high = start + 0.1 * (2 / 9 * k1 + 1 / 3 * k2 + 4 / 9 * k3)
        low = start + 0.1 * (7 / 24 * k1 + 1 / 4 * k2 + 1 / 3 * k3 + 1 / 8 * flow.rhs(0, high))
        assert error == pytest.approx(size(high - low) / 1e-3, rel=1e-9)


def test_step_control_settles():
    """u' = t^2: the estimate of bs32 is C dt^3 at every t. A rejected step of error e is followed by one of error 0.9^3, and
    proportional-integral control rests where 0.9 e^(-0.7/3) e^(0.4/3) = 1."""
    run = integrate(Power(), named("bs32", Tolerance(0.0, 1e-3)), beginning([[0.0]]), [200.0], 1e-3)
    assert run.snapshot.number("error", 0) == pytest.approx(0.9 ** (3 / 0.3), rel=1e-3)
    for error in (2.0, 7.0, 50.0):
        assert error * rejected_change(error, 2) ** 3 == pytest.approx(0.9**3, rel=1e-12)


class Power(Flow):
    random = False

    def rhs(self, t, state):
        return 0 * state + t**2

    def drawn(self, step, t, state):
        return self


def test_first_steps_are_moderate():
    flow, start = crowd()
    for rtol in (1e-3, 1e-6, 1e-9):
        run = integrate(flow, named("dp54", Tolerance(rtol)), beginning(start), [1.0])
        assert run.snapshot.number("rejected", 0) <= 3
    at_rest, state = particle_flow(gaussian(), Role.GENERATOR, [0.0])
    assert first_step(at_rest, 0.0, state, 4, Tolerance()) == np.inf
    assert integrate(at_rest, named("dp54"), beginning(state), [1e6]).snapshot.step == 1


# ---- exponential methods


@pytest.mark.parametrize("size", [1, 5, 60])
@pytest.mark.parametrize("t", [0.01, 1.0, 30.0])
def test_phi_sums_agree_with_dense_exponentials(size, t):
    rng = np.random.default_rng(size)
    root = rng.normal(size=(size, size)) / np.sqrt(size)
    matrix = rng.normal(size=(size, size)) / size - root @ root.T * 10
    vectors = [rng.normal(size=(size, 1)) for _ in range(3)]
    block = np.zeros((size + 3, size + 3))
    block[:size, :size] = matrix
    for k, b in enumerate(vectors):
        block[:size, size + k] = b[:, 0]
    block[size + 1, size] = block[size + 2, size + 1] = 1.0
    exact = (expm(t * block) @ np.eye(size + 3)[:, [size]])[:size]
    assert np.sqrt(np.mean((phi_sum(lambda v: matrix @ v, vectors, t, 1e-9) - exact) ** 2)) < 1e-8 * max(1, np.abs(exact).max())


def test_small_exponentials():
    rng = np.random.default_rng(0)
    for size in (1, 4, 41):
        for strength in (0.01, 1.0, 1e4):
            root = rng.normal(size=(size, size))
            matrix = rng.normal(size=(size, size)) - strength * root @ root.T / size
            exact = expm(matrix)
            assert np.abs(small_exponential(matrix) - exact).max() < 1e-12 * max(1, np.abs(exact).max())


def test_phi_sums_that_overflow_or_vanish():
    assert np.isnan(phi_sum(lambda v: 1e6 * v, [np.ones((2, 1))], 1.0, 1e-9)).all()
    assert np.isnan(phi_sum(lambda v: v * np.nan, [np.ones((2, 1))], 1.0, 1e-9)).all()
    assert (phi_sum(lambda v: v, [np.zeros((2, 1))], 1.0, 1e-9) == 0).all()


def test_linearization_is_the_derivative():
    flow, start, _ = pair()
    direction = np.random.default_rng(2).normal(size=start.shape)
    d, delta = start[0] - start[1], direction[0] - direction[1]
    exact = -(delta * (d @ d) + 2 * d * (d @ delta)) / 2  # the velocity of the first particle is -|d|^2 d / 2
    got = Linearization(flow, 0.0, start, 6e-6).times(direction)
    assert np.abs(got - np.array([exact, -exact])).max() < 1e-8


def stiff_circle():
    """A discriminator on the circle with a stabilizer that lets every mode decay, at rates from 0.1 to 128."""
    grid = 2 * np.pi * np.arange(40) / 40
    start = grid + 0.2 * np.sin(grid + 1) + 0.05 * np.cos(2 * grid)
    modes = np.arange(1, 17)
    transform = np.where(modes == 1, -0.2, np.where(modes == 2, -0.15, -1.0))
    flow, state = particle_flow(cosines(modes, transform), Role.DISCRIMINATOR, start[:, None])
    return flow, state, modes**2 * transform / 2


def test_exponential_steps_go_far_beyond_the_explicit_limit():
    flow, start, rates = stiff_circle()
    dt = 0.5
    assert dt > 20 * step_limit(RK4, rates).stable
    exact = reference(flow, start, 4.0)
    blown = integrate(flow, named("rk4"), beginning(start), [4.0], dt).snapshot.state
    assert np.abs(blown - exact).max() > 1.0  # the force is bounded here, and so is the explosion
    errors = []
    for steps in (8, 16, 32):
        run = integrate(flow, ExponentialEuler(Tolerance(1e-8, 1e-10)), beginning(start), [4.0], 4.0 / steps)
        errors.append(np.abs(run.snapshot.state - exact).max())
    assert errors[0] < 1e-3
    assert -np.polyfit(np.log([8, 16, 32]), np.log(errors), 1)[0] == pytest.approx(2, abs=0.1)


def test_the_adaptive_exponential_takes_few_steps_where_the_explicit_one_cannot():
    flow, start, _ = stiff_circle()
    exact = reference(flow, start, 8.0)
    steps = []
    for method in (ExponentialRosenbrock32(Tolerance(1e-4, 1e-8)), named("bs32", Tolerance(1e-4, 1e-8))):
        run = integrate(flow, method, beginning(start), [8.0])
        assert np.abs(run.snapshot.state - exact).max() < 1e-3
        steps.append(run.snapshot.step)
    assert 10 * steps[0] < steps[1]


def test_order_three_of_the_exponential_pair():
    flow, start = crowd()
    exact = reference(flow, start, 4.0)
    errors = []
    for n in (32, 64):
        u = start
        method = ExponentialRosenbrock32(FINE)
        for _ in range(n):
            u, _, _ = method.step(flow, 0.0, 4.0 / n, u, {})
        errors.append(np.abs(u - exact).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(3, abs=0.1)


def test_unknown_names_and_tolerances_are_refused():
    with pytest.raises(InputError, match="rk5"):
        named("rk5")
    flow, start, _ = pair()
    with pytest.raises(InputError, match="must be positive"):
        integrate(flow, named("dp54", Tolerance(0.0, 0.0)), beginning(start), [1.0])
    alone, state = particle_flow(gaussian(), Role.GENERATOR, [0.0])
    with pytest.raises(InputError, match="at one point"):
        integrate(alone, named("dp54", Tolerance(1e-6, 0.0)), beginning(state), [1.0])
