"""Steps on a local cluster of two processes have the bits of steps in one process."""

import os
import signal

import numpy as np
import pytest

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.integrate import integrate
from wgflow.dynamics.integrators import EmbeddedRungeKutta, RungeKutta
from wgflow.dynamics.particles.cluster import ClusterRungeKutta, connected
from wgflow.dynamics.particles.particle_flow import particle_flow
from wgflow.dynamics.sums.nufft import Nufft
from wgflow.dynamics.sums.torus import Fourier
from wgflow.dynamics.tableau import BOGACKI_SHAMPINE, EULER, HEUN
from wgflow.kernels.text import parse

TORUS = Fourier(parse("rbf(0.5) - 0.1*rbf(0.2)"), 1, 2 * np.pi, 1e-6)
SPACE = Nufft(parse("rq"), 2, 1e-6)


@pytest.fixture(scope="module")
def client():
    with connected("local:2") as found:
        yield found


def flows():
    """A target at rest on the torus; both moving in the plane; a target in the state, at rest; no target; few particles."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20_000, 1)), rng.normal(size=(40_000, 1))
    p, q = rng.normal(size=(20_000, 2)), 0.5 + rng.normal(size=(20_000, 2))
    yield particle_flow(TORUS, Role.DISCRIMINATOR, x, y)
    yield particle_flow(SPACE, Role.GENERATOR, p, q, target_moves=True)
    yield particle_flow(SPACE, Role.GENERATOR, p, q, target_in_state=True)
    yield particle_flow(TORUS, Role.GENERATOR, x)
    yield particle_flow(SPACE, Role.GENERATOR, p[:7], q[:5])


@pytest.mark.parametrize("case", range(5))
def test_the_same_bits_as_one_process(client, case):
    flow, start = list(flows())[case]
    alone, together = RungeKutta(HEUN), ClusterRungeKutta(RungeKutta(HEUN), client)
    a = b = start
    for _ in range(2):
        a, b = alone.step(flow, 0.0, 0.1, a, {})[0], together.step(flow, 0.0, 0.1, b, {})[0]
    assert np.array_equal(a, b) and not np.array_equal(a, start)


def test_under_the_time_loop_from_any_state(client):
    """Another state than the last one returned is sent anew; so is the old one."""
    flow, start = next(flows())
    integrator = ClusterRungeKutta(RungeKutta(EULER), client)
    whole = integrate(flow, integrator, beginning(start), [0.0, 0.2], 0.1).snapshot
    half = integrate(flow, integrator, beginning(start), [0.0, 0.1], 0.1).snapshot
    again = integrate(flow, integrator, half, [0.2], 0.1).snapshot
    assert np.array_equal(whole.state, again.state)


def test_positions_that_are_not_finite_are_seen(client):
    flow, start = next(flows())
    broken = start.copy()
    broken[3] = np.nan
    assert np.isnan(ClusterRungeKutta(RungeKutta(HEUN), client).step(flow, 0.0, 0.1, broken, {})[0]).all()


def test_nothing_moves_where_all_are_at_one_place(client):
    flow, start = particle_flow(SPACE, Role.GENERATOR, np.ones((4, 2)), np.ones((3, 2)))
    assert np.array_equal(ClusterRungeKutta(RungeKutta(HEUN), client).step(flow, 0.0, 0.1, start, {})[0], start)


@pytest.mark.long
def test_lost_workers_are_replaced(client):
    """The client has the state: after both workers were killed the next step has the same bits."""
    flow, start = next(flows())
    integrator = ClusterRungeKutta(RungeKutta(EULER), client)
    state = integrator.step(flow, 0.0, 0.1, start, {})[0]
    for pid in client.run(os.getpid).values():
        os.kill(pid, signal.SIGKILL)
    found = integrator.step(flow, 0.0, 0.1, state, {})[0]
    assert np.array_equal(found, RungeKutta(EULER).step(flow, 0.0, 0.1, state, {})[0])


def test_refusals(client):
    with pytest.raises(InputError, match="--step"):
        ClusterRungeKutta(EmbeddedRungeKutta(BOGACKI_SHAMPINE), client)
    for address, words in (("local:0", "local:2"), ("local:two", "local:2"), ("nonsense://x", "local:2")):
        with pytest.raises(InputError, match=words), connected(address):
            pass


def test_a_cluster_is_not_the_default(client):
    """xarray writes files by Dask's default scheduler, which must not be one that will be gone."""
    import dask

    assert dask.config.get("scheduler", None) is None
