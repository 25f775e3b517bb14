"""The pseudo-spectral solvers: exact products, spectral accuracy, orders in time, growth rates; Krasny's filter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.density import exact
from wgflow.dynamics.density.density_flow import Densities
from wgflow.dynamics.density.fourier_modes import Modes
from wgflow.dynamics.density.grid import make_grid
from wgflow.dynamics.density.krasny import Filtered
from wgflow.dynamics.density.semilinear import ExponentialRK4, coefficients
from wgflow.dynamics.density.spectral import spectral_flow
from wgflow.dynamics.integrate import integrate
from wgflow.dynamics.integrators import RungeKutta
from wgflow.dynamics.tableau import RK4
from wgflow.kernels.text import parse

TAU = 2 * np.pi
METHODS = pytest.mark.parametrize("integrator", [RungeKutta(RK4), ExponentialRK4()], ids=["rk4", "etdrk4"])


def smooth(grid, seed, most=2):
    """A positive density with random modes up to ``most`` on each axis."""
    rng = np.random.default_rng(seed)
    total = np.ones(grid.shape)
    for _ in range(6):
        m = rng.integers(-most, most + 1, grid.dim)
        phase = sum(k * x for k, x in zip(m, grid.mesh(), strict=True)) * TAU / grid.length
        total = total + 0.1 * np.cos(phase + rng.uniform(0, TAU))
    return total


def direct_rate(modes_p, modes_q, transform, role):
    """-s div(p grad e*(p-q)) by sums over all pairs of modes of a 1-D circle of length 2 pi; c_m in dictionaries."""
    out = {}
    for a, p in modes_p.items():
        for b in set(modes_p) | set(modes_q):
            if b:
                w = modes_p.get(b, 0) - modes_q.get(b, 0)
                out[a + b] = out.get(a + b, 0) - role.value * 1j * (a + b) * p * 1j * b * transform(abs(b)) * w
    return out


@pytest.mark.parametrize("role", Role)
def test_products_have_no_aliasing_error(role):
    """Full spectra, so that every product beyond the kept modes would fold back if it could."""
    rng = np.random.default_rng(1)
    for points in (16, 17, 18):
        grid = make_grid(1, points, TAU, periodic=True)
        most = (points - 1) // 3
        half = rng.normal(size=(2, most + 1)) + 1j * rng.normal(size=(2, most + 1))
        half[:, 0] = 3, 2
        series = [{m: (c[m] if m >= 0 else c[-m].conjugate()) for m in range(-most, most + 1)} for c in half]
        values = [sum(c * np.exp(1j * m * grid.axis) for m, c in each.items()).real for each in series]
        flow, state = spectral_flow(grid, parse("laplace"), role, Densities(*values))
        found = flow.rhs(0.0, state).view(np.complex128)[0, :, 0]
        expected = direct_rate(*series, lambda k: 2 / (1 + k * k), role)
        assert np.allclose(found, [expected[m] for m in range(most + 1)], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("both", [False, True])
def test_rates_in_higher_dimensions_equal_a_plain_evaluation(dim, both):
    """Low modes on a fine grid: nothing aliases, and complex transforms of the whole grid give the same rates."""
    grid = make_grid(dim, 14, 3.0, periodic=True)
    p, q = smooth(grid, 1), smooth(grid, 2)
    flow, state = spectral_flow(grid, parse("rbf(0.4)"), Role.DISCRIMINATOR, Densities(p, q), both)
    k = np.meshgrid(*[TAU / 3.0 * np.fft.fftfreq(14, 1 / 14)] * dim, indexing="ij")
    k2 = sum(each**2 for each in k)
    transform = (TAU**0.5 * 0.4) ** dim * np.exp(-0.08 * k2)
    potential = transform * np.fft.fftn(p - q)
    velocity = [np.fft.ifftn(1j * each * potential).real for each in k]

    def divergence(density):
        return sum(np.fft.ifftn(1j * each * np.fft.fftn(density * v)).real for each, v in zip(k, velocity, strict=True))

    rate = flow.rhs(0.0, state)
    modes = Modes(grid)
    found = modes.values(rate.view(np.complex128)[..., 0])
    expected = [-divergence(p) - divergence(q), -divergence(p) + divergence(q)] if both else [-divergence(p)]
    assert np.allclose(found, expected, rtol=0, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(Role), st.integers(1, 2), st.booleans())
def test_mass_energy_symmetries_and_rest(seed, role, dim, both):
    grid = make_grid(dim, 12, 3.0, periodic=True)
    p, q = smooth(grid, seed), smooth(grid, seed + 1)
    flow, state = spectral_flow(grid, parse("rbf(0.6)"), role, Densities(p, q), both)
    rate = flow.rhs(0.0, state)
    assert not rate[(slice(None), *(0,) * dim)].any()  # mass, to the last bit
    assert role.value * (flow.energy(state + 1e-6 * rate) - flow.energy(state)) >= -1e-15
    axes = tuple(range(dim))
    for change in (lambda u: np.roll(u, 5, axis=axes), lambda u: np.roll(np.flip(u, axis=axes), 1, axis=axes)):
        other, moved = spectral_flow(grid, parse("rbf(0.6)"), role, Densities(change(p), change(q)), both)
        turned = other.modes.values(other.rhs(0.0, moved).view(np.complex128)[..., 0])
        straight = flow.modes.values(rate.view(np.complex128)[..., 0])
        assert np.allclose(turned, np.array([change(each) for each in straight]), atol=1e-12)
    still, same = spectral_flow(grid, parse("rbf(0.6)"), role, Densities(p, p), both)
    assert np.abs(still.rhs(0.0, same)).max() < 1e-15


@pytest.mark.parametrize("role", Role)
@METHODS
def test_accuracy_is_spectral(role, integrator):
    """1-D coulomb flow on the circle, by characteristics: twice the points, the square of the error."""
    errors, time = [], 0.3
    solution = exact.coulomb_on_circle(role, 0.3, 1.0, time)
    for points in (16, 32, 64):
        grid = make_grid(1, points, TAU, periodic=True)
        flow, state = spectral_flow(grid, parse("coulomb"), role, Densities(1 + 0.3 * np.cos(grid.axis), np.ones(points)))
        result = integrate(flow, integrator, beginning(state), [time], 0.005)
        errors.append(np.abs(flow.densities(result.snapshot.state).p - solution(grid.axis)).max())
    assert errors[1] < 3 * errors[0] ** 1.8 and errors[2] < max(3 * errors[1] ** 1.8, 1e-10), errors


@METHODS
def test_order_four_in_time(integrator):
    grid = make_grid(2, 12, TAU, periodic=True)
    flow, start = spectral_flow(grid, parse("rbf(0.5)"), Role.GENERATOR, Densities(smooth(grid, 3), smooth(grid, 4)), True)
    ends = [integrate(flow, integrator, beginning(start), [0.5], 0.5 / n).snapshot.state for n in (16, 32, 64, 512)]
    errors = [np.abs(each - ends[-1]).max() for each in ends[:-1]]
    measured = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (np.abs(measured - 4) < 0.35).all(), (errors, measured)


def test_stiff_decay_limits_no_step_of_etdrk4():
    grid = make_grid(1, 256, TAU, periodic=True)
    start = Densities(1 + 0.1 * np.cos(grid.axis), np.ones(256))
    flow, state = spectral_flow(grid, parse("elastic"), Role.GENERATOR, start)  # rates to -pi 85
    coarse = integrate(flow, ExponentialRK4(), beginning(state), [1.0], 0.05).snapshot.state
    fine = integrate(flow, RungeKutta(RK4), beginning(state), [1.0], 0.001).snapshot.state
    assert np.abs(coarse - fine).max() < 1e-7


def test_coefficients_against_extended_precision():
    import mpmath

    with mpmath.workdps(60):
        for z in (-300.0, -1.0, -1e-3, 1e-8, 0.7, 9.0):
            x = mpmath.mpf(z)
            e = mpmath.exp(x)
            expected = (
                (mpmath.exp(x / 2) - 1) / x,
                (-4 - x + e * (4 - 3 * x + x**2)) / x**3,
                2 * (2 + x + e * (x - 2)) / x**3,
                (-4 - 3 * x - x**2 + e * (4 - x)) / x**3,
            )
            found = coefficients(np.array([z]), 1.0)[2:]
            for one, other in zip(found, expected, strict=True):
                assert one[0] == pytest.approx(float(other), rel=2e-13)


@METHODS
def test_diffusion_of_equal_densities_is_the_heat_equation(integrator):
    grid = make_grid(1, 16, TAU, periodic=True)
    p = 1 + 0.5 * np.cos(2 * grid.axis)
    flow, state = spectral_flow(grid, parse("rbf"), Role.GENERATOR, Densities(p, p), True, 0.3)
    found = flow.densities(integrate(flow, integrator, beginning(state), [1.0], 0.02).snapshot.state)
    for each in (found.p, found.q):
        assert np.allclose(each, 1 + 0.5 * np.exp(-0.3 * 4) * np.cos(2 * grid.axis), atol=1e-6)


def test_krasnys_filter_holds_rounding_down():
    """Discriminator under elastic: rates pi C k; without the filter the finest of 85 modes drown everything."""
    grid = make_grid(1, 256, TAU, periodic=True)
    start = Densities(1 + 1e-3 * np.cos(grid.axis), np.ones(256))
    flow, state = spectral_flow(grid, parse("elastic"), Role.DISCRIMINATOR, start)
    rng = np.random.default_rng(0)
    noisy = state + 1e-17 * rng.standard_normal(state.shape) * (flow.modes.squares > 1)[..., None]
    sizes = []
    for integrator in (ExponentialRK4(), Filtered(ExponentialRK4(), 1e-13)):
        end = integrate(flow, integrator, beginning(noisy), [0.12], 0.002).snapshot.state
        sizes.append(np.abs(end[0, 40:]).max())
    assert sizes[0] > 1e-9 and sizes[1] == 0
