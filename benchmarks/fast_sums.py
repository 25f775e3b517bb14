"""Fast sums of a kernel's gradient, two species: time, its growth with N, the error, and the ratio to direct sums.

    v_i = sum_j w_j grad e(x_i - s_j),    N points x, 2 N sources s = (x, y), weights 1/N and -1/N, all moving

For each kernel, dimension and method, at tolerances 1e-4, 1e-8, 1e-12 (sorted sums have none):

    set-up    seconds before the first sum: the choice of the modes, compilation or loading from a cache
    seconds   of one sum, the median of several; exponent: of their growth, t ~ N^exponent, from the two largest N
    error     at sample points against NumPy sums over all sources, as a multiple of the tolerance times the largest
              sum of absolute values (at most 1 is promised); for sorted sums as a fraction of that sum
    direct    seconds of wgflow's own direct sums (on so many rows, times N over these) divided by those of the fast ones

On a torus the truth is a sum over images. The last lines: one Euler step of 2 N particles in one process on one thread and on
a local Dask cluster of one and two processes, whose results must have the same bits.

    python benchmarks/fast_sums.py [--sizes 10000,100000,1000000] [--dims 1,2] [--repeat 3] [--cluster-size 1000000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import product
from math import log
from statistics import median

import numba
import numpy as np

import wgflow as wg
from wgflow.conventions import Role
from wgflow.dynamics.integrators import RungeKutta
from wgflow.dynamics.particles.particle_flow import particle_flow
from wgflow.dynamics.sums.nufft import Nufft
from wgflow.dynamics.sums.pairwise import Direct
from wgflow.dynamics.sums.sorted import Sorted
from wgflow.dynamics.sums.sum_method import SumMethod
from wgflow.dynamics.sums.torus import Fourier
from wgflow.dynamics.tableau import EULER

PERIOD = 6.0
SAMPLES = 10
DIRECT_ROWS = 2000
TOLERANCES = (1e-4, 1e-8, 1e-12)
# (1/r) de/dr, typed here once more: the truth must not be the library's own formula.
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rbf(1/2)": lambda q: -4 * np.exp(-2 * q),
    "imq": lambda q: -((1 + q) ** -1.5),
    "energy": lambda q: -1 / np.sqrt(np.where(q > 0, q, np.inf)),
    "laplace": lambda q: -np.exp(-np.sqrt(q)) / np.sqrt(np.where(q > 0, q, np.inf)),
}
Make = Callable[[str, int, float], SumMethod]
METHODS: dict[str, tuple[Make, tuple[str, ...], tuple[int, ...], tuple[float, ...]]] = {
    "nufft": (lambda kernel, n, tol: Nufft(wg.kernel(kernel), n, tol), ("rbf(1/2)", "imq"), (1, 2, 3), TOLERANCES),
    "fourier": (lambda kernel, n, tol: Fourier(wg.kernel(kernel), n, PERIOD, tol), ("rbf(1/2)",), (1, 2, 3), TOLERANCES),
    "sorted": (lambda kernel, n, tol: Sorted(wg.kernel(kernel), n), ("energy", "laplace"), (1,), (0.0,)),
}


def particles(n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count + n)
    s = np.concatenate((rng.normal(size=(count, n)), 0.5 + 1.2 * rng.normal(size=(count, n))))
    return s, np.repeat([1.0, -1.0], count) / count


def truth(kernel: str, points: np.ndarray, s: np.ndarray, w: np.ndarray, images: int) -> tuple[np.ndarray, float]:
    """Returns (gradients, the largest sum of absolute values) by NumPy, point by point."""
    n = points.shape[1]
    shifts = [PERIOD * np.array(each) for each in product(range(-images, images + 1), repeat=n)]
    found, size = np.zeros(points.shape), 0.0
    for i, x in enumerate(points):
        z = (x - s + PERIOD / 2) % PERIOD - PERIOD / 2 if images else x - s
        pull = sum(SLOPES[kernel](((z + shift) ** 2).sum(axis=1))[:, None] * (z + shift) for shift in shifts)
        found[i], size = w @ pull, max(size, float(np.abs(w) @ np.linalg.norm(pull, axis=1)))
    return found, size


def measured(sums: SumMethod, s: np.ndarray, w: np.ndarray, count: int, repeat: int) -> tuple[float, float, np.ndarray]:
    """Returns (seconds before the first sum, median seconds of one, the gradients at s)."""
    spent, last = [], s
    for i in range(repeat + 1):
        last = s * (1 - 1e-6 * (repeat - i))  # all move: no block is as it was; the last time they are at s
        start = time.perf_counter()
        found = sums.gradient(last[:count], last, w)
        spent.append(time.perf_counter() - start)
    return max(spent[0] - median(spent[1:]), 0.0), median(spent[1:]), found


def direct_seconds(kernel: str, n: int, s: np.ndarray, w: np.ndarray, count: int) -> float:
    sums, rows = Direct(wg.kernel(kernel), n), min(DIRECT_ROWS, count)
    sums.gradient(s[:rows], s, w)
    start = time.perf_counter()
    sums.gradient(s[:rows], s, w)
    return (time.perf_counter() - start) * count / rows


def exponent(seconds: list[float], sizes: list[int]) -> str:
    last = len(seconds) - 1
    return f"{log(seconds[last] / seconds[last - 1]) / log(sizes[last] / sizes[last - 1]):.2f}" if last else ""


def table(name: str, kernel: str, n: int, tolerance: float, sizes: list[int], repeat: int) -> bool:
    """Prints a line for each N; returns whether the tolerance was kept."""
    make, seconds, kept = METHODS[name][0], [], True
    for count in sizes:
        s, w = particles(n, count)
        sums = make(kernel, n, tolerance)
        setup, each, found = measured(sums, s, w, count, repeat)
        rows = np.linspace(0, count - 1, SAMPLES).astype(int)
        exact, size = truth(kernel, s[rows], s, w, 1 if name == "fourier" else 0)
        error = float(np.abs(found[rows] - exact).max()) / size / (tolerance or 1.0)
        seconds.append(each)
        kept &= error <= (1 if tolerance else 1e-12)
        grown = exponent(seconds, sizes)
        ratio = "" if name == "fourier" else f"{direct_seconds(kernel, n, s, w, count) / each:9.0f}"
        print(
            f"{name:8}{kernel:10}{n:2}{tolerance:9.0e}{count:10}{setup:9.2f}{each:10.4f}{grown:>9}{error:10.1e}{ratio:>9}",
            flush=True,
        )
    return kept


def cluster(count: int, repeat: int) -> bool:
    """Prints the seconds of a step alone and on one and two processes; returns whether the bits are the same."""
    from wgflow.dynamics.particles.cluster import ClusterRungeKutta, connected

    s, _ = particles(2, count)
    flow, start = particle_flow(
        Fourier(wg.kernel("rbf(1/8)"), 2, PERIOD, 1e-8), Role.GENERATOR, s[:count], s[count:], target_moves=True
    )

    def steps(integrator: RungeKutta) -> tuple[float, np.ndarray]:
        state, spent = start, []
        for _ in range(repeat + 1):
            begin = time.perf_counter()
            state = integrator.step(flow, 0.0, 0.1, state, {})[0]
            spent.append(time.perf_counter() - begin)
        return median(spent[1:]), state

    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    alone, expected = steps(RungeKutta(EULER))
    numba.set_num_threads(threads)
    print(f"\none Euler step, rbf(1/8), n = 2, 2 x {count} particles, tolerance 1e-8\none process, one thread {alone:7.2f} s")
    same = True
    for processes in (1, 2):
        with connected(f"local:{processes}") as client:
            each, found = steps(ClusterRungeKutta(RungeKutta(EULER), client))
        same &= np.array_equal(found, expected)
        print(f"Dask, {processes} processes        {each:7.2f} s, {alone / each:.2f} times as fast, same bits: {same}")
    return same


def main() -> int:
    parser = argparse.ArgumentParser(description="Fast sums: time, growth, error.")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--dims", default="1,2")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cluster-size", type=int, default=1_000_000, help="0 leaves the cluster out")
    options = parser.parse_args()
    sizes = [int(float(each)) for each in options.sizes.split(",")]
    print(f"{numba.get_num_threads()} threads")
    print("method  kernel     n      tol         N   set-up   seconds exponent     error  direct/")
    kept = True
    for n, name in product([int(each) for each in options.dims.split(",")], options.methods.split(",")):
        _, kernels, dims, tolerances = METHODS[name]
        if n in dims:
            for kernel, tolerance in product(kernels, tolerances):
                kept &= table(name, kernel, n, tolerance, sizes, options.repeat)
    same = cluster(options.cluster_size, options.repeat) if options.cluster_size else True
    print(f"\ntolerances kept: {kept}; cluster gives the same bits: {same}")
    return 0 if kept and same else 1


if __name__ == "__main__":
    raise SystemExit(main())
