"""Steps of a particle flow on many machines: particles stay on their workers, only Fourier coefficients travel (Dask).

The particles are cut into the same blocks as on one machine (`wgflow.dynamics.sums.lattice_sum`), each worker holds some of them,
and at every stage of a step sends the modes of its blocks, which are added in the order of the blocks and sent to all: the
result has the same bits as on one machine, whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import wgflow
from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Integrator, Memory, RungeKutta
from wgflow.dynamics.particles.particle_flow import ParticleFlow
from wgflow.dynamics.particles.scattered import Scattered, worker_version
from wgflow.dynamics.sums.lattice_sum import LatticeMethod
from wgflow.dynamics.sums.sum_method import Floats

PATIENCE = 10  # seconds to wait for a scheduler
ATTEMPTS = 3  # at a step, when workers are lost


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yields a Dask client of the scheduler at ``address``, or of a local cluster: ``local:2`` for two processes.

    It is not made Dask's default, on which xarray would then write files. Raises InputError where Dask is not installed,
    nothing answers, or the workers have no wgflow or another one.
    """
    try:
        import distributed  # late: an optional package
    except ImportError:
        raise InputError("--cluster needs Dask; type pip install 'wgflow[cluster]'.") from None
    with ExitStack() as stack:
        if address.startswith("local"):
            options = {"n_workers": _processes(address), "processes": True, "threads_per_worker": 1, "dashboard_address": None}
            cluster = stack.enter_context(distributed.LocalCluster(**options))
            client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        else:
            client = stack.enter_context(_client(distributed, address))
        _check_workers(client)
        yield client


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as problem:  # a timeout is an OSError
        raise InputError(
            f"no Dask scheduler answers at {shown(address)} ({type(problem).__name__}); "
            "start one with `dask scheduler`, or type --cluster local:2."
        ) from None


def _check_workers(client: Any) -> None:
    """Raises InputError where there is no worker, or one with another wgflow: their sums would differ."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
        versions = set(client.run(worker_version).values())
    except TimeoutError:
        raise InputError("the Dask scheduler has no workers; start some with `dask worker ADDRESS`.") from None
    except ImportError as problem:
        raise InputError(f"a Dask worker cannot load wgflow ({problem}); install wgflow there, too.") from None
    if versions != {worker_version()}:
        raise InputError(
            f"the workers have wgflow {', '.join(sorted(versions))}, this is {wgflow.__version__}; install the same."
        )


def _processes(address: str) -> int:
    count = address.removeprefix("local").removeprefix(":") or "2"
    if not (count.isascii() and count.isdigit() and 1 <= int(count) <= 1024):
        raise InputError(f"cluster {shown(address)} is not understood; type --cluster local:2, or tcp://host:8786.")
    return int(count)


def _losses() -> tuple[type[BaseException], ...]:
    """What Dask raises where particles went down with their worker."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    return CancelledError, KilledWorker


class ClusterRungeKutta(FixedSteps):
    """An explicit Runge-Kutta method whose stages are computed by Dask workers, for flows with sums over Fourier modes.

    Particles are sent to the workers once; each step returns a copy of the positions to the time loop, which watches them.
    Where the loop goes on from another state than the last one returned, the particles are sent again, and so they are
    after a worker was lost.
    """

    def __init__(self, integrator: Integrator, client: Any) -> None:
        if not isinstance(integrator, RungeKutta):
            raise InputError("a cluster takes explicit steps of given size; type --integrator rk4 --step 0.01, say.")
        self.inner, self.client = integrator, client
        self._scattered: Scattered | None = None
        self._returned: Floats | None = None

    @property
    def order(self) -> int:
        return self.inner.order

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        if not isinstance(flow, ParticleFlow) or not isinstance(flow.sums, LatticeMethod):
            raise InputError("a cluster sums over Fourier modes; type --method nufft (or fourier on a torus), without noise.")
        for attempt in range(ATTEMPTS):
            try:
                self._returned = self._held(flow, state).step(state, self.inner.tableau, dt)
                return self._returned, {}, None
            except _losses():
                self._scattered = None
                if attempt == ATTEMPTS - 1:
                    raise
                self.client.wait_for_workers(1, timeout=6 * PATIENCE)
        raise AssertionError("the last attempt returns or raises")

    def _held(self, flow: ParticleFlow, state: Floats) -> Scattered:
        """Returns the particles on the workers, sent again where they are not those of the state."""
        if self._scattered is None or self._scattered.flow is not flow or state is not self._returned:
            self._scattered = Scattered(self.client, flow, state)
        return self._scattered

    def describe(self) -> str:
        return f"{self.inner.describe()}, on {len(self.client.nthreads())} Dask workers"
