"""Finite volumes: a naive twin, exact solutions with measured orders, and what must hold for every state and kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.density import exact
from wgflow.dynamics.density.convolution import Local, convolution
from wgflow.dynamics.density.density_flow import Densities
from wgflow.dynamics.density.grid import make_grid
from wgflow.dynamics.density.jensen_shannon import jensen_shannon_flow
from wgflow.dynamics.density.positive import StrongStability
from wgflow.dynamics.density.upwind import ImplicitUpwind
from wgflow.dynamics.density.volumes import LIMITERS, volume_flow
from wgflow.dynamics.density.walk_loops import implicit_walks
from wgflow.dynamics.integrate import Outcome, integrate
from wgflow.kernels.text import parse

TAU = 2 * np.pi
KERNELS = ("rbf(0.5)", "coulomb", "energy(beta=1/2)", "laplace(0.3)", "rbf(1) - 1/2*rbf(1/3)")
BOTH_ROLES = pytest.mark.parametrize("role", list(Role), ids=lambda role: role.text)


def advanced(flow, state, time, start=0.0, integrator=None, dt=None):
    result = integrate(flow, integrator or StrongStability(), beginning(state, start), [start + time], dt)
    assert result.outcome is Outcome.FINISHED, result.reason
    return result.snapshot.state


def orders(errors):
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


def naive_rate(p, phi, sign, h, limiter):
    """One cell after the other, as Carrillo, Chertock and Huang write it, on a circle; p, phi: (n,)."""
    n = len(p)

    def slope(j):
        a, b = p[j] - p[j - 1], p[(j + 1) % n] - p[j]
        central = (a + b) / 2
        if limiter == "positive" and p[j] - abs(central) / 2 >= 0:
            return central
        if a * b <= 0:
            return 0.0
        if limiter == "van-leer":
            return 2 * a * b / (a + b)
        return np.sign(a) * min(2 * abs(a), abs(central), 2 * abs(b))

    def flux(j):  # between j and j + 1
        u = sign * (phi[(j + 1) % n] - phi[j]) / h
        return u * (p[j] + slope(j) / 2) if u > 0 else u * (p[(j + 1) % n] - slope((j + 1) % n) / 2)

    return np.array([-(flux(j) - flux(j - 1)) / h for j in range(n)])


@pytest.mark.parametrize("limiter", LIMITERS)
def test_the_compiled_loops_equal_the_naive_ones(limiter):
    rng = np.random.default_rng(3)
    grid = make_grid(1, 17, 2.0, periodic=True)
    p, q = rng.random(17), rng.random(17)
    flow, state = volume_flow(grid, convolution(parse("rbf(0.3)"), grid), Role.GENERATOR, Densities(p, q), True, limiter=limiter)
    phi = flow.convolution.potential(p - q)
    expected = [naive_rate(p, phi, -1, grid.spacing, limiter), naive_rate(q, phi, +1, grid.spacing, limiter)]
    assert np.allclose(flow.slope(state).rate, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_two_dimensions_along_an_axis_are_one_dimension(axis, periodic):
    """e = delta: lines of a state that changes along one axis alone do not know of the other."""
    line = np.random.default_rng(4).random(12)
    line[3:5] = 0
    long, square = make_grid(1, 12, 3.0, periodic), make_grid(2, 12, 3.0, periodic)
    p = np.repeat(np.expand_dims(line, 1 - axis), 12, axis=1 - axis)
    flow_1, state_1 = volume_flow(long, Local(long, 1.0), Role.GENERATOR, Densities(line, np.zeros(12)))
    flow_2, state_2 = volume_flow(square, Local(square, 1.0), Role.GENERATOR, Densities(p, np.zeros((12, 12))))
    expected = np.repeat(np.expand_dims(flow_1.slope(state_1).rate[0], 1 - axis), 12, axis=1 - axis)
    assert np.allclose(flow_2.slope(state_2).rate[0], expected, rtol=1e-13, atol=1e-13)


def test_potentials_on_the_torus_and_in_the_whole_space_equal_sums_over_pairs():
    rng = np.random.default_rng(5)
    for dim in (1, 2):
        box = make_grid(dim, 8, 3.0, periodic=False)
        w = rng.standard_normal(box.shape)
        points = np.stack(np.broadcast_arrays(*box.mesh()), axis=-1).reshape(-1, dim)
        r = np.sqrt(((points[:, None] - points) ** 2).sum(axis=-1))
        midpoint = (parse("rbf(5)")(r, dim) @ w.ravel()).reshape(box.shape) * box.cell
        found = convolution(parse("rbf(5)"), box).potential(w)
        assert np.allclose(found, midpoint, atol=2e-2 * box.spacing**2)  # means differ from values by h^2/24 of the curvature
        torus = make_grid(dim, 8, TAU, periodic=True)
        images = np.array(np.meshgrid(*[[-TAU, 0, TAU]] * dim, indexing="ij")).reshape(dim, -1).T
        points = np.stack(np.broadcast_arrays(*torus.mesh()), axis=-1).reshape(-1, dim)
        r2 = ((points[:, None, None] - points[:, None] - images) ** 2).sum(axis=-1)
        total = np.exp(-r2 / (2 * 1.3**2)).sum(axis=-1)
        w -= w.mean()
        sums = (total @ w.ravel()).reshape(torus.shape) * torus.cell
        assert np.allclose(convolution(parse("rbf(1.3)"), torus).potential(w), sums, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "dim", "mean"), [("log", 2, None), ("riesz(1)", 2, None), ("energy(beta=1/2)", 1, None), ("coulomb", 3, None)]
)
def test_means_over_the_cell_at_the_origin(text, dim, mean):
    import mpmath

    from wgflow.dynamics.density.cell_averages import centre_average

    h = 0.3
    functions = {
        "log": lambda r: -mpmath.log(r),
        "riesz(1)": lambda r: 1 / r,
        "energy(beta=1/2)": lambda r: -mpmath.sqrt(r),
        "coulomb": lambda r: 1 / r,
    }
    e, half = functions[text], mpmath.mpf(h) / 2
    if dim == 1:
        expected = mpmath.quad(e, [0, half]) / half
    elif dim == 2:  # polar coordinates in one of eight triangles
        inner = lambda angle: mpmath.quad(lambda r: e(r) * r, [0, half / mpmath.cos(angle)])  # noqa: E731
        expected = mpmath.quad(inner, [0, mpmath.pi / 4]) * 8 / h**2
    else:  # 1/r over the unit cube's centre: closed form
        expected = (3 * mpmath.log(2 + mpmath.sqrt(3)) - mpmath.pi / 2) / h
    assert centre_average(parse(text), dim, h) == pytest.approx(float(expected), rel=1e-9)


@BOTH_ROLES
@pytest.mark.parametrize("limiter", LIMITERS)
def test_the_order_is_two_on_smooth_solutions(role, limiter):
    """1-D coulomb flow on the circle, by characteristics."""
    errors, time = [], 0.5 if role is Role.GENERATOR else 0.2
    solution = exact.coulomb_on_circle(role, 0.5, 1.0, time)
    for points in (32, 64, 128):
        grid = make_grid(1, points, TAU, periodic=True)
        given_ = Densities(1 + 0.5 * np.cos(grid.axis), np.ones(points))
        flow, state = volume_flow(grid, convolution(parse("coulomb"), grid), role, given_, limiter=limiter)
        errors.append(np.abs(advanced(flow, state, time)[0] - solution(grid.axis)).sum() * grid.spacing)
    assert (orders(errors) > 1.9).all(), errors


@pytest.mark.parametrize("dim", [1, 2])
def test_across_fronts_the_order_is_at_least_one(dim):
    """Barenblatt: e = delta."""
    errors, early, time = [], 0.5, 0.25
    for points in (16, 32, 64):
        grid = make_grid(dim, points, 5.0, periodic=False)
        r = np.sqrt(sum(x**2 for x in grid.mesh()))
        flow, state = volume_flow(
            grid, Local(grid, 1.0), Role.GENERATOR, Densities(exact.barenblatt(dim, 1.0, early)(r), np.zeros(grid.shape))
        )
        found = advanced(flow, state, time, early)[0]
        errors.append(np.abs(found - exact.barenblatt(dim, 1.0, early + time)(r)).sum() * grid.cell)
    assert np.log2(errors[0] / errors[-1]) / 2 > 1, errors


def test_values_at_fixed_points_follow_the_logistic_law_in_two_dimensions():
    """The velocity vanishes at (0, 0) and (pi, pi) by symmetry: p there obeys the Newtonian flow's law exactly."""
    errors, time = [], 0.1
    for points in (16, 32, 64):
        grid = make_grid(2, points, TAU, periodic=True)
        p = 1 + 0.25 * sum(np.cos(x) for x in grid.mesh())
        flow, state = volume_flow(
            grid, convolution(parse("coulomb"), grid), Role.GENERATOR, Densities(p, np.ones(grid.shape)), limiter="positive"
        )
        found = advanced(flow, state, time)[0]
        law = exact.logistic(Role.GENERATOR, np.array([1.5, 0.5]), 1.0, TAU, time)
        errors.append(np.abs(found[[0, points // 2], [0, points // 2]] - law).max())
    assert orders(errors)[-1] > 1.9, errors


@BOTH_ROLES
def test_a_gaussian_under_a_quadratic_kernel_keeps_its_shape(role):
    """e = r^2/4 and no q: velocities s (x - mean)/2, the deviation becomes exp(s t / 2) times as large."""
    errors, time = [], 0.5
    for points in (32, 64, 128):
        grid = make_grid(1, points, 16.0, periodic=False)
        flow, state = volume_flow(
            grid, convolution(parse("r**2/4"), grid), role, Densities(exact.gaussian(1, 1.0)(grid.axis - 0.3), np.zeros(points))
        )
        law = exact.gaussian(1, np.exp(role.value * time / 2))(grid.axis - 0.3)
        errors.append(np.abs(advanced(flow, state, time)[0] - law).sum() * grid.spacing)
    assert orders(errors)[-1] > 1.9, errors


def test_an_attractive_repulsive_kernel_settles_on_its_plateau():
    """e = r^2/2 - |r| in one dimension: e'' = 1 - 2 delta, so that p = 1/2 on (-1, 1)."""
    grid = make_grid(1, 64, 4.0, periodic=False)
    flow, state = volume_flow(
        grid,
        convolution(parse("r**2/2 + energy"), grid),
        Role.GENERATOR,
        Densities(exact.gaussian(1, 0.3)(grid.axis), np.zeros(64)),
    )
    state = state / (state.sum() * grid.spacing)
    found = advanced(flow, state, 12.0)[0]
    assert np.abs(found - np.where(np.abs(grid.axis) < 1, 0.5, 0)).sum() * grid.spacing < 1e-3


def states(points, dim=1):
    """Densities with zeros, plateaus and jumps over sixteen orders of magnitude."""
    values = st.one_of(st.just(0.0), st.floats(1e-8, 1e8), st.floats(0.5, 1.0))
    return arrays(np.float64, (points,) * dim, elements=values).filter(lambda p: p.sum() > 0)


@st.composite
def flows(draw):
    dim = draw(st.sampled_from([1, 2]))
    grid = make_grid(dim, draw(st.integers(4, 9)), 3.0, draw(st.booleans()))
    p, q = (draw(states(grid.points, dim)) for _ in range(2))
    p, q = p / (p.sum() * grid.cell), q / (q.sum() * grid.cell)
    kernel = draw(st.sampled_from(KERNELS)) if grid.periodic else draw(st.sampled_from(KERNELS[:1] + KERNELS[2:]))
    return volume_flow(
        grid,
        convolution(parse(kernel), grid),
        draw(st.sampled_from(Role)),
        Densities(p, q),
        draw(st.booleans()),
        limiter=draw(st.sampled_from(list(LIMITERS))),
    )


def few_steps(flow, state, count=4):
    """Yields the states of ``count`` accepted steps."""
    integrator = StrongStability()
    memory = integrator.init(flow, 0.0, state)
    for _ in range(count):
        dt = min(memory["bound"], 1e3) * 0.7
        while True:
            new, kept, error = integrator.step(flow, 0.0, dt, state, memory)
            if error <= 1:
                break
            dt /= 3
        state, memory = new, kept
        yield state


@settings(max_examples=60, deadline=None)
@given(flows())
def test_mass_positivity_and_energy(case):
    flow, state = case
    mass, energy = state.sum(axis=tuple(range(1, state.ndim))), flow.energy(state)
    scale = abs(energy) + 1e-3
    for new in few_steps(flow, state):
        assert (new >= 0).all()
        assert np.allclose(new.sum(axis=tuple(range(1, state.ndim))), mass, rtol=1e-13)
        gained = flow.role.value * (flow.energy(new) - energy)
        assert gained > -1e-11 * scale
        energy = flow.energy(new)


@settings(max_examples=40, deadline=None)
@given(flows(), st.integers(1, 5))
def test_translation_and_reflection(case, cells):
    """Shifted and mirrored states move as shifted and mirrored; in a box only mirrored."""
    flow, state = case
    axes = tuple(range(1, state.ndim))

    def mirrored(u):
        return np.flip(u, axis=axes)

    maps = [mirrored] + ([lambda u: np.roll(u, cells, axis=axes)] if flow.grid.periodic else [])
    rate = flow.slope(state).rate
    size = np.abs(rate).max() + np.abs(state).max()
    for each in maps:
        other, moved = volume_flow(
            flow.grid, flow.convolution, flow.role, Densities(each(state)[0], each(flow.densities(state).q[None])[0]),
            flow.target is None, limiter=next(name for name, code in LIMITERS.items() if code == flow.limiter),
        )  # fmt: skip
        assert np.abs(other.slope(moved).rate - each(rate)).max() < 1e-9 * size


@settings(max_examples=30, deadline=None)
@given(flows())
def test_equal_densities_are_at_rest(case):
    flow, state = case
    p = state[0]
    for both in (False, True):
        still, same = volume_flow(flow.grid, flow.convolution, flow.role, Densities(p, p), both)
        assert not still.slope(same).rate.any()
        assert np.array_equal(advanced(still, same, 1.0), same)


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 12), st.booleans(), st.randoms(use_true_random=False))
def test_implicit_walks_solve_their_system(n, circle, random):
    left, right, density = (np.array([[10 ** random.uniform(-6, 6) for _ in range(n)]]) for _ in range(3))
    if not circle:
        left[0, 0] = right[0, -1] = 0
    x = np.empty_like(density)
    implicit_walks(density, left, right, x)
    inflow = np.roll(right * x, 1) + np.roll(left * x, -1)
    assert (x > 0).all()
    assert np.allclose(x * (1 + left + right), density + inflow, rtol=1e-12)
    assert x.sum() == pytest.approx(density.sum(), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(flows(), st.sampled_from([1e-3, 1.0, 1e6]))
def test_implicit_steps_of_any_size_stay_positive_and_keep_the_mass(case, dt):
    flow, state = case
    new, _, _ = ImplicitUpwind().step(flow, 0.0, dt, state, {})
    axes = tuple(range(1, state.ndim))
    assert (new >= 0).all() and np.allclose(new.sum(axis=axes), state.sum(axis=axes), rtol=1e-12)


@pytest.mark.parametrize("dt", [1e-2, 1.0, 1e4])
@pytest.mark.parametrize("dim", [1, 2])
def test_a_discriminator_never_loses_energy_in_implicit_steps(dim, dt):
    """F(e) > 0: E is convex, and the step's inner product with its slope at the old state is not negative."""
    grid = make_grid(dim, 12, TAU, periodic=True)
    rng = np.random.default_rng(7)
    flow, state = volume_flow(
        grid,
        convolution(parse("laplace(0.5)"), grid),
        Role.DISCRIMINATOR,
        Densities(rng.random(grid.shape), np.full(grid.shape, 0.5)),
    )
    for _ in range(10):
        new, _, _ = ImplicitUpwind().step(flow, 0.0, dt, state, {})
        assert flow.energy(new) >= flow.energy(state) * (1 - 1e-13)
        state = new


def test_implicit_steps_have_order_one():
    errors = []
    solution = exact.coulomb_on_circle(Role.GENERATOR, 0.5, 1.0, 0.5)
    for points in (64, 128, 256):
        grid = make_grid(1, points, TAU, periodic=True)
        flow, state = volume_flow(
            grid, convolution(parse("coulomb"), grid), Role.GENERATOR, Densities(1 + 0.5 * np.cos(grid.axis), np.ones(points))
        )
        found = advanced(flow, state, 0.5, integrator=ImplicitUpwind(), dt=0.5 / points)[0]
        errors.append(np.abs(found - solution(grid.axis)).sum() * grid.spacing)
    assert orders(errors)[-1] > 0.9, errors


def test_jensen_shannon_modes_decay_at_a_quarter_of_k2():
    """About constants; both solvers, order 2 in space."""
    errors = []
    for points in (32, 64):
        grid = make_grid(1, points, TAU, periodic=True)
        flow, state = jensen_shannon_flow(grid, Densities(1 + 1e-6 * np.cos(2 * grid.axis), np.ones(points)))
        found = advanced(flow, state, 0.5)
        errors.append(abs(np.log(np.ptp(found) / np.ptp(state)) / 0.5 + 1))
    assert orders(errors)[0] > 1.9, errors


@settings(max_examples=40, deadline=None)
@given(states(7, 2), states(7, 2), st.booleans(), st.sampled_from([1e-2, 1e5]))
def test_jensen_shannon_flow_keeps_what_it_must(p, q, periodic, dt):
    grid = make_grid(2, 7, 2.0, periodic)
    p, q = p / (p.sum() * grid.cell), q / (q.sum() * grid.cell)
    flow, state = jensen_shannon_flow(grid, Densities(p, q))
    energy = flow.energy(state)
    for new in few_steps(flow, state, 2):
        assert (new >= 0).all() and new.sum() == pytest.approx(state.sum(), rel=1e-12)
        assert flow.energy(new) <= energy + 1e-13
        energy = flow.energy(new)
    new, _, _ = ImplicitUpwind().step(flow, 0.0, dt, state, {})
    assert (new >= 0).all() and new.sum() == pytest.approx(state.sum(), rel=1e-11)
    still, same = jensen_shannon_flow(grid, Densities(q, q))
    assert not still.slope(same).rate.any()


def test_wrong_input_is_refused():
    grid = make_grid(3, 4, 1.0, periodic=True)
    ones = np.ones(grid.shape)
    with pytest.raises(InputError, match="dim 1 and 2"):
        volume_flow(grid, Local(grid, 1.0), Role.GENERATOR, Densities(ones, ones))
    line = make_grid(1, 4, 1.0, periodic=False)
    with pytest.raises(InputError, match="limiter"):
        volume_flow(line, Local(line, 1.0), Role.GENERATOR, Densities(np.ones(4), np.ones(4)), limiter="superbee")
    with pytest.raises(InputError, match="no finite mean"):
        convolution(parse("exp(-r)/r**2"), line)
