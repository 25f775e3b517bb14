"""The signs, species, noise and alternation of particle flows, against energies and pairs summed by hand."""

import numpy as np
import pytest
from plain_sums import cosines, gaussian, logarithm, parabola

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.integrate import integrate
from wgflow.dynamics.integrator_names import integrator as named
from wgflow.dynamics.particles.alternating import Cycle, alternating
from wgflow.dynamics.particles.noise import NoiseLevel, normals, with_noise
from wgflow.dynamics.particles.particle_flow import particle_flow


def cloud(seed, n=7, m=5, dim=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dim)), rng.normal(size=(m, dim)) + 0.5, rng.uniform(0.1, 1, n), rng.uniform(0.1, 1, m)


def test_the_generator_moves_toward_the_target_and_the_discriminator_away():
    for role, sign in ((Role.GENERATOR, 1), (Role.DISCRIMINATOR, -1)):
        flow, start = particle_flow(gaussian(), role, [0.0], [1.0])
        assert np.sign(flow.rhs(0.0, start)[0, 0]) == sign


@pytest.mark.parametrize("role", Role)
def test_velocities_are_sums_over_pairs(role):
    x, y, w, v = cloud(1)
    flow, start = particle_flow(gaussian(0.7), role, x, y, weights=w, target_weights=v)
    slope = gaussian(0.7).slope
    expected = [sum(w[j] * slope(a - x[j]) for j in range(7)) - sum(v[j] * slope(a - y[j]) for j in range(5)) for a in x]
    sign = {Role.GENERATOR: -1, Role.DISCRIMINATOR: 1}[role]  # MATH, section 4
    assert np.abs(flow.rhs(0.0, start) - sign * np.array(expected)).max() < 1e-14


@pytest.mark.parametrize("role", Role)
def test_both_species_follow_the_energy(role):
    """x_i' = role (1/w_i) dE/dx_i and y_j' = role (1/v_j) dE/dy_j, E = 1/2 sum over all pairs of signed weights."""
    x, y, w, v = cloud(2)
    flow, start = particle_flow(logarithm(), role, x, y, weights=w, target_weights=v, target_moves=True)
    signed = np.concatenate([w, -v])

    def energy(z):
        r = np.sqrt(((z[:, None] - z) ** 2).sum(axis=2)) + np.eye(len(z))
        return -0.5 * signed @ np.log(r) @ signed

    assert abs(flow.energy(start) - energy(start)) < 1e-14
    velocity = flow.rhs(0.0, start)
    for row in (0, 6, 7, 11):
        for axis in (0, 1):
            step = np.zeros_like(start)
            step[row, axis] = 1e-5
            derivative = (energy(start + step) - energy(start - step)) / 2e-5
            assert velocity[row, axis] == pytest.approx(role.value * derivative / abs(signed[row]), rel=1e-8, abs=1e-8)


def test_one_gradient_call_per_evaluation_and_a_state_that_stays():
    x, y, _, _ = cloud(3)
    sums = gaussian()
    flow, start = particle_flow(sums, Role.DISCRIMINATOR, x, y, target_moves=True)
    before = start.copy()
    flow.rhs(0.0, start)
    assert sums.calls == 1
    assert (start == before).all()


def test_a_target_at_rest_in_the_state_feels_no_velocity():
    x, y, _, _ = cloud(4)
    fixed, start = particle_flow(gaussian(), Role.GENERATOR, x, y)
    carried, both = particle_flow(gaussian(), Role.GENERATOR, x, y, target_in_state=True)
    velocity = carried.rhs(0.0, both)
    assert (velocity[7:] == 0).all()
    assert (velocity[:7] == fixed.rhs(0.0, start)).all()


def test_special_clouds_give_numbers():
    x, _, _, _ = cloud(5)
    same, start = particle_flow(gaussian(), Role.GENERATOR, x, x)
    assert np.abs(same.rhs(0.0, start)).max() < 1e-15  # p = q is an equilibrium
    single, one = particle_flow(logarithm(), Role.GENERATOR, [[0.0, 0.0]])
    assert (single.rhs(0.0, one) == 0).all()
    empty, state = particle_flow(gaussian(), Role.GENERATOR, x, np.zeros((0, 2)))
    assert np.isfinite(empty.rhs(0.0, state)).all()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (([[0.0, np.nan]],), {}, "NaN"),
        (([],), {}, "no particles"),
        (([[0.0, 1.0]], [[1.0]]), {}, "2 coordinates, the target 1"),
        (([0.0, 1.0],), {"weights": [1.0]}, "one weight each"),
        (([0.0, 1.0],), {"weights": [1.0, -1.0]}, "positive"),
        (([0.0],), {"target_moves": True}, "needs particles"),
        ((np.zeros((2, 2, 2)),), {}, "shape"),
    ],
)
def test_wrong_data_is_refused(data, options, words):
    with pytest.raises(InputError, match=words):
        particle_flow(gaussian(), Role.GENERATOR, *data, **options)


def test_a_state_of_another_size_is_refused():
    flow, _ = particle_flow(gaussian(), Role.GENERATOR, [0.0, 1.0])
    with pytest.raises(InputError, match=r"needs \(2, n\)"):
        flow.rhs(0.0, np.zeros((3, 1)))


def test_near_uniform_modes_have_the_linear_rate():
    """On the circle a mode of the discriminator grows at k^2 C F(e): MATH, section 1, with F(e)(m) = pi a_m, C = 1/(2 pi)."""
    count, mode, size = 64, 3, 1e-6
    grid = 2 * np.pi * np.arange(count) / count
    start = (grid + size * np.sin(mode * grid))[:, None]
    flow, state = particle_flow(cosines([mode], [0.4]), Role.DISCRIMINATOR, start)
    rate = flow.rhs(0.0, state)[:, 0] / (state[:, 0] - grid + 1e-300)
    assert np.median(rate) == pytest.approx(mode**2 * 0.4 / 2, rel=1e-5)


def test_noise_displaces_the_points_and_not_the_sources():
    x, y, _, _ = cloud(6)
    flow, start = particle_flow(gaussian(), Role.GENERATOR, x, y)
    noisy = with_noise(flow, NoiseLevel(0.3, decay=1.0), seed=11).drawn(5, 3.0, start)
    shift = 0.3 * (1 + 3.0) ** -0.5 * normals(11, 5, x.shape)
    slope = gaussian().slope
    expected = np.array([slope(y - a).mean(axis=0) - slope(x - a).mean(axis=0) for a in x + shift])  # slope is odd
    assert np.abs(noisy.rhs(3.0, start) + expected).max() < 1e-14


def test_noise_is_normal_and_new_at_each_step():
    draws = np.stack([normals(3, step, (500, 2)) for step in range(20)])
    assert abs(draws.mean()) < 4 / np.sqrt(draws.size)
    assert abs(draws.var() - 1) < 4 * np.sqrt(2 / draws.size)
    assert abs((draws[1:] * draws[:-1]).mean()) < 4 / np.sqrt(draws.size)
    with pytest.raises(InputError, match="seed -1"):
        with_noise(particle_flow(gaussian(), Role.GENERATOR, [0.0])[0], NoiseLevel(0.1), -1)
    with pytest.raises(InputError, match="noise level"):
        with_noise(particle_flow(gaussian(), Role.GENERATOR, [0.0])[0], NoiseLevel(-0.1), 1)


def test_noise_frees_particles_that_the_flow_leaves_in_place():
    """On the far side of the target's reach the gradient is nearly 0; displaced points feel it (Arbel et al. 2019, figure 1)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 1)) * 0.1 - 4, rng.normal(size=(40, 1)) * 0.1
    flow, start = particle_flow(gaussian(0.5), Role.GENERATOR, x, y)
    plain = integrate(flow, named("euler"), beginning(start), [40.0], 0.5)
    noisy = integrate(with_noise(flow, NoiseLevel(2.0), 1), named("euler"), beginning(start), [40.0], 0.5)
    assert noisy.snapshot.state.mean() > plain.snapshot.state.mean() + 1


def alternation(steps, rates, moving=False):
    x, y, _, _ = cloud(8)
    options = {"target_moves": True} if moving else {}
    d, start = particle_flow(gaussian(1.0), Role.DISCRIMINATOR, x, y, **options)
    g, _ = particle_flow(gaussian(0.6), Role.GENERATOR, x, y, target_in_state=moving)
    return alternating(d, g, steps, rates), start


@pytest.mark.parametrize("moving", [False, True])
def test_a_cycle_is_gradient_steps_in_order(moving):
    flow, start = alternation((3, 2), (0.1, 0.05), moving)
    run = integrate(flow, Cycle(), beginning(start), [4], 1.0)
    u = start
    for _ in range(4):
        for _ in range(3):
            u = u + 0.1 * flow.discriminator.rhs(0, u)
        for _ in range(2):
            u = u + 0.05 * flow.generator.rhs(0, u)
    assert run.snapshot.step == 4
    assert np.abs(run.snapshot.state - u).max() < 1e-14


def test_small_cycles_become_simultaneous_training():
    flow, start = alternation((3, 2), (0.1, 0.05))
    fine = integrate(flow, named("rk4"), beginning(start), [2], 0.05).snapshot.state
    errors = [np.abs(integrate(flow, Cycle(), beginning(start), [2], dt).snapshot.state - fine).max() for dt in (1 / 32, 1 / 64)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1, abs=0.1)


def test_the_noise_of_a_cycle_is_drawn_for_each_of_its_steps():
    x, y, _, _ = cloud(9)
    d, start = particle_flow(gaussian(), Role.DISCRIMINATOR, x, y)
    g, _ = particle_flow(gaussian(), Role.GENERATOR, x, y)
    flow = alternating(d, with_noise(g, NoiseLevel(0.2), 5), (1, 2), (0.1, 0.1))
    run = integrate(flow, Cycle(), beginning(start), [2], 1.0)
    u = start
    for number in (0, 3):
        u = u + 0.1 * d.rhs(0, u)
        for k in (1, 2):
            u = u + 0.1 * g.velocity(u, u + 0.2 * normals(5, number + k, u.shape))
    assert np.abs(run.snapshot.state - u).max() < 1e-14


def test_cycles_that_are_none_are_refused():
    flow, start = particle_flow(parabola(), Role.GENERATOR, [0.0])
    for steps, rates, words in (((0, 0), (1, 1), "cycle of 0"), ((1, -1), (1, 1), "cycle of 1"), ((1, 1), (1, np.nan), "rates")):
        with pytest.raises(InputError, match=words):
            alternating(flow, flow, steps, rates)
    with pytest.raises(InputError, match="alternation"):
        integrate(flow, Cycle(), beginning(start), [1], 1.0)
