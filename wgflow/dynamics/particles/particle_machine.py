"""How a particle run is carried out: threads, a cluster, checkpoints, progress. Nothing here changes a digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wgflow.arithmetic.number import integer
from wgflow.dynamics.integrators import Integrator
from wgflow.dynamics.keeper import Progress
from wgflow.record import record


@record
class Machine:
    """How a run is carried out: as `wgflow.simulate_particles` takes it."""

    threads: object
    cluster: str | None
    checkpoint_seconds: object
    progress: Progress | None


@contextmanager
def on_cluster(address: str | None) -> Iterator[Callable[[Integrator], Integrator]]:
    """Yields what makes an integrator run on the Dask cluster at ``address``; without one it stays as it is."""
    if address is None:
        yield lambda integrator: integrator
        return
    from wgflow.dynamics.particles.cluster import ClusterRungeKutta, connected  # late: Dask

    with connected(address) as client:
        yield lambda integrator: ClusterRungeKutta(integrator, client)


@contextmanager
def using_threads(count: object) -> Iterator[None]:
    """Runs the block with this many threads of the compiled sums; None leaves their number as it is."""
    if count is None:
        yield
        return
    import numba  # late: only runs need it

    most = numba.config.NUMBA_NUM_THREADS
    before = numba.get_num_threads()
    numba.set_num_threads(min(integer(count, "threads", 1, 4096), most))
    try:
        yield
    finally:
        numba.set_num_threads(before)
